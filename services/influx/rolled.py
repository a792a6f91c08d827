"""A roll-up point, and the drawing together of several: means weighed by their counts."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.naming import QUANTITIES
from domain.readings import Millis, Value
from domain.series import COUNT, LAST, MAX, MEAN, MIN, QUALITY, READINGS, zoned


class Whose(NamedTuple):
    """Whose series a point belongs to: the measurement, and the tags but the site."""

    kind: str
    zone: str
    facility: str
    device: str


class Rolled(NamedTuple):
    """What one device's readings came to in the window that begins at `at`; the fields are those of `domain.series`."""

    whose: Whose
    at: Millis
    fields: Mapping[str, Value | int]


def merged(parts: Iterable[Rolled], at: Millis) -> list[Rolled]:
    """The points of one window, from those of the finer windows that fill it; one for each series, sorted."""
    found: dict[Whose, list[Rolled]] = {}
    for part in parts:
        found.setdefault(part.whose, []).append(part)
    return [_one(whose, at, sorted(ones, key=lambda one: one.at)) for whose, ones in sorted(found.items())]


def of_zones(points: Iterable[Rolled], at: Millis) -> list[Rolled]:
    """What the facilities of each kind came to together in each zone, of the points of one window."""
    theirs = (one._replace(whose=Whose(zoned(one.whose.kind), one.whose.zone, "", "")) for one in points)
    return [
        one._replace(fields={name: value for name, value in one.fields.items() if not name.endswith(f"_{LAST}")})
        for one in merged(theirs, at)
    ]


def _one(whose: Whose, at: Millis, parts: list[Rolled]) -> Rolled:
    fields: dict[str, Value | int] = {
        READINGS: sum(int(part.fields[READINGS]) for part in parts),
        QUALITY: max(int(part.fields[QUALITY]) for part in parts),
    }
    for name in sorted({field.removesuffix(f"_{COUNT}") for part in parts for field in part.fields} & set(QUANTITIES)):
        _draw(name, [part.fields for part in parts if f"{name}_{COUNT}" in part.fields], fields)
    return Rolled(whose, at, dict(sorted(fields.items())))


def _draw(name: str, parts: list[Mapping[str, Value | int]], into: dict[str, Value | int]) -> None:
    """One quantity of one series, from parts in the order of their times."""
    counts = [int(part[f"{name}_{COUNT}"]) for part in parts]
    into[f"{name}_{COUNT}"] = sum(counts)
    into[f"{name}_{LAST}"] = parts[-1][f"{name}_{LAST}"]
    sort = QUANTITIES[name].type
    if sort in ("float", "bool"):
        weighed = (float(part[f"{name}_{MEAN}"]) * count for part, count in zip(parts, counts, strict=True))
        into[f"{name}_{MEAN}"] = math.fsum(weighed) / sum(counts)
    if sort == "float":
        into[f"{name}_{MIN}"] = min(float(part[f"{name}_{MIN}"]) for part in parts)
        into[f"{name}_{MAX}"] = max(float(part[f"{name}_{MAX}"]) for part in parts)
