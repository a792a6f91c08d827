"""The dispatcher sends what the outbox says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from domain.errors import RejectedError, UnavailableError
from services.dispatch.dispatcher import Dispatcher, Pace
from services.dispatch.orders import Addressed
from services.judge import Outcome
from tests.contracts.memory_judge_store import MemoryJudgeStore

QUICK = Pace(first_wait=0.001, longest_wait=0.01)


class Standing:
    def now(self) -> int:
        return 5


class Broker:
    """Takes messages; away for the first `away` of them; refuses a topic; sees how many come at once."""

    def __init__(self, away: int = 0, refuses: str = "-") -> None:
        self.away, self.refuses = away, refuses
        self.taken: list[tuple[str, bytes, bool]] = []
        self.at_once = self.most = 0
        self.heard = asyncio.Event()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if self.away:
            self.away -= 1
            raise UnavailableError("away")
        if topic == self.refuses:
            raise RejectedError("no such topic")
        self.taken.append((topic, payload, retain))
        self.heard.set()


def addressed(order: str, revision: int, *, urgent: str = "P3") -> Addressed:
    return Addressed(f"{order}:{revision}", order, revision, f"to/{order}", b"%d" % revision, True, urgent)


def filled(*messages: Addressed) -> MemoryJudgeStore:
    store = MemoryJudgeStore()
    store.commit(Outcome(1, 1, changed=True, outbox=messages), {})
    return store


@asynccontextmanager
async def running(store: MemoryJudgeStore, broker: Broker, pace: Pace = QUICK) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(store, broker, Standing(), pace)
    task = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.asyncio
async def test_everything_is_sent_once_each_order_in_its_order_and_marked():
    messages = [addressed(order, revision) for revision in range(4) for order in "abc"]
    store, broker = filled(*messages), Broker()
    async with running(store, broker) as dispatcher:
        await dispatcher.drained()
    assert sorted(broker.taken) == sorted((m.topic, m.payload, True) for m in messages)
    for order in "abc":
        assert [payload for topic, payload, _ in broker.taken if topic == f"to/{order}"] == [b"0", b"1", b"2", b"3"]
    assert store.outbox_counts() == {"pending": 0, "sent": 12, "dead": 0}
    assert set(store.told.values()) == {5}


@pytest.mark.asyncio
async def test_a_broker_that_is_away_gets_everything_when_it_is_back():
    store, broker = filled(*(addressed("a", revision) for revision in range(3))), Broker(away=4)
    async with running(store, broker) as dispatcher:
        await dispatcher.drained()
        assert dispatcher.waiting_for == ""
    assert [payload for _, payload, _ in broker.taken] == [b"0", b"1", b"2"]


@pytest.mark.asyncio
async def test_what_can_never_be_sent_is_buried_and_stops_nothing():
    store, broker = filled(addressed("a", 0), addressed("b", 0), addressed("b", 1)), Broker(refuses="to/a")
    async with running(store, broker) as dispatcher:
        await dispatcher.drained()
    assert store.outbox_counts() == {"pending": 0, "sent": 2, "dead": 1}
    assert "no such topic" in store.told.values()


@pytest.mark.asyncio
async def test_no_more_are_in_flight_than_it_may_and_urgent_ones_go_first():
    calm = [addressed(f"o{n}", 0) for n in range(20)]
    store, broker = filled(*calm, addressed("fire", 0, urgent="P0")), Broker()
    async with running(store, broker, Pace(at_once=3)) as dispatcher:
        await dispatcher.drained()
    assert broker.most == 3
    assert "to/fire" in [topic for topic, _, _ in broker.taken[:3]]


@pytest.mark.asyncio
async def test_drained_waits_for_what_was_committed_before_it():
    store, broker = MemoryJudgeStore(), Broker()
    async with running(store, broker) as dispatcher:
        await dispatcher.drained()
        for row in range(2, 6):
            store.commit(Outcome(row, row, changed=True, outbox=(addressed("a", row),)), {})
            await dispatcher.drained()
            assert len(broker.taken) == row - 1


@pytest.mark.asyncio
async def test_a_wake_up_is_enough():
    store, broker = MemoryJudgeStore(), Broker()
    async with running(store, broker) as dispatcher:
        await dispatcher.drained()
        store.commit(Outcome(2, 2, changed=True, outbox=(addressed("a", 1),)), {})
        dispatcher.wake()
        async with asyncio.timeout(2):
            await broker.heard.wait()
    assert len(broker.taken) == 1


@pytest.mark.asyncio
async def test_an_outbox_that_is_away_is_asked_again():
    class Away(MemoryJudgeStore):
        times = 2

        def pending(self, limit: int):  # type: ignore[no-untyped-def]
            if self.times:
                self.times -= 1
                raise UnavailableError("database")
            return super().pending(limit)

    store, broker = Away(), Broker()
    store.commit(Outcome(1, 1, changed=True, outbox=(addressed("a", 1),)), {})
    async with running(store, broker) as dispatcher:
        await dispatcher.drained()
    assert len(broker.taken) == 1
