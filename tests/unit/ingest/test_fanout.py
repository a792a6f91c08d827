"""Decoded once at the head; whoever lags reads the journal again and hears the same."""

import asyncio

import pytest

from domain.messages import Heard, Message, Row
from domain.naming import EDIT
from domain.site import Site
from ingest.fanout import FanOut, just_before, replayed
from ingest.lately import WINDOW
from ingest.pipeline import Pipeline
from services.storage.journal import MemoryJournal
from tests.unit.ingest.small_coast import AT, coast, up


class Counted(Pipeline):
    """Counts the rows it reads."""

    def __init__(self, site: Site, read: list[int]) -> None:
        super().__init__(site)
        self._rows = read

    def read(self, row: Row) -> Heard:
        self._rows.append(row.number)
        return super().read(row)


class Bench:
    """A journal, a fan-out, and what was decoded."""

    def __init__(self, messages: int = 1000) -> None:
        self.journal = MemoryJournal()
        self.decoded: list[int] = []
        self.fresh_after: list[int] = []
        self.fan = FanOut(self.journal, self.fresh, messages=messages)

    def fresh(self, after: int) -> Pipeline:
        self.fresh_after.append(after)
        return Counted(coast(), self.decoded)

    def write(self, *messages: Message, later: int = 0) -> Row:
        last = self.journal.last()
        return self.journal.append(messages, (last.at if last else AT) + later)

    def hear(self, *messages: Message, later: int = 0) -> Heard:
        return self.fan.hear(self.write(*messages, later=later))


def bin_says(level: int) -> Message:
    return up({"fill_level": level}, at=None)


@pytest.mark.asyncio
async def test_consumers_at_the_head_share_one_decoding():
    bench = Bench()
    await bench.fan.begin()
    first, second = bench.fan.consumer(), bench.fan.consumer()
    heard = [bench.hear(bin_says(n)) for n in range(5)]
    assert await first.next(0) == heard
    assert await second.next(2) == heard[2:]
    assert await second.next(2, limit=1) == heard[2:3]
    assert bench.decoded == [1, 2, 3, 4, 5]
    assert not first.lagging


@pytest.mark.asyncio
async def test_a_consumer_waits_for_the_next_row():
    bench = Bench()
    await bench.fan.begin()
    consumer = bench.fan.consumer()
    waiting = asyncio.create_task(consumer.next(0))
    await asyncio.sleep(0)
    assert not waiting.done()
    heard = bench.hear(bin_says(1))
    assert await waiting == [heard]


@pytest.mark.asyncio
async def test_who_lags_behind_the_buffer_reads_the_journal_and_catches_up():
    bench = Bench(messages=6)
    await bench.fan.begin()
    consumer = bench.fan.consumer()
    heard = [bench.hear(bin_says(n), later=1000) for n in range(50)]
    got: list[Heard] = []
    lagged = False
    while len(got) < 50:
        got += await consumer.next(got[-1].row if got else 0)
        lagged |= consumer.lagging
    assert got == heard
    assert lagged
    heard.append(bench.hear(bin_says(99)))
    assert await consumer.next(50) == heard[-1:]
    assert not consumer.lagging


@pytest.mark.asyncio
async def test_after_a_start_what_was_never_consumed_comes_from_the_journal():
    bench = Bench()
    for n in range(3):
        bench.write(bin_says(n))
    await bench.fan.begin()
    assert bench.fan.newest == 3
    consumer = bench.fan.consumer()
    assert [h.row for h in await consumer.next(1)] == [2, 3]
    assert [h.row for h in [bench.hear(bin_says(7))]] == [4]
    assert [h.row for h in await consumer.next(3)] == [4]


@pytest.mark.asyncio
async def test_a_redelivery_after_a_restart_is_still_the_same_reading_at_the_head_and_behind():
    bench = Bench(messages=1)
    bench.write(bin_says(1))
    bench.write()
    await bench.fan.begin()
    again = bench.hear(bin_says(1)._replace(received=AT + 30_000), later=30_000)
    bench.hear()
    assert again.readings[0].at == AT
    consumer = bench.fan.consumer()
    assert (await consumer.next(2))[0] == again
    assert consumer.lagging


@pytest.mark.asyncio
async def test_rows_that_another_process_wrote_between_are_read_from_the_journal():
    bench = Bench()
    await bench.fan.begin()
    bench.hear(bin_says(1))
    consumer = bench.fan.consumer()
    await consumer.next(0)
    bench.write(bin_says(2))  # not through this service's door
    bench.hear(bin_says(3))
    got = [h.row for h in await consumer.next(1)]
    assert got[0] == 2


@pytest.mark.asyncio
async def test_after_an_edit_the_next_row_is_read_with_a_fresh_pipeline_that_remembers():
    bench = Bench()
    await bench.fan.begin()
    bench.hear(bin_says(1))
    bench.hear(Message(EDIT, b"{}", AT))
    assert bench.fresh_after == [0, 2]
    assert bench.hear(bin_says(1)._replace(received=AT + 5)).readings[0].at == AT
    assert bench.fan.duplicates == 1


@pytest.mark.asyncio
async def test_a_consumer_that_was_cancelled_skips_nothing():
    bench = Bench(messages=2)
    await bench.fan.begin()
    heard = [bench.hear(bin_says(n)) for n in range(20)]
    consumer = bench.fan.consumer()
    reading = asyncio.create_task(consumer.next(0))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    got: list[Heard] = []
    while len(got) < 20:
        got += await consumer.next(got[-1].row if got else 0)
    assert got == heard


def test_replaying_gives_every_row_after_a_number_in_order():
    bench = Bench()
    rows = [bench.write(bin_says(n)) for n in range(10)]
    assert list(replayed(bench.journal, 0, at_once=3)) == rows
    assert list(replayed(bench.journal, 7)) == rows[7:]
    assert list(replayed(bench.journal, 10)) == []


@pytest.mark.parametrize("spacing", [1, 100, 1000, 100_000])
def test_the_minute_before_a_row_is_all_that_a_pipeline_must_have_heard(spacing: int):
    bench = Bench()
    rows = [bench.write(later=spacing) for _ in range(700)]
    for after in (1, 70, 350, 700):
        got = [r.number for r in just_before(bench.journal, after, WINDOW)]
        needed = [r.number for r in rows[:after] if r.at >= rows[after - 1].at - 60_000]
        assert got[-1] == after
        assert set(needed) <= set(got)
        assert len(got) <= 2 * len(needed) + 64


@pytest.mark.parametrize("after", [0, 99])
def test_there_is_no_minute_before_the_first_row_or_one_that_is_not_there(after: int):
    bench = Bench()
    bench.write()
    assert list(just_before(bench.journal, after, WINDOW)) == []
