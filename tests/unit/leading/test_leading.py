"""What a process does with its lease: acknowledges and says nothing while another might lead."""

import asyncio
from collections.abc import AsyncIterator
from threading import Event

import pytest

from domain.errors import ConflictError, UnavailableError
from domain.ports import Arrived, SettleToken
from services.leading import Leader, Leading, LedPublisher, LedSource

pytestmark = pytest.mark.asyncio
SPAN_S = 0.2


class OneLease:
    """A lease whose database is there, away, or says that another leads."""

    def __init__(self) -> None:
        self.held: Leader | None = None
        self.wrong: Exception | None = None
        self.other = False
        self.renewed = Event()
        self.released = False

    def take(self) -> Leader:
        leader = Leader(1, 1, "coast", "a", "node a", 0, 1, 0)
        if self.wrong is not None:
            raise self.wrong
        if not self.other:
            self.held = leader
        return leader

    def renew(self) -> None:
        self.renewed.set()
        if self.wrong is not None:
            raise self.wrong

    def release(self) -> None:
        self.released = True


class Wire:
    """A source and a publisher that write down what they are told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.all_told = asyncio.Event()

    async def batches(self) -> AsyncIterator[Arrived]:
        return
        yield

    async def settle(self, token: SettleToken) -> None:
        self.told.append(token.packets[0])
        if token.packets[0] == 3:
            self.all_told.set()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        del payload, retain
        self.told.append(topic)

    async def close(self) -> None:
        pass


class Beat:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def led(lease: OneLease, beat: Beat) -> Leading:
    leading = Leading(lease, SPAN_S, beat)
    await leading.won(lambda _: None)
    return leading


async def test_it_waits_until_nobody_else_leads_and_says_why():
    lease, told = OneLease(), list[str]()
    lease.other = True
    leading = Leading(lease, SPAN_S, Beat())

    def hear(why: str) -> None:
        told.append(why)
        lease.wrong = UnavailableError("database: away") if len(told) == 1 else None
        lease.other = len(told) < 2

    await leading.won(hear)
    assert told == ["stands by: node a leads", "stands by: database: away"]
    await leading.leave()
    assert lease.released


async def test_in_doubt_nothing_is_acknowledged_or_said_and_afterwards_all_of_it_in_its_order():
    lease, beat, wire = OneLease(), Beat(), Wire()
    leading = await led(lease, beat)
    source, publisher = LedSource(wire, leading), LedPublisher(wire, leading)
    await source.settle(SettleToken(1, (1,)))
    lease.wrong = UnavailableError("database: away")
    beat.now = SPAN_S * 2
    await source.settle(SettleToken(1, (2,)))
    await source.settle(SettleToken(1, (3,)))
    speaking = asyncio.create_task(publisher.publish("t", b""))
    await asyncio.sleep(0)
    assert (wire.told, speaking.done()) == ([1], False)
    lease.wrong = None
    await speaking
    await asyncio.wait_for(wire.all_told.wait(), 5)
    assert [one for one in wire.told if one != "t"] == [1, 2, 3]
    await leading.leave()


async def test_once_another_leads_it_ends_and_lets_go_of_nothing():
    lease, wire = OneLease(), Wire()
    leading = await led(lease, Beat())
    source = LedSource(wire, leading)
    lease.wrong = ConflictError("node b leads now")
    with pytest.raises(ConflictError, match="node b"):
        await leading.lost()
    await source.settle(SettleToken(1, (1,)))
    with pytest.raises(ConflictError, match="node b"):
        await LedPublisher(wire, leading).publish("t", b"")
    await source.close()
    await leading.leave()
    assert (wire.told, lease.released) == ([], False)
