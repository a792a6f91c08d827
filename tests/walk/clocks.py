"""One scaled clock for several processes: domain time that began at the same moment for all of them."""

from domain.ports import Clock
from domain.readings import Millis


class SharedClock:
    """At the wall's `anchor` it stood at `start`; since then it runs `speed` times as fast, but never past the wall."""

    def __init__(self, wall: Clock, start: Millis, anchor: Millis, speed: float) -> None:
        self._wall, self._start, self._anchor, self._speed = wall, start, anchor, speed

    def now(self) -> Millis:
        wall = self._wall.now()
        return min(wall, self._start + round((wall - self._anchor) * self._speed))


def shared_clock(told: str, wall: Clock) -> SharedClock:
    """From a command line: START,ANCHOR,SPEED, the first two in ms."""
    start, anchor, speed = told.split(",")
    return SharedClock(wall, int(start), int(anchor), float(speed))
