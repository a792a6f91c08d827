"""A backtest over an embedded store: reading the columns, making readings, and every rule of the library."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.site import Site
from ingest.pipeline import Pipeline
from rules.book import RuleBook
from services import memory, wiring
from services.backtest.run import needed, play
from services.backtest.sources import OfColumns
from services.benches.apart import resident_mb
from services.benches.coast import Speech, coast
from services.benches.stores import batches
from services.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    settings: Settings
    book: RuleBook
    facilities: int
    readings: int


def measure(plan: Plan, say: Say) -> dict[str, Any]:
    """Fill a store, then play it to the rules. The figures are processor time of the second."""
    site = coast(plan.facilities)
    say(f"writing {plan.readings:,} readings of {plan.facilities:,} facilities")
    asyncio.run(_fill(plan.settings, site, plan.readings))
    before = resident_mb()
    with memory.settled():
        say("reading them")
        alone = _spent(_history(plan, site))
        say("playing them to the rules")
        history = _history(plan, site)
        begun = time.process_time()
        played = play(history, [plan.book], site, lambda *_: None)
        spent = time.process_time() - begun
    return {
        "name": "backtest",
        "readings_per_second": round(played.readings / spent),
        "microseconds_per_message": round(spent / played.readings * 1e6, 3),
        "reading_us": round(alone / played.readings * 1e6, 3),
        "resident_mb": round(resident_mb(), 1),
        "engine_mb": round(resident_mb() - before, 1),
        "readings": played.readings,
        "facilities": plan.facilities,
        "rules": len(plan.book.rules),
        "alarms": len(played.versions[0].found),
    }


def _history(plan: Plan, site: Site) -> OfColumns:
    columns = wiring.columns_of(plan.settings)
    since, until = columns.span() or (0, 1)
    return OfColumns("duckdb", columns, since, until, needed([plan.book], site))


def _spent(history: OfColumns) -> float:
    """Seconds of reading alone."""
    begun = time.process_time()
    for _ in history.pieces():
        pass
    return time.process_time() - begun


async def _fill(settings: Settings, site: Site, count: int) -> None:
    from services.storage.duck import DuckSettings, DuckStore

    settings.state.mkdir(exist_ok=True)
    store = DuckStore(DuckSettings(path=settings.state / "readings.duckdb"))
    try:
        for batch in batches(Speech(site, count), Pipeline(site), 0, count):
            await store.write(batch)
    finally:
        await store.close()
