import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from domain.errors import UnavailableError
from domain.messages import Fate, Heard, Message, Quarantined
from domain.ports import WriteReport
from domain.readings import Reading
from services.writing import READINGS_PER_WRITE, StoreWriter, WriterSeams
from tests.fakes.memory_store import MemoryStore

T = 1_790_000_000_000


def reading(n: int, **values: float) -> Reading:
    return Reading("pole-1", "lamp-1", "light", "z", T + n, values or {"active_power": float(n)}, 0, n, T + n)


def heard(row: int, readings: Sequence[Reading] = (), points: Sequence[int] | None = None) -> Heard:
    """A row whose messages gave `points` readings each; one each where not said."""
    points = points if points is not None else [1] * len(readings)
    fates = tuple(Fate(b"key-%d" % place, count, "" if count else "bad") for place, count in enumerate(points))
    return Heard(row, T + row, tuple(readings), (), (), fates)


class Bay:
    """The writer's surroundings, in memory. They outlive the writer, as disks do."""

    def __init__(self) -> None:
        self.rows: list[Heard] = []
        self.more = asyncio.Event()
        self.cursor = 0
        self.saves: list[int] = []
        self.kept: dict[tuple[int, int, str], Quarantined] = {}
        self.pauses: list[float] = []
        self.save_fails = 0

    def add(self, *rows: Heard) -> None:
        self.rows += rows
        self.more.set()

    async def feed(self, after: int) -> list[Heard]:
        while True:
            if found := [one for one in self.rows if one.row > after][:3]:
                return found
            self.more.clear()
            await self.more.wait()

    async def load(self) -> int:
        return self.cursor

    async def save(self, row: int) -> None:
        if self.save_fails:
            self.save_fails -= 1
            raise KeyboardInterrupt
        self.cursor = row
        self.saves.append(row)

    async def message(self, row: int, place: int) -> Message:
        return Message(f"topic/{row}", b"payload-%d" % place, T + row)

    async def keep(self, kept: Sequence[Quarantined]) -> None:
        self.kept |= {(one.row, one.place, one.quantity): one for one in kept}

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def writer(self, store: object, linger_s: float = 0.0) -> StoreWriter:
        seams = WriterSeams(self.feed, self.load, self.save, self.message, self.keep)
        return StoreWriter(store, seams, linger_s=linger_s, pause=self.pause)  # type: ignore[arg-type]


@asynccontextmanager
async def running(writer: StoreWriter) -> AsyncIterator[None]:
    task = asyncio.create_task(writer.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what it waits for has no event, by design
        await asyncio.sleep(0)


class Recording:
    """A store that notes the size of every batch, and answers as told."""

    def __init__(self, *answers: BaseException | tuple[int, str]) -> None:
        self.answers = list(answers)
        self.sizes: list[int] = []
        self.times: list[int] = []

    async def write(self, batch: Sequence[Reading]) -> WriteReport:
        match self.answers.pop(0) if self.answers else None:
            case BaseException() as error:
                raise error
            case (int(n), str(why)):
                refused = tuple((one, why) for one in batch if one.at == T + n)
            case _:
                refused = ()
        self.sizes.append(len(batch))
        self.times += [one.at - T for one in batch]
        return WriteReport(len(batch) - len(refused), refused)


@pytest.mark.asyncio
async def test_readings_reach_the_store_and_the_cursor_follows():
    bay, store = Bay(), MemoryStore()
    bay.add(heard(1, [reading(1), reading(2)]), heard(2), heard(3, [reading(3)]), heard(4, [reading(4)]))
    writer = bay.writer(store)
    async with running(writer):
        await writer.drain(4)
    assert [point.at - T for point in await store.points("light", 0, 2 * T)] == [1, 2, 3, 4]
    assert bay.cursor == 4
    status = writer.status
    assert (status.written, status.refused, status.pending, status.cursor_at) == (4, 0, 0, T + 4)


@pytest.mark.asyncio
async def test_it_goes_on_after_the_cursor_and_rows_without_readings_move_it():
    bay, store = Bay(), Recording()
    bay.cursor = 2
    bay.add(heard(1, [reading(1)]), heard(2, [reading(2)]), heard(3, [reading(3)]), heard(4), heard(5))
    writer = bay.writer(store)
    async with running(writer):
        await writer.drain(5)
    assert store.times == [3]
    assert bay.cursor == 5


@pytest.mark.asyncio
async def test_batches_are_full_and_end_with_a_row():
    bay, store = Bay(), Recording()
    bay.add(*(heard(row, [reading(row * 2000 + n) for n in range(2000)]) for row in range(1, 6)))
    writer = bay.writer(store, linger_s=60.0)
    async with running(writer):
        await writer.drain(5)
    assert store.sizes == [4000, 2000, 4000]
    assert bay.saves == [2, 3, 5]


@pytest.mark.asyncio
async def test_a_row_larger_than_a_batch_is_written_in_pieces_before_the_cursor_moves():
    bay, store = Bay(), Recording()
    bay.add(heard(1, [reading(n) for n in range(2 * READINGS_PER_WRITE + 1)]))
    writer = bay.writer(store)
    async with running(writer):
        await writer.drain(1)
    assert store.sizes == [READINGS_PER_WRITE, READINGS_PER_WRITE, 1]
    assert bay.saves == [1]


@pytest.mark.asyncio
async def test_a_drain_cuts_the_linger_short():
    bay, store = Bay(), Recording()
    writer = bay.writer(store, linger_s=3600.0)
    async with running(writer):
        bay.add(heard(1, [reading(1)]))
        await until(lambda: writer.status.taken == 1)
        assert store.sizes == []
        async with asyncio.timeout(5):
            await writer.drain(1)
            bay.add(heard(2, [reading(2)]))
            await writer.drain(2)
    assert store.sizes == [1, 1]


@pytest.mark.asyncio
async def test_a_drain_at_the_moment_in_which_the_linger_ends_waits_like_any_other():
    writer = Bay().writer(Recording(), linger_s=0.0)
    with suppress(TimeoutError):
        async with asyncio.timeout(0) as writer._lingering:
            await asyncio.sleep(60)
    await writer.drain(0)


@pytest.mark.asyncio
async def test_a_store_that_is_away_is_asked_again_with_growing_pauses_and_its_own_wish_first():
    bay = Bay()
    away = [UnavailableError("gone") for _ in range(8)]
    store = Recording(*away, UnavailableError("busy", retry_after=7.0), UnavailableError("busy", retry_after=9999.0))
    bay.add(heard(1, [reading(1)]))
    writer = bay.writer(store)
    async with running(writer):
        await writer.drain(1)
    assert bay.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 7.0, 300.0]
    assert store.times == [1]
    assert (writer.status.retries, writer.status.waiting_for) == (10, "")


@pytest.mark.asyncio
async def test_while_the_store_is_away_the_status_says_why_and_the_cursor_stands():
    bay, store = Bay(), MemoryStore()
    store.away = "InfluxDB is not there"
    bay.add(heard(1, [reading(1)]))
    writer = bay.writer(store)
    async with running(writer):
        await until(lambda: bay.pauses != [])
        assert writer.status.waiting_for == "InfluxDB is not there"
        assert (writer.status.cursor, writer.status.pending, bay.cursor) == (0, 1, 0)
        store.away = None
        await writer.drain(1)
    assert writer.status.waiting_for == ""


@pytest.mark.asyncio
async def test_a_crash_between_write_and_cursor_writes_the_same_points_again():
    bay, store = Bay(), MemoryStore()
    bay.add(heard(1, [reading(1)]), heard(2, [reading(2)]))
    bay.save_fails = 1
    with pytest.raises(KeyboardInterrupt):
        await bay.writer(store)._carry(bay.rows)
    assert (bay.cursor, store.writes) == (0, 1)
    writer = bay.writer(store)
    async with running(writer):
        await writer.drain(2)
    assert store.writes == 2
    assert [point.at - T for point in await store.points("light", 0, 2 * T)] == [1, 2]
    assert bay.cursor == 2


@pytest.mark.asyncio
async def test_what_the_store_refuses_is_kept_aside_with_the_message_it_came_in():
    bay, store = Bay(), MemoryStore()
    bad = reading(3, nonsense=1.0)
    bay.add(heard(7, [reading(1), reading(2), bad, reading(4)], points=[0, 2, 0, 1, 1]))
    writer = bay.writer(store)
    async with running(writer):
        await writer.drain(7)
    (kept,) = bay.kept.values()
    assert (kept.row, kept.place, kept.quantity) == (7, 3, "")
    assert (kept.topic, kept.payload, kept.received, kept.key) == ("topic/7", b"payload-3", T + 7, b"key-3")
    assert kept.reason == "the store refuses it: unknown quantity 'nonsense'"
    assert (writer.status.written, writer.status.refused) == (3, 1)


@pytest.mark.asyncio
async def test_several_refused_points_of_one_message_are_one_entry_and_equal_keys_are_told_apart():
    bay, store = Bay(), MemoryStore()
    bad = reading(3, nonsense=1.0)
    bay.add(heard(1, [bad, bad, bad], points=[2, 1]))
    writer = bay.writer(store)
    async with running(writer):
        await writer.drain(1)
    assert [(one.place, one.reason.endswith("(and 1 more of its points)")) for one in bay.kept.values()] == [
        (0, True),
        (1, False),
    ]


@pytest.mark.asyncio
async def test_what_is_kept_aside_twice_is_kept_once():
    bay, store = Bay(), MemoryStore()
    bay.add(heard(1, [reading(1, nonsense=1.0)]))
    writer = bay.writer(store)
    await writer._carry(bay.rows)
    await writer._carry(bay.rows)
    assert len(bay.kept) == 1


@pytest.mark.asyncio
async def test_a_fault_of_ours_ends_the_writer_loudly():
    bay = Bay()
    bay.add(heard(1, [reading(1)]))
    with pytest.raises(ZeroDivisionError):
        await bay.writer(Recording(ZeroDivisionError())).run()
    assert bay.cursor == 0
