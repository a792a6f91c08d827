"""One heap for every timer: devices that may fall silent, groups, facilities."""

from heapq import heappop, heappush

from domain.readings import Millis
from rules.runners.records import Circle, Ear, Spot

Armed = Ear | Circle | Spot


class Timers:
    """Each thing has at most one timer, `ready`; older entries of the heap are let lie, and dropped when they surface.

    At one moment it is first who falls silent, then the groups that this makes, then the facilities they hold back;
    within each the order of ids.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[Millis, int, int, Armed]] = []

    def arm(self, one: Armed, when: Millis | None) -> None:
        """Set its timer; None: it has none."""
        if when != one.ready:
            one.ready = when
            if when is not None:
                heappush(self._heap, (when, one.RANK, one.order, one))

    def first(self) -> tuple[Millis, Armed] | None:
        """The earliest timer, and whose it is; it stays set."""
        heap = self._heap
        while heap:
            ready, _, _, one = heap[0]
            if one.ready == ready:
                return ready, one
            heappop(heap)
        return None

    def pop(self, until: Millis) -> tuple[Millis, Armed] | None:
        """The earliest timer that has run out by `until`; it is no longer set."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            ready, _, _, one = heappop(heap)
            if one.ready == ready:
                one.ready = None
                return ready, one
        return None
