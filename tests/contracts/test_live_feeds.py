"""The hub in a process that has only the journal and the SQL database: it shows what it would if it were told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain.errors import NotFoundError
from domain.messages import Message
from domain.naming import up_topic
from domain.site import Site
from ingest.pipeline import Pipeline
from services.dispatch.orders import Alarm, Order
from services.live import feeds
from services.live.hub import Hub
from services.site import load_site, sample
from services.storage.journal import SqliteJournal
from services.storage.schema import upgrade
from services.storage.sql import JudgeStore
from tests.fakes.hand_clock import HandClock
from tests.unit.dispatch.coast import T0, Play, well, wrong

SOON_S = 5.0
QUICK_S = 0.01


def measured(site: Site, facility: str, at: int, **values: float) -> Message:
    place = site.facilities[facility]
    body = json.dumps({"at": at, "values": values}).encode()
    return Message(up_topic(site.id, place.zone, place.kind, facility), body, at)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(tmp_path / "journal.sqlite")
    yield made
    made.close()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[JudgeStore]:
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    upgrade(url)
    made = JudgeStore(url)
    yield made
    made.close()


@asynccontextmanager
async def following(hub: Hub, *works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(work) for work in (hub.run(), *works)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(hub: Hub, holds: Callable[[], bool]) -> None:
    """Return when what changes has led there."""
    async with asyncio.timeout(SOON_S):
        while not holds():
            async for _ in hub.changes(hub.snapshot().number):
                break


@pytest.mark.asyncio
async def test_the_newest_values_of_the_journal_are_there_at_once_and_new_rows_follow(
    journal: SqliteJournal, books: JudgeStore
):
    site = load_site(sample())
    for minute in range(200):
        journal.append([measured(site, "bin-001", T0 + minute * 60_000, fill_level=float(minute % 90))], T0)
    hub = Hub(site, HandClock(T0), epoch="e1")
    row = await feeds.begin(hub, books, journal, lambda _: Pipeline(site))
    assert row == 200
    assert hub.snapshot().facilities["bin-001"]["values"] == {"fill_level": 199.0 % 90}
    tail = feeds.follow_journal(hub, journal, lambda _: Pipeline(site), row, every_s=QUICK_S)
    async with following(hub, tail):
        journal.append([measured(site, "bin-002", T0, fill_level=55.0)], T0)
        await until(hub, lambda: hub.snapshot().facilities["bin-002"]["values"] == {"fill_level": 55.0})


@pytest.mark.asyncio
async def test_a_tail_that_is_far_behind_goes_on_at_the_end(journal: SqliteJournal):
    site = load_site(sample())
    hub = Hub(site, HandClock(T0), epoch="e1")
    for n in range(1_000):
        journal.append([measured(site, "bin-001", T0 + n, fill_level=1.0)], T0 + n)
    journal.append([measured(site, "bin-002", T0, fill_level=55.0)], T0 + 1_000)
    async with following(hub, feeds.follow_journal(hub, journal, lambda _: Pipeline(site), 0, every_s=QUICK_S)):
        await until(hub, lambda: hub.snapshot().facilities["bin-002"]["values"] == {"fill_level": 55.0})
    assert hub.snapshot().facilities["bin-001"]["at"] is None


@pytest.mark.asyncio
async def test_polled_books_show_an_order_open_and_closed(books: JudgeStore, journal: SqliteJournal):
    play = Play()
    hub = Hub(play.site, HandClock(T0), epoch="e1")
    books.commit(play.hear(T0, wrong("lamp-1", T0)), {})
    await feeds.begin(hub, books, journal, lambda _: Pipeline(play.site))
    (order,) = hub.snapshot().orders
    assert hub.snapshot().facilities["lamp-1"]["standing"] == "alarm"
    async with following(hub, feeds.follow_books(hub, books, every_s=QUICK_S)):
        books.commit(play.hear(T0 + 60_000, well("lamp-1", T0 + 60_000)), {})
        await until(hub, lambda: hub.snapshot().orders[order]["state"] == "withdrawn")
    assert hub.snapshot().facilities["lamp-1"]["standing"] == "unknown"
    assert hub.open_orders() == frozenset()


class Forgetful:
    """Books in which an order is gone between the list and the look at it."""

    def alarms(self, **_: object) -> list[Alarm]:
        return []

    def orders(self, **_: object) -> list[Order]:
        return []

    def order(self, order: str) -> Order:
        raise NotFoundError(f"there is no order {order}")


@pytest.mark.asyncio
async def test_an_order_that_was_forgotten_since_is_no_longer_shown():
    play = Play()
    hub = Hub(play.site, HandClock(T0), epoch="e1")
    outcome = play.hear(T0, wrong("lamp-1", T0))
    hub.cases(outcome.alarms, outcome.orders)
    hub.flush()
    assert hub.open_orders()
    async with following(hub, feeds.follow_books(hub, Forgetful(), every_s=QUICK_S)):
        await until(hub, lambda: not hub.snapshot().orders)
    assert hub.open_orders() == frozenset()
