"""The roll-up job: draws closed windows together, in order, and draws those again that late readings touched.

It may be killed anywhere. What is durable is how far each level has come and which windows are to be drawn again;
both move after the points are written, and writing a point again changes nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

from domain.ports import Clock
from domain.readings import Millis, Reading
from domain.series import DAY, HOUR, ROLLUPS, ZONED
from services.influx.rolled import Rolled, merged, of_zones
from services.influx.windows import ABOVE, LEVELS, Windows
from services.patience import Patience

_log = logging.getLogger(__name__)

SETTLES_MS: Final = 30_000  # most readings of a window are there so long after its end; later ones draw it again
LOOK_S: Final = 10.0
AFTER_FAULT_S: Final = 60.0
POINTS_AT_ONCE: Final = 20_000  # about that many of the finest level are drawn in one beat
_FINEST: Final = LEVELS[0]
_EVER: Final = 1 << 62


class Late(NamedTuple):
    """A window to be drawn again, of one kind ("": of all). `number` grows when it is noted again."""

    begin: Millis
    kind: str
    number: int


class Notes(Protocol):
    """What the job must not forget. Durable when a call returns. Blocking. Raises UnavailableError."""

    def reached(self, level: str) -> Millis | None:
        """Up to where a level is drawn; None where it never began."""
        ...

    def reach(self, level: str, until: Millis) -> None:
        """It is drawn up to there."""
        ...

    def note(self, level: str, windows: Iterable[tuple[Millis, str]]) -> None:
        """Windows (begin, kind) are to be drawn again."""
        ...

    def late(self, level: str, most: int) -> Sequence[Late]:
        """The earliest of them."""
        ...

    def settle(self, level: str, drawn: Sequence[Late], above: Iterable[tuple[Millis, str]]) -> None:
        """These are drawn, unless they were noted again since; note those of the level above. All or nothing."""
        ...

    def waiting(self) -> int:
        """How many windows are to be drawn again, of all levels."""
        ...


class Points(Protocol):
    """Where readings and roll-ups lie. Raises UnavailableError."""

    async def first(self, level: str, since: Millis) -> Millis | None:
        """Time of the first point at or after `since`, of a level or ("") of the readings; None where there is none."""
        ...

    async def drawn(self, width: Millis, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        """The readings of since ≤ at < until, drawn together in windows of `width` that begin at `since`."""
        ...

    async def rolled(self, level: str, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        """The points of a level in since ≤ at < until."""
        ...

    async def write(self, level: str, points: Sequence[Rolled]) -> None:
        """Durable when it returns; writing a point again leaves one."""
        ...


class RollUps:
    """The job. One a site may run, beside the writer of its readings: `wrote` must hear what that writes."""

    def __init__(
        self,
        points: Points,
        notes: Notes,
        clock: Clock,
        timezone: str,
        *,
        devices: int,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`devices`: how many there are, about; so much more is there to draw in a window."""
        self._points, self._notes, self._clock = points, notes, clock
        self._windows, self._pause = Windows(timezone), pause
        self._at_once = max(1, min(12, POINTS_AT_ONCE // max(1, devices)))
        self._begun: Millis = _EVER  # readings before it may be missing from what is drawn, or being drawn
        self._patience = Patience(_log, "roll-ups wait for InfluxDB", "roll-ups go on", pause=pause)

    @property
    def waiting_for(self) -> str:
        """Why it stands still; "" where it does not."""
        return self._patience.waiting_for

    async def run(self) -> None:
        """For ever; cancel it to end. Works no more than half of the time. A fault of ours is said, and ends nobody."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                more = await self._patience.until_available(self.beat)
            except Exception:  # noqa: BLE001  # they can be made again; readings and orders must not end over them
                _log.exception("roll-ups have failed, and are tried again")
                await self._pause(AFTER_FAULT_S)
                continue
            await self._pause(max(0.05, loop.time() - began) if more else LOOK_S)

    async def wrote(self, readings: Sequence[Reading]) -> None:
        """Readings lie in their store now. Those of windows that were drawn before are noted, durably. Raises
        UnavailableError: then tell it again before they count as written.
        """
        begun, width = self._begun, ROLLUPS[_FINEST].width
        windows = {(at - at % width, kind) for _, _, kind, _, at, _, _, _, _ in readings if at < begun}
        if windows:
            await asyncio.to_thread(self._notes.note, _FINEST, sorted((begin, str(kind)) for begin, kind in windows))

    async def beat(self, until: Millis = _EVER) -> bool:
        """Draw a bounded piece of what there is to draw before `until`; False where there was nothing. Raises
        UnavailableError.
        """
        if not await self._begin():
            return False
        return await self._forward(min(until, self._clock.now() - SETTLES_MS)) or await self._again()

    async def begin_at(self, since: Millis) -> None:
        """Where it has never begun, begin there, whatever lies before."""
        if await asyncio.to_thread(self._notes.reached, _FINEST) is None:
            await self._begin_levels(since)

    async def again(self, since: Millis, until: Millis) -> None:
        """Draw everything between these times again."""
        windows = [(at, "") for at in self._windows.within(_FINEST, since, until)]
        await asyncio.to_thread(self._notes.note, _FINEST, windows)

    async def finest(self, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        """The points of the finest level. Raises UnavailableError."""
        return await self._points.rolled(_FINEST, since, until, kinds)

    async def behind(self) -> tuple[Millis, int]:
        """Up to where the finest level is drawn (0: not begun), and how many windows are to be drawn again."""
        reached = await asyncio.to_thread(self._notes.reached, _FINEST)
        return reached or 0, await asyncio.to_thread(self._notes.waiting)

    async def missing(self, until: Millis) -> Millis:
        """How much time of windows that are over by then is still to be drawn, of all levels together; 0 where it has
        not begun.
        """
        found = 0
        for level in LEVELS:
            reached = await asyncio.to_thread(self._notes.reached, level)
            if reached is not None:
                found += max(0, self._windows.begin(level, until) - reached)
        return found

    async def _begin(self) -> bool:
        reached = await asyncio.to_thread(self._notes.reached, _FINEST)
        if reached is None:
            first = await self._points.first("", -_EVER)  # what comes before it from now on is noted: `_begun`
            if first is None:
                return False
            await self._begin_levels(first)
            return True
        if self._begun == _EVER:
            self._begun = reached
        return True

    async def _begin_levels(self, first: Millis) -> None:
        """The coarsest first: the finest says that all have begun."""
        for level in reversed(LEVELS):
            await asyncio.to_thread(self._notes.reach, level, self._windows.begin(level, first))
        self._begun = self._windows.begin(_FINEST, first)

    async def _forward(self, closed: Millis) -> bool:
        """Draw the next windows that are over, of the first level that has some."""
        for level in LEVELS:
            reached = await asyncio.to_thread(self._notes.reached, level)
            assert reached is not None  # noqa: S101  # all have begun
            begins = list(self._closed(level, reached, closed))
            if begins:
                until = self._windows.end(level, begins[-1])
                if level == _FINEST:
                    self._begun = max(self._begun, until)  # before anything is asked: what comes now is late
                if not await self._draw(level, begins, ()):
                    until = await self._skipped(level, until, closed)
                await asyncio.to_thread(self._notes.reach, level, until)
                return True
            closed = reached  # a level follows the one before it
        return False

    def _closed(self, level: str, begin: Millis, closed: Millis) -> Iterable[Millis]:
        for _ in range(self._at_once if level == _FINEST else 1):
            end = self._windows.end(level, begin)
            if end > closed:
                return
            yield begin
            begin = end

    async def _skipped(self, level: str, until: Millis, closed: Millis) -> Millis:
        """Nothing was there: go on where there is something, or at the newest window that is over."""
        there = await self._points.first(self._windows.below(level, until), until)
        onward = self._windows.begin(level, closed if there is None else min(there, closed))
        if onward > until and level == _FINEST:
            self._begun = max(self._begun, onward)
            there = await self._points.first("", until)  # what came while nobody noted it
            onward = self._windows.begin(level, closed if there is None else min(there, closed))
        return max(until, onward)

    async def _again(self) -> bool:
        """Draw some windows again that were noted, of the first level that has some."""
        for level in LEVELS:
            late = await asyncio.to_thread(self._notes.late, level, self._at_once if level == _FINEST else 1)
            if late:
                for kind in sorted({one.kind for one in late}):
                    begins = sorted({one.begin for one in late if one.kind == kind})
                    for run in self._runs(level, begins):
                        await self._draw(level, run, (kind,) if kind else ())
                await asyncio.to_thread(self._notes.settle, level, late, await self._above(level, late))
                return True
        return False

    async def _above(self, level: str, late: Sequence[Late]) -> list[tuple[Millis, str]]:
        """The windows of the level above that have drawn from these already."""
        above = ABOVE.get(level)
        if above is None:
            return []
        reached = await asyncio.to_thread(self._notes.reached, above) or 0
        found = {(self._windows.begin(above, one.begin), one.kind) for one in late}
        return sorted((begin, kind) for begin, kind in found if begin < reached)

    def _runs(self, level: str, begins: Sequence[Millis]) -> list[list[Millis]]:
        """Neighbours together."""
        runs = [[begins[0]]]
        for before, begin in pairwise(begins):
            if begin == self._windows.end(level, before):
                runs[-1].append(begin)
            else:
                runs.append([begin])
        return runs

    async def _draw(self, level: str, begins: Sequence[Millis], kinds: Sequence[str]) -> bool:
        """Draw neighbouring windows and write them; whether there was anything."""
        since, until = begins[0], self._windows.end(level, begins[-1])
        below = self._windows.below(level, since)
        if below == "" or since < self._gone(below):
            points = await self._points.drawn((until - since) // len(begins), since, until, kinds)
        else:
            points = await asyncio.to_thread(merged, await self._points.rolled(below, since, until, kinds), since)
        if points:
            if level == ZONED:
                points = [*points, *await asyncio.to_thread(of_zones, points, since)]
            await self._points.write(level, points)
        return bool(points)

    def _gone(self, level: str) -> Millis:
        """Before then a level may have been forgotten; the readings may still be there."""
        days = ROLLUPS[level].days
        return self._clock.now() - days * DAY + HOUR if days else -_EVER
