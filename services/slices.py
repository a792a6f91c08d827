"""Going through a long time in stretches that each hold about as many points as can be had at once."""

from collections.abc import Sequence
from typing import Final, Protocol

from domain.naming import Kind
from domain.ports import Point
from domain.readings import Millis

_FIRST: Final[Millis] = 5 * 60_000
_SHORTEST: Final[Millis] = 1_000
_LONGEST: Final[Millis] = 1_000 * 86_400_000


class Slices:
    """Stretches of since ≤ t < until, one after the other. Say after each how many points it `held`."""

    def __init__(self, since: Millis, until: Millis, aim: int) -> None:
        self._at, self._until, self._aim = since, until, aim
        self._width = _FIRST

    def take(self) -> tuple[Millis, Millis] | None:
        """The next stretch; None at the end."""
        if self._at >= self._until:
            return None
        since, self._at = self._at, min(self._at + self._width, self._until)
        return since, self._at

    def held(self, points: int) -> None:
        """How many the last one had: the next is as wide as it should be, at most four times as wide."""
        fits = self._width * self._aim // points if points else self._width * 4
        self._width = max(_SHORTEST, min(fits, self._width * 4, _LONGEST))


class Points(Protocol):
    """What gives the points of one kind: part of `domain.ports.ReadingHistory`."""

    async def points(self, kind: str, since: Millis, until: Millis) -> Sequence[Point]:
        """All points of a kind with since ≤ at < until."""
        ...


async def in_order(history: Points, since: Millis, until: Millis) -> list[Point]:
    """The points of all kinds with since ≤ at < until, by time, then kind, then device."""
    found: list[Point] = []
    for kind in Kind:
        found += sorted(await history.points(kind, since, until), key=lambda point: (point.at, point.device))
    found.sort(key=lambda point: point.at)
    return found
