"""Event series in InfluxDB: written as points of their own nanosecond, and a little of it read back."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp

from domain.ports import Clock
from domain.readings import Millis
from domain.series import EVENTS, KPI
from services.influx.happened import Event
from services.influx.kpis import ADDED, Numbers, Place
from services.storage.influx import InfluxLines
from services.storage.influx_asking import InfluxAsking, identifier, nanoseconds, quoted
from services.storage.influx_bucket import authorization
from services.storage.influx_points import line_of
from services.storage.influx_rollups import rollup_settings
from services.storage.influx_speech import InfluxSettings

_log = logging.getLogger(__name__)

_COARSE_S: Final = 2.0  # a server's Date has whole seconds, and the way there takes its time


class InfluxEvents:
    """`services.influx.chronicle.Pages`, of one site."""

    def __init__(self, settings: InfluxSettings, clock: Clock, *, site: str) -> None:
        self._settings, self._clock, self._site = rollup_settings(settings, EVENTS), clock, site
        self._lines = InfluxLines(self._settings, precision="ns")
        self._asking = InfluxAsking(self._settings)

    async def close(self) -> None:
        """Give the connections back."""
        await self._lines.close()
        await self._asking.close()

    async def write(self, events: Sequence[Event]) -> None:
        """See `services.influx.chronicle.Pages`."""
        if not events:
            return
        lines = await asyncio.to_thread(lambda: [line_of(*event) for event in events])
        if refused := await self._lines.write(lines):
            _log.warning("events are refused", extra={"points": len(refused), "why": refused[0][1]})

    async def added(self, since: Millis, until: Millis) -> Mapping[Place, Numbers]:
        """See `services.influx.chronicle.Pages`."""
        sums = ", ".join(f"sum({identifier(name)}) AS {identifier(name)}" for name in ADDED)
        where = f"time >= {nanoseconds(since)} AND time < {nanoseconds(until)} AND \"every\" = '1h'"
        asked = (
            f'SELECT {sums} FROM {KPI.name} WHERE {where} AND "site" = {quoted(self._site)}'  # noqa: S608
            ' GROUP BY "zone", "element"'
        )
        return {place: told for one in await self._asking.told(asked, _sums) for place, told in one.items()}

    async def skew_s(self) -> float | None:
        """By how much our clock is before the server's; 0.0 where it is too little to tell, None where none tells."""
        patience = aiohttp.ClientTimeout(total=5)
        url = f"{self._settings.url.rstrip('/')}/ping"
        try:
            async with (
                aiohttp.ClientSession(timeout=patience, headers=authorization(self._settings)) as session,
                session.get(url) as answer,
            ):
                theirs = parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
        except (aiohttp.ClientError, OSError, TypeError, ValueError):
            return None
        apart = self._clock.now() / 1000 - theirs
        return 0.0 if abs(apart) <= _COARSE_S else round(apart, 1)


def _sums(told: Mapping[str, Any]) -> dict[Place, Numbers]:
    found: dict[Place, Numbers] = {}
    for result in told["results"]:
        for series in result.get("series", []):
            (values,) = series["values"]
            row = dict(zip(series["columns"], values, strict=True))
            place = series["tags"]["zone"], series["tags"]["element"]
            found[place] = {name: float(row[name]) for name in ADDED if row[name] is not None}
    return found
