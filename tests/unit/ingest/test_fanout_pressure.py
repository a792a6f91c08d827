"""Under more than can be done: nobody reads twice in vain, memory stays bounded, and who is stuck holds up nobody."""

import asyncio
import time

import pytest

from domain.messages import Heard, Row
from ingest import fanout
from ingest.fanout import FanOut
from ingest.pipeline import Pipeline
from services.storage.journal import MemoryJournal
from tests.unit.ingest.small_coast import AT, coast, up


class Slow(Pipeline):
    """Takes longer over each row than anybody waits."""

    def read(self, row: Row) -> Heard:
        time.sleep(0.01)
        return super().read(row)


class Stream:
    """A journal and a fan-out of ten messages."""

    def __init__(self, pipeline: type[Pipeline] = Pipeline) -> None:
        self.journal = MemoryJournal()
        self.fan = FanOut(self.journal, lambda _: pipeline(coast()), messages=10)

    def hear(self, rows: int) -> None:
        for _ in range(rows):
            self.fan.hear(self.journal.append([up({"fill_level": 5}, at=None)], AT))


@pytest.mark.asyncio
async def test_who_never_waits_long_enough_for_the_journal_gets_on_all_the_same():
    stream = Stream(Slow)
    await stream.fan.begin()
    stream.hear(20)
    consumer = stream.fan.consumer()
    got: list[int] = []
    async with asyncio.timeout(5):
        while len(got) < 20:
            try:
                async with asyncio.timeout(0.002):
                    got += [heard.row for heard in await consumer.next(got[-1] if got else 0)]
            except TimeoutError:
                continue
    assert got == list(range(1, 21))


@pytest.mark.asyncio
async def test_what_every_consumer_has_is_let_go():
    stream = Stream()
    await stream.fan.begin()
    quick, slow = stream.fan.consumer(), stream.fan.consumer()
    stream.hear(4)
    await slow.next(0)
    stream.hear(1)
    await quick.next(4)
    assert stream.fan.buffered(1, 9) is not None
    stream.hear(1)
    await slow.next(4)
    assert stream.fan.buffered(3, 9) is None
    assert [heard.row for heard in await slow.next(4)] == [5, 6]


@pytest.mark.asyncio
async def test_more_is_held_back_until_the_slowest_has_taken_what_there_is():
    stream = Stream()
    await stream.fan.begin()
    consumer = stream.fan.consumer()
    await asyncio.wait_for(stream.fan.eased(), 1)
    stream.hear(1)
    await consumer.next(0)
    stream.hear(5)
    held = asyncio.create_task(stream.fan.eased())
    await asyncio.sleep(0.02)
    assert not held.done()
    await consumer.next(5)
    await asyncio.wait_for(held, 1)


@pytest.mark.asyncio
async def test_who_is_held_up_by_something_else_holds_back_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fanout, "_PATIENCE_S", 0.05)
    stream = Stream()
    await stream.fan.begin()
    stuck = stream.fan.consumer()
    stream.hear(1)
    await stuck.next(0)
    stream.hear(8)
    await asyncio.wait_for(stream.fan.eased(), 1)
    stream.hear(30)
    async with asyncio.timeout(0.04):
        await stream.fan.eased()
    assert (await stuck.next(1))[0].row == 2
