"""The machine's clock. Handed in by whoever starts a program; nothing else reads the time of day."""

import time

from domain.readings import Millis


class WallClock:
    """The time of day."""

    def now(self) -> Millis:
        """Now, ms."""
        return time.time_ns() // 1_000_000
