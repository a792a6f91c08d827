"""History is the same wherever it is read from, and what is made of it in work."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from domain.errors import ConflictError, UnavailableError
from domain.readings import Millis, Reading
from domain.site import Site
from rules.book import RuleBook, shipped
from rules.runners.backtest import Found
from services.backtest import crew_hours
from services.backtest.report import jobs, told
from services.backtest.run import needed, play
from services.backtest.sources import History, OfColumns, OfPoints
from services.slices import Slices
from services.storage.duck import DuckSettings, DuckStore
from services.storage.duck_columns import DuckColumns
from tests.unit.backtest.evening import SITE, SPAN, evening
from tests.unit.rules.coast import HOUR, MINUTE

BOOK = shipped()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duck") / "readings.duckdb"

    async def fill() -> None:
        store = DuckStore(DuckSettings(path=path))
        await store.write(evening())
        await store.close()

    asyncio.run(fill())
    return path


class _Opened:
    """A store's history, as wiring opens one."""

    def __init__(self, path: Path) -> None:
        self._store = DuckStore(DuckSettings(path=path))

    async def __aenter__(self) -> DuckStore:
        await self._store.open()
        return self._store

    async def __aexit__(self, *_: object) -> None:
        await self._store.close()


def found(history: History, book: RuleBook = BOOK, site: Site = SITE) -> dict[str, Found]:
    return play(history, [book], site, lambda *_: None).versions[0].found


def every(some: Iterator[Sequence[Reading]]) -> list[Reading]:
    return [reading for batch in some for reading in batch]


def test_columns_and_points_of_a_store_are_the_readings_that_were_written(file: Path):
    with DuckColumns(file) as columns:
        by_columns = every(columns.readings(*SPAN, lambda _: None))
    by_points = [
        reading for piece in OfPoints("duck", _Opened(file), *SPAN).pieces() for reading in piece.heard.readings
    ]
    assert [one._replace(received=one.at) for one in evening()] == sorted(by_columns, key=lambda one: one.at)
    assert by_columns == by_points
    assert {type(value) for reading in by_columns for value in reading.values.values()} == {float, bool, str}


def test_what_no_rule_asks_for_need_not_be_read_and_nothing_is_decided_otherwise(file: Path):
    whole = found(OfColumns("duckdb", DuckColumns(file), *SPAN))
    pruned = OfColumns("duckdb", DuckColumns(file), *SPAN, needed([BOOK], SITE))
    read = [set(reading.values) for piece in pruned.pieces() for reading in piece.heard.readings]
    assert not any({"rssi", "air_temperature"} & names for names in read)
    assert found(OfColumns("duckdb", DuckColumns(file), *SPAN, needed([BOOK], SITE))) == whole
    assert {one.rule for one in whole.values()} >= {"bin-full", "lot-gate"}


def test_a_file_that_a_service_holds_is_said_to_be_held(file: Path):
    async def held() -> None:
        async with _Opened(file):
            with pytest.raises((ConflictError, UnavailableError)):
                DuckColumns(file)

    asyncio.run(held())


def test_slices_grow_where_there_is_little_and_shrink_where_there_is_much():
    slices, seen = Slices(0, 10 * HOUR, 100), list[tuple[Millis, Millis]]()
    while (span := slices.take()) is not None:
        seen.append(span)
        slices.held((span[1] - span[0]) // MINUTE * 10)
    assert [since for since, _ in seen] == [0, *(until for _, until in seen[:-1])]
    assert seen[-1][1] == 10 * HOUR
    assert seen[5][1] - seen[5][0] == 10 * MINUTE


def one(alarm: str, rule: str, facility: str, opened: Millis, until: Millis | None) -> Found:
    return Found(alarm, rule, "v", f"facility:{facility}", facility, opened, opened, opened, until)


def test_an_alarm_that_is_back_within_the_cool_down_is_the_same_order():
    some = [
        one("a1", "bin-full", "bin-1", 0, HOUR),
        one("a2", "bin-full", "bin-1", HOUR + 20 * MINUTE, 2 * HOUR),
        one("a3", "bin-full", "bin-1", 3 * HOUR, None),
        one("a4", "lamp-out", "lamp-0", 0, None),
    ]
    made = jobs(some, BOOK, SITE, crew_hours.shipped(), 10 * HOUR)
    assert [(job.rule, job.alarms) for job in made] == [
        ("bin-full", ("a1", "a2")),
        ("lamp-out", ("a4",)),
        ("bin-full", ("a3",)),
    ]
    figures = told(some, made)
    assert figures["orders_by_rule"] == {"bin-full": 2, "lamp-out": 1}
    assert figures["breaches_by_rule"] == {"bin-full": 1}  # 7 h open, 2 h allowed; a lamp has 24 h
    assert (figures["breaches_by_zone"], figures["breaches_by_element"]) == ({"bay": 1}, {"sanitation": 1})
    assert figures["open_at_the_end"] == 2
    assert figures["crew_hours"] == round(2 * 2 * 23 / 60 + 2, 1)


def test_every_trade_of_the_library_has_an_estimate():
    table = crew_hours.shipped()
    trades = {rule.order.trade for rule in BOOK.rules.values() if rule.order is not None}
    assert trades <= table.trades.keys()
