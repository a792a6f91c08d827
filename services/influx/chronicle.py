"""Writes down what happens: alarms and orders as they are committed, how facilities stand, service levels, our health.

It follows the books by the row of the journal, with a cursor of its own, and may be killed anywhere: what was written
is written again as the same points. Nobody waits for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from domain.alarms import AlarmState
from domain.ports import Clock
from domain.readings import Millis, Reading
from domain.series import INGEST_EVERY, MINUTE
from domain.site import Site
from rules.core.rule import Rule
from services.api.seams import Pulse
from services.dispatch.orders import Alarm, Order
from services.influx import happened, kpis, vitals
from services.influx.happened import Event
from services.influx.rolled import Rolled
from services.influx.standings import Standings
from services.influx.windows import Windows
from services.judge import Saved
from services.patience import Patience

_log = logging.getLogger(__name__)

CURSOR: Final = "events"
LOOK_S: Final = 5.0
AFTER_FAULT_S: Final = 60.0
_AT_ONCE: Final = 200  # alarms and orders
_ALL: Final = 1_000_000
_ALARMS: Final = 5_000  # the newest, of which a window's are counted
_KPI_WAITS: Final = 15 * MINUTE  # so long after its end a window waits for its roll-ups, where there are none at all
_MEASURED: Final = ("light", "bin", "toilet")


class Books(Protocol):
    """Alarms and orders. Blocking. Raises UnavailableError."""

    def touched(self, after: int, limit: int) -> tuple[int, list[Alarm], list[Order]]:
        """What rows above `after` changed last, and the last of these rows."""
        ...

    def cursor(self, name: str) -> int:
        """How far somebody has come."""
        ...

    def move(self, name: str, row: int) -> None:
        """Remember it."""
        ...

    def alarms(self, *, state: AlarmState | None = None, newest: int = 200) -> list[Alarm]:
        """The newest alarms."""
        ...

    def open_orders(self, newest: int = 1000) -> list[Order]:
        """Orders that have not ended."""
        ...

    def load(self) -> Saved:
        """Orders not ended or ended lately, with their history."""
        ...


class Pages(Protocol):
    """Where it is written. Raises UnavailableError."""

    async def write(self, events: Sequence[Event]) -> None:
        """Durable when it returns; a point that is written again is one."""
        ...

    async def skew_s(self) -> float | None:
        """By how much our clock is before the server's; None where nobody knows."""
        ...

    async def added(self, since: Millis, until: Millis) -> Mapping[kpis.Place, kpis.Numbers]:
        """The sums of `kpis.ADDED` of the hours in since ≤ time < until."""
        ...


class Drawn(Protocol):
    """The roll-up job."""

    async def finest(self, since: Millis, until: Millis, kinds: Sequence[str]) -> Sequence[Rolled]:
        """The points of its finest level. Raises UnavailableError."""
        ...

    async def behind(self) -> tuple[Millis, int]:
        """Up to where the finest level is drawn, and how many windows are to be drawn again."""
        ...


class Chronicle:
    """One a site may run, beside the writer of its readings: `wrote` must hear what that writes."""

    def __init__(
        self,
        site: Site,
        books: Books,
        pages: Pages,
        clock: Clock,
        *,
        rollups: Drawn,
        upkeep: Callable[[], Mapping[str, Any]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`upkeep` tells journal_bytes, quarantined and ways, as `vitals.Beside` has them; it blocks."""
        self._upkeep = upkeep
        self._site, self._books, self._pages, self._clock = site, books, pages, clock
        self._rollups, self._pause = rollups, pause
        self._windows = Windows(site.timezone)
        self._standings = Standings(site, clock.now())
        self._begun = False
        self._began = clock.now()
        self._vital_at: Millis = 0
        self._before: vitals.Before | None = None
        self._patience = Patience(_log, "events wait for InfluxDB", "events are written again", pause=pause)

    def wrote(self, readings: Sequence[Reading]) -> None:
        """Readings lie in their store now."""
        self._standings.heard(readings)

    async def run(self, rules: Callable[[], Mapping[str, Rule]], pulse: Callable[[], Pulse]) -> None:
        """For ever; cancel it to end. A fault of ours is said, and ends nobody. `rules` are those in force, `pulse` how
        the service stands.
        """
        while True:
            try:
                await self._patience.until_available(lambda: self.beat(rules(), pulse()))
            except Exception:  # noqa: BLE001  # readings and orders must not end over it
                _log.exception("events cannot be written, and are tried again")
                await self._pause(AFTER_FAULT_S)
            await self._pause(LOOK_S)

    async def beat(self, rules: Mapping[str, Rule], pulse: Pulse) -> None:
        """Write what is new. Raises UnavailableError."""
        await self._begin()
        await self._follow(rules)
        now = self._clock.now()
        for standing in self._standings.points(now):
            await self._pages.write(standing)
        if now - self._vital_at >= INGEST_EVERY:
            await self._pages.write(await self._vitals(now, pulse))
        for every in ("1h", "1d"):
            await self._count(every, now, rules)

    async def _vitals(self, now: Millis, pulse: Pulse) -> list[Event]:
        upto, dirty = await self._rollups.behind()
        beside = vitals.Beside(
            **await asyncio.to_thread(self._upkeep),
            devices=len(self._site.devices),
            blind=self._standings.blind(now),
            rolled_up_to=upto,
            rollups_dirty=dirty,
            skew_s=None if pulse.stepping else await self._pages.skew_s(),  # made-up time is nobody's clock
            up_s=(now - self._began) // 1000,
        )
        found = vitals.points(self._site.id, now, pulse, beside, self._before)
        self._vital_at, self._before = now, vitals.Before(now, pulse.messages, pulse.written)
        return found

    async def _begin(self) -> None:
        if not self._begun:
            alarms = await asyncio.to_thread(lambda: self._books.alarms(state=AlarmState.OPEN, newest=_ALL))
            orders = await asyncio.to_thread(self._books.open_orders, _ALL)
            self._standings.changed(alarms, orders)
            self._begun = True

    async def _follow(self, rules: Mapping[str, Rule]) -> None:
        cursor = await asyncio.to_thread(self._books.cursor, CURSOR)
        while True:
            row, alarms, orders = await asyncio.to_thread(self._books.touched, cursor, _AT_ONCE)
            if row == cursor:
                return
            await self._pages.write(happened.of_all(alarms, orders, self._site, rules))
            await asyncio.to_thread(self._books.move, CURSOR, row)
            self._standings.changed(alarms, orders)
            cursor = row

    async def _count(self, every: str, now: Millis, rules: Mapping[str, Rule]) -> None:
        """The oldest window that is over and not counted, if any: one a beat."""
        name = f"kpi.{every}"
        begin = await asyncio.to_thread(self._books.cursor, name)
        if not begin:
            begin = self._windows.begin(every, now)
            await asyncio.to_thread(self._books.move, name, begin)
        end = self._windows.end(every, begin)
        if end > now:
            return
        drawn, _ = await self._rollups.behind()
        if drawn < end and (drawn or now < end + _KPI_WAITS):
            return
        if every == "1d" and await asyncio.to_thread(self._books.cursor, "kpi.1h") < end:
            return  # a day is the sum of its hours
        saved = await asyncio.to_thread(self._books.load)
        alarms = await asyncio.to_thread(lambda: self._books.alarms(newest=_ALARMS))
        if every == "1h":
            told = await self._rollups.finest(begin - kpis.HOLDS, end, _MEASURED)
            bounds = kpis.bounds_of(rules)
            measured: Mapping[kpis.Place, kpis.Numbers] = kpis.measured(self._site, begin, end, told, alarms, bounds)
        else:
            measured = await self._pages.added(begin, end)
        live = self._standings.live
        scene = kpis.Scene(self._site, begin, end, alarms, saved.orders, lambda one: live(one, now), measured)
        await self._pages.write(kpis.points(scene, every))
        await asyncio.to_thread(self._books.move, name, end)
