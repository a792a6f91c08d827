"""Clocks that a make-believe coast can follow."""

from domain.ports import Clock
from domain.readings import Millis


class ScaledClock:
    """Runs `speed` times as fast as the wall clock from `start` on, never passes it, and keeps to it once there."""

    def __init__(self, wall: Clock, start: Millis, speed: float) -> None:
        self._wall, self._start, self._rate = wall, start, speed
        self._begun = wall.now()

    @property
    def caught_up(self) -> bool:
        """Whether it shows the present."""
        return self.now() >= self._wall.now()

    @property
    def speed(self) -> float:
        """How many times as fast as the wall's it runs now."""
        return 1.0 if self.caught_up else self._rate

    def now(self) -> Millis:
        """Where it stands."""
        wall = self._wall.now()
        return min(wall, self._start + round((wall - self._begun) * self._rate))
