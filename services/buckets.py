"""A facility's history, drawn together: what a quantity came to in each stretch of time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from domain.naming import QUANTITIES
from domain.ports import Point
from domain.readings import Millis, Value

AT_MOST: Final = 2_000  # buckets of one answer


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
