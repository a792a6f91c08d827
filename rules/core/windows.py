"""Windows: what a condition may ask of the readings of some time, up to and including the one that is judged.

Over event time, from just after its beginning. Unknown where nothing was measured. Mean, median, min, max, sum, count
and last take all devices of the facility together; a flag is counted where it is true. Delta and rate go device by
device and are added up, because two counters at two doors have nothing to do with one another; a device of which there
are not two readings in the window says nothing of either.

Counters (`COUNTERS`) only ever grow. One that has become less was set back (a midnight, a new meter): it has counted
what it shows. But where it stood close to the end of its register and now shows little, it has rolled over.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean, median
from typing import Final

from domain.readings import Millis
from rules.core.state import Sample

COUNTERS: Final = frozenset(
    {"active_energy", "operating_hours", "people_since_clean", "vehicles_in", "vehicles_out", "people_in", "people_out"}
)
_REGISTERS: Final = (1e4, 2.0**16, 1e5, 1e6, 2.0**24, 1e7, 1e8, 2.0**32)
_NEAR: Final = 0.05  # of its register: so close to the end before, and to the beginning after
_HOUR: Final = 3_600_000

_TOGETHER: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "mean": fmean,
    "median": median,
    "min": min,
    "max": max,
    "sum": sum,
    "last": lambda values: values[-1],
}


def aggregate(function: str, quantity: str, samples: Sequence[Sample], after: Millis, until: Millis) -> float | None:
    """What a window comes to. `samples` are in order of (at, device)."""
    within = [s for s in samples if after < s.at <= until and quantity in s.values]
    if function == "count":
        return float(sum(1 for s in within if s.values[quantity] is not False)) if within else None
    if function in ("delta", "rate"):
        return _grown(function, quantity, within)
    values = [value for s in within if isinstance(value := s.values[quantity], float)]
    return _TOGETHER[function](values) if values else None


def _grown(function: str, quantity: str, within: Sequence[Sample]) -> float | None:
    said: dict[str, list[tuple[Millis, float]]] = {}
    for sample in within:
        if isinstance(value := sample.values[quantity], float):
            said.setdefault(sample.device, []).append((sample.at, value))
    found = [_of_one(function, quantity in COUNTERS, one) for one in said.values() if len(one) > 1]
    return sum(found) if found else None


def _of_one(function: str, counts: bool, said: Sequence[tuple[Millis, float]]) -> float:  # noqa: FBT001
    (first, before), (last, now) = said[0], said[-1]
    grown = sum(counted(a, b) for (_, a), (_, b) in pairwise(said)) if counts else now - before
    return grown if function == "delta" else grown * _HOUR / (last - first)


def counted(before: float, now: float) -> float:
    """What a counter has counted between two readings."""
    if now >= before:
        return now - before
    for register in _REGISTERS:
        if before < register and before >= register * (1 - _NEAR) and now <= register * _NEAR:
            return register - before + now
    return now
