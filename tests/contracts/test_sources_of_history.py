"""A backtest finds the same in the same readings wherever they are kept: DuckDB, InfluxDB, a running service."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest
import pytest_asyncio

from rules.book import shipped
from rules.runners.backtest import Found
from services.api.server import bound, serving, url_of
from services.backtest import crew_hours
from services.backtest.asked import Asked
from services.backtest.report import jobs, told
from services.backtest.run import needed, play
from services.backtest.sources import History, OfColumns, OfPoints
from services.storage.duck import DuckSettings, DuckStore
from services.storage.duck_columns import DuckColumns
from services.storage.influx import InfluxStore
from services.storage.influx_history import InfluxHistory
from services.storage.influx_speech import InfluxSettings
from tests.fakes.memory_store import MemoryStore
from tests.machines.influx import InfluxMachine, forget_bucket, named_2x
from tests.machines.influx_forwarder import ORG, InfluxForwarder
from tests.unit.api.gate import Gate
from tests.unit.backtest.evening import SITE, SPAN, evening

BOOK = shipped()
SOURCES = ["duckdb", "service", pytest.param("influx", marks=pytest.mark.machine)]
if named_2x():  # otherwise `make test` says "not run"
    SOURCES.append(pytest.param("influx2", marks=pytest.mark.machine))


@pytest_asyncio.fixture(params=SOURCES)
async def history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[History]:
    match request.param:
        case "duckdb":
            store = DuckStore(DuckSettings(path=tmp_path / "readings.duckdb"))
            await store.write(evening())
            await store.close()
            yield OfColumns("duckdb", DuckColumns(tmp_path / "readings.duckdb"), *SPAN, needed([BOOK], SITE))
        case "service":
            gate = Gate(store=MemoryStore())
            await gate.store.write(evening())
            with bound("127.0.0.1:0") as door:
                async with serving(gate.app, door):
                    yield OfColumns("service", Asked(url_of(door)), *SPAN)
        case "influx":
            machine: InfluxMachine = request.getfixturevalue("influx")
            async with InfluxForwarder(machine.url) as forwarder:
                yield await _influx(InfluxSettings(url=forwarder.url, bucket=f"t-{uuid.uuid4().hex}", org=ORG))
        case _:
            there = {**(named_2x() or {}), "bucket": f"tidewalk-test-{uuid.uuid4().hex}"}
            yield await _influx(InfluxSettings.model_validate(there))
            await forget_bucket(**there)


async def _influx(settings: InfluxSettings) -> History:
    store = InfluxStore(settings, site=SITE.id)
    await store.write(evening())
    await store.close()

    @asynccontextmanager
    async def opened() -> AsyncIterator[InfluxHistory]:
        there = InfluxHistory(settings, site=SITE.id)
        yield there
        await there.close()

    return OfPoints("influx", opened(), *SPAN)


class _Written:
    """The readings themselves, as a store that is read by itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def readings(self, *_: object) -> Any:
        return [evening()]


def made_of(history: History) -> tuple[int, dict[str, Found], dict[str, object]]:
    """How many readings there were, the alarms by id, and the figures of the command."""
    played = play(history, [BOOK], SITE, lambda *_: None)
    found = played.versions[0].found
    some = list(found.values())
    return played.readings, found, told(some, jobs(some, BOOK, SITE, crew_hours.shipped(), history.until))


@pytest.mark.asyncio
async def test_a_backtest_finds_the_same_alarms_and_figures_wherever_the_readings_are_kept(history: History):
    wanted = made_of(OfColumns("written", _Written(), *SPAN))
    assert {one.rule for one in wanted[1].values()} >= {"bin-full", "lot-gate"}
    assert await asyncio.to_thread(made_of, history) == wanted
