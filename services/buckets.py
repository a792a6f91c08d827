"""A facility's history, drawn together: what a quantity came to in each stretch of time."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from domain.naming import QUANTITIES
from domain.ports import Point
from domain.readings import Millis, Value
from domain.series import DAY, ROLLUPS

AT_MOST: Final = 2_000  # buckets of one answer
READINGS: Final = "readings"  # what buckets are drawn from, where it is no roll-up
ROLLED_FROM: Final = 2 * DAY  # a shorter span is counted from its readings
_FITTING: Final = tuple(sorted((r.width, r.name) for r in ROLLUPS.values() if r.width < DAY))[::-1]


class Bucketed(NamedTuple):
    """What a quantity came to in the stretch that begins at `at`. Mean, least and most are of numbers alone; `last` is
    of the newest event time.
    """

    at: Millis
    many: int
    last: Value
    mean: float | None = None
    least: float | None = None
    most: float | None = None


def aligned(since: Millis, until: Millis, width: Millis) -> Millis:
    """Where a long span begins, so that a roll-up's windows fill its buckets: at `since` or a little before."""
    if until - since > ROLLED_FROM:
        for window, _ in _FITTING:
            if width % window == 0:
                return since // window * window
    return since


def source_of(since: Millis, until: Millis, width: Millis) -> str:
    """The coarsest roll-up whose windows fill the buckets of a long span, `READINGS` where there is none."""
    if until - since > ROLLED_FROM:
        for window, name in _FITTING:
            if width % window == 0 and since % window == 0:
                return name
    return READINGS


def joined(parts: Iterable[tuple[str, Bucketed]], since: Millis, width: Millis) -> Mapping[str, Sequence[Bucketed]]:
    """The buckets of each quantity, from what shorter stretches that overlap nowhere came to, in order of time."""
    gathered: dict[str, dict[Millis, list[Bucketed]]] = {}
    for name, part in parts:
        at = since + (part.at - since) // width * width
        gathered.setdefault(name, {}).setdefault(at, []).append(part)
    return {name: [_of_parts(at, ones) for at, ones in sorted(of.items())] for name, of in sorted(gathered.items())}


def _of_parts(at: Millis, parts: Sequence[Bucketed]) -> Bucketed:
    many, last = sum(part.many for part in parts), parts[-1].last
    if parts[0].mean is None:
        return Bucketed(at, many, last)
    mean = math.fsum((part.mean or 0.0) * part.many for part in parts) / many
    return Bucketed(
        at, many, last, mean, min(part.least or 0.0 for part in parts), max(part.most or 0.0 for part in parts)
    )


def bucketed(points: Iterable[Point], since: Millis, until: Millis, width: Millis) -> Mapping[str, Sequence[Bucketed]]:
    """The buckets of points in the order of their times: what every store's own way of counting must come to."""
    gathered: dict[str, dict[Millis, list[Value]]] = {}
    for point in sorted(points, key=lambda one: (one.at, one.device)):
        if since <= point.at < until:
            at = since + (point.at - since) // width * width
            for name, value in point.values.items():
                gathered.setdefault(name, {}).setdefault(at, []).append(value)
    return {name: [_one(name, at, values) for at, values in found.items()] for name, found in sorted(gathered.items())}


def _one(name: str, at: Millis, values: Sequence[Value]) -> Bucketed:
    if QUANTITIES[name].type != "float":
        return Bucketed(at, len(values), values[-1])
    numbers = [float(value) for value in values]
    return Bucketed(at, len(numbers), numbers[-1], sum(numbers) / len(numbers), min(numbers), max(numbers))
