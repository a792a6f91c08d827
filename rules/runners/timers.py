"""Every timer: devices that may fall silent, groups, facilities.

What runs out soon lies in a heap. A device's timer nearly always finds that it has spoken since, so it lies among those
of the same minute until that minute comes, is set anew there and then, and only what is left goes into the heap.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

from domain.readings import Millis
from rules.runners.records import Circle, Ear, Spot

Armed = Ear | Circle | Spot
_MINUTE: Final = 16  # bits of ms: about a minute


class Timers:
    """Each thing has at most one timer, `ready`; older entries are let lie, and dropped when they surface.

    At one moment it is first who falls silent, then the groups that this makes, then the facilities they hold back;
    within each the order of ids.
    """

    def __init__(self, surely_heard: Callable[[Ear], Millis]) -> None:
        """`surely_heard`: up to when a device certainly does not count as silent, cheaply."""
        self._surely_heard = surely_heard
        self._heap: list[tuple[Millis, int, int, Armed]] = []
        self._ears: dict[int, list[Ear]] = {}  # by the minute of their timers
        self._minutes: list[int] = []  # a heap of those
        self._come = -1  # the last minute that has come

    def arm(self, one: Armed, when: Millis | None) -> None:
        """Set its timer; None: it has none."""
        if when != one.ready:
            one.ready = when
            if when is not None:
                if isinstance(one, Ear):
                    self._put_by(one, when)
                else:
                    heappush(self._heap, (when, one.RANK, one.order, one))

    def first(self) -> tuple[Millis, Armed] | None:
        """The earliest timer, and whose it is; it stays set. Of a device it may be too early, and is never too late."""
        heap = self._heap
        while heap or self._minutes:
            if self._minutes and (not heap or self._minutes[0] <= heap[0][0] >> _MINUTE):
                self._look_through()
                continue
            ready, _, _, one = heap[0]
            if one.ready == ready:
                return ready, one
            heappop(heap)
        return None

    def pop(self, until: Millis) -> tuple[Millis, Armed] | None:
        """The earliest timer that has run out by `until`; it is no longer set."""
        while self._minutes and self._minutes[0] <= until >> _MINUTE:
            self._look_through()
        heap = self._heap
        while heap and heap[0][0] <= until:
            ready, _, _, one = heappop(heap)
            if one.ready == ready:
                one.ready = None
                return ready, one
        return None

    def _put_by(self, ear: Ear, when: Millis) -> None:
        minute = when >> _MINUTE
        if minute <= self._come:
            heappush(self._heap, (when, ear.RANK, ear.order, ear))
        elif (others := self._ears.get(minute)) is not None:
            others.append(ear)
        else:
            self._ears[minute] = [ear]
            heappush(self._minutes, minute)

    def _look_through(self) -> None:
        """The next minute that has timers of devices: who spoke since has a later one."""
        self._come = minute = heappop(self._minutes)
        surely_heard = self._surely_heard
        for ear in self._ears.pop(minute):
            ready = ear.ready
            if ready is None or ready >> _MINUTE != minute:
                continue
            if (later := surely_heard(ear)) > ready:
                ear.ready = later
                self._put_by(ear, later)
            else:
                heappush(self._heap, (ready, ear.RANK, ear.order, ear))
