"""What was heard lately: first receive times of the last minute, and keys that came before."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from domain.readings import Millis

WINDOW: Final = 60_000  # ms in which the same bytes on the same topic are the same reading


class FirstHeard:
    """When the same bytes were first heard on the same topic in the last 60 s: the event time of what sends none.

    Depends on nothing older than 60 s, so reading a minute of journal again restores it.
    """

    def __init__(self) -> None:
        self._times: dict[bytes, deque[Millis]] = {}
        self._sweep_at = 1024

    def first(self, key: bytes, received: Millis) -> Millis:
        """The earliest receive time of this message within the last 60 s, its own included."""
        times = self._times.get(key)
        if times is None:
            if len(self._times) >= self._sweep_at:
                self._sweep(received - WINDOW)
            times = self._times[key] = deque()
        while times and times[0] < received - WINDOW:
            times.popleft()
        if not times or times[-1] < received:
            times.append(received)
        return times[0]

    def _sweep(self, before: Millis) -> None:
        self._times = {key: times for key, times in self._times.items() if times[-1] >= before}
        self._sweep_at = max(1024, 2 * len(self._times))


class SeenKeys:
    """Counts messages whose key came before, among at least the last `remember` different ones."""

    def __init__(self, remember: int) -> None:
        self._remember = remember
        self._newer: set[bytes] = set()
        self._older: set[bytes] = set()
        self.again = 0

    def add(self, keys: Sequence[bytes]) -> None:
        """Hear some."""
        different = set(keys)
        fresh = different - self._newer - self._older
        self.again += len(keys) - len(fresh)
        self._newer |= fresh
        if len(self._newer) >= self._remember:
            self._older, self._newer = self._newer, set()
