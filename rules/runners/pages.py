"""What is quiet, in pages: when each device was last heard, and what windows may reach back to.

Every reading changes this much and no more, so it is not written down at each commit, but page by page within a bound.
How far each page goes is said with it; what came after is in the journal, and is heard again after a start. Hearing
again needs nothing but the reading: no rule, no clock, no state of anything else.
"""

from collections import deque
from itertools import islice
from typing import Any, Final
from zlib import crc32

import msgspec

from domain.readings import Millis, Quality, Reading, Value
from rules.core.step import UNFIT
from rules.runners.recent import Recent, Said
from rules.runners.records import Ear, Page, Spot

PAGES: Final = 256  # of a site; a facility keeps its page for as long as this is so
LAG: Final = 200_000  # readings that may wait to be written: some two seconds of work to hear them again
LAG_MS: Final = 60_000
_PREFIX: Final = "page:"
_EVER: Final[Millis] = -(1 << 62)
_BACKFILL: Final = int(Quality.BACKFILL)


_encode: Final = msgspec.json.Encoder().encode


class SavedPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Some facilities, up to and with a row of the journal."""

    row: int
    heard: dict[str, Millis]  # by device
    recent: dict[str, list[tuple[Millis, str, dict[str, Value]]]] = {}  # as pages were written once
    said: dict[str, tuple[dict[str, Value], dict[str, Value]]] = {}  # as pages were written once
    windows: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {}  # by facility: what is kept, and `Recent`
    # what rules compare, and by device what was said of it: before, and the last time
    compared: list[tuple[tuple[str, ...], dict[str, tuple[list[Value | None], list[Value | None]]]]] = []


class _Page(msgspec.Struct, frozen=True, gc=False):
    """A SavedPage, as it is in memory."""

    row: int
    heard: dict[str, Millis]
    windows: dict[str, tuple[tuple[str, ...], list[Recent]]]
    compared: list[tuple[tuple[str, ...], dict[str, tuple[Said, Said]]]]


class Pages:
    """The pages of a site, and which of them wait to be written, the longest waiting first."""

    def __init__(self, spots: tuple[Spot, ...]) -> None:
        self._pages: dict[str, Page] = {}
        for spot in spots:
            key = f"{_PREFIX}{crc32(spot.facility.id.encode()) % PAGES}"
            spot.page = self._pages.setdefault(key, Page(key))
            spot.page.spots.append(spot)
        self.waiting: deque[Page] = deque()  # whoever soils a page appends it
        self._known = 0  # of those waiting: seen at the last drain
        self._row = self.needed_after = 0
        self._drained = self.heard = 0  # readings, then and now
        self._drained_at = _EVER

    def drain(self, row: int, at: Millis) -> dict[str, bytes]:
        """The pages to write now, as they are after `row`, in which time has come to `at`: of those that wait about as
        many as the bounds are used up by what came since the last time, and all that would pass a bound.
        """
        for page in islice(self.waiting, self._known, None):
            page.since, page.counted, page.soiled_at = self._row, self._drained, self._drained_at
        spent = max((self.heard - self._drained) / LAG, (at - self._drained_at) / LAG_MS)
        share = -int(-len(self.waiting) * min(spent, 1.0) // 1)
        rows: dict[str, bytes] = {}
        while self.waiting and (len(rows) < share or self._overdue(self.waiting[0], at)):
            page = self.waiting.popleft()
            page.dirty, page.row = False, row
            rows[page.key] = _row_of(page)
        self._known, self._row, self._drained, self._drained_at = len(self.waiting), row, self.heard, at
        self.needed_after = self.waiting[0].since if self.waiting else row
        return rows

    def drain_all(self) -> dict[str, bytes]:
        """Every page that waits, as it is now, wherever that may be."""
        rows = {page.key: _row_of(page) for page in self.waiting}
        for page in self.waiting:
            page.dirty = False
        self.waiting.clear()
        self._known = 0
        return rows

    def load(  # noqa: C901  one page of one shape, and what pages were once
        self, rows: dict[str, bytes], after: int, ears: dict[str, Ear], spots: dict[str, Spot]
    ) -> None:
        """Take up what was written; it lacks nothing of the rows up to `after`. What is no more is let go."""
        self.needed_after = self._row = after
        for key, text in rows.items():
            if not key.startswith(_PREFIX):
                continue
            saved = msgspec.json.decode(text, type=SavedPage)
            if key in self._pages:
                self._pages[key].row = saved.row
            for device, heard in saved.heard.items():
                if device in ears:
                    ears[device].heard = max(ears[device].heard, heard)
            for device, (before, said) in saved.said.items():
                if (ear := ears.get(device)) is not None:
                    pick = ear.spot.fusion.pick
                    ear.before, ear.said = pick(before.get), pick(said.get)
            for names, told in saved.compared:
                for device, both in told.items():
                    if (ear := ears.get(device)) is not None:
                        pick = ear.spot.fusion.pick
                        ear.before, ear.said = (pick(dict(zip(names, one, strict=False)).get) for one in both)
            for facility, (names, recent) in saved.windows.items():
                if facility in spots and (windowed := spots[facility].fusion.windowed):
                    spots[facility].recent = [_again(one, names, windowed) for one in recent]
            for facility, old in saved.recent.items():
                if facility in spots and (windowed := spots[facility].fusion.windowed):
                    spots[facility].recent = [(at, device, *map(values.get, windowed)) for at, device, values in old]

    def hear_again(self, row: int, reading: Reading, ear: Ear) -> None:
        """What `Live.hear` does to a page, for a row that was judged before."""
        spot, when = ear.spot, reading.at
        if row <= spot.page.row:
            return
        if reading.quality & UNFIT:
            if reading.quality & _BACKFILL or when <= ear.heard:
                return
            ear.heard = when
        else:
            spot.keep(reading)
            if when >= ear.heard:
                ear.hear(when, spot.fusion.pick(reading.values.get))
        self.soil(spot.page)

    def soil(self, page: Page) -> None:
        """It is not as it was written."""
        if not page.dirty:
            page.dirty = True
            self.waiting.append(page)

    def _overdue(self, page: Page, at: Millis) -> bool:
        return self.heard - page.counted >= LAG or at - page.soiled_at >= LAG_MS


def _again(one: tuple[Any, ...], names: tuple[str, ...], windowed: tuple[str, ...]) -> tuple[Any, ...]:
    """What was kept of a reading, by the quantities that are wanted of it now."""
    at, device, *values = one
    return (at, device, *map(dict(zip(names, values, strict=False)).get, windowed))


def _row_of(page: Page) -> bytes:
    heard: dict[str, Millis] = {}
    compared: dict[tuple[str, ...], dict[str, tuple[Said, Said]]] = {}
    windows: dict[str, tuple[tuple[str, ...], list[Recent]]] = {}
    for spot in page.spots:
        fusion = spot.fusion
        if recent := spot.recent:
            windows[spot.facility.id] = fusion.windowed, recent
        for ear in spot.ears:
            if (when := ear.heard) >= 0:
                heard[ear.id] = when
            if (said := ear.said) is not fusion.unsaid:
                compared.setdefault(fusion.compared, {})[ear.id] = ear.before, said
    return _encode(_Page(page.row, heard, windows, list(compared.items())))
