"""One contract for every way between the make-believe coast and the service."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiomqtt
import pytest
import pytest_asyncio

from domain.errors import RejectedError, UnavailableError
from simulators.broker import PocketBroker
from simulators.transport import Incoming, Outgoing, Transport
from simulators.transports.memory import MemoryTransport
from simulators.transports.mqtt import MqttTransport, MqttTransportSettings
from tests.machines.mosquitto import Mosquitto, free_port

PATIENCE_S = 10.0
SHORT_S = 0.5  # what aiomqtt takes to notice that a broker closed the connection instead of saying CONNACK
Say = Callable[[str, bytes, bool], Awaitable[None]]


@dataclass
class Service:
    """The other side: what reached it, and how it speaks."""

    say: Say
    queue: asyncio.Queue[Outgoing] = field(default_factory=asyncio.Queue)

    async def until(self, count: int) -> list[Outgoing]:
        """The first so many different messages, in the order in which each came first."""
        heard: dict[Outgoing, None] = {}
        async with asyncio.timeout(PATIENCE_S):
            while len(heard) < count:
                heard[await self.queue.get()] = None
        return list(heard)


@asynccontextmanager
async def service_at(port: int) -> AsyncIterator[Service]:
    """A service that hears everything through a session, so that a broker's outage costs it nothing."""

    async def say(topic: str, payload: bytes, retain: bool) -> None:
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.publish(topic, payload, 1, retain)

    service = Service(say)

    async def listen() -> None:
        while True:
            try:
                session = {"identifier": "service", "clean_session": False, "timeout": SHORT_S}
                async with aiomqtt.Client("127.0.0.1", port, **session) as client:
                    if not ready.is_set():
                        await client.subscribe("up/#", 1)  # the session remembers it
                        ready.set()
                    async for message in client.messages:
                        service.queue.put_nowait(Outgoing(message.topic.value, bytes(message.payload)))
            except aiomqtt.MqttError:
                await asyncio.sleep(0.02)

    ready = asyncio.Event()
    task = asyncio.create_task(listen())
    await asyncio.wait_for(ready.wait(), PATIENCE_S)
    yield service
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def coast_at(port: int, name: str = "coast", **said: object) -> AsyncIterator[MqttTransport]:
    transport = MqttTransport(MqttTransportSettings("127.0.0.1", port, name, **said))
    yield transport
    await transport.close()


@pytest_asyncio.fixture(params=["memory", "pocket", pytest.param("mosquitto", marks=pytest.mark.machine)])
async def both(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Transport, Service]]:
    if request.param == "memory":
        transport, service = in_memory()
        yield transport, service
        await transport.close()
    elif request.param == "pocket":
        async with PocketBroker() as broker, service_at(broker.port) as service, coast_at(broker.port) as transport:
            yield transport, service
    else:
        port = request.getfixturevalue("mosquitto").port
        async with service_at(port) as service, coast_at(port) as transport:
            yield transport, service


def in_memory() -> tuple[MemoryTransport, Service]:
    async def deliver(messages: Sequence[Outgoing]) -> None:
        await asyncio.sleep(0)
        for message in messages:
            service.queue.put_nowait(message)

    async def say(topic: str, payload: bytes, retain: bool) -> None:
        transport.hear(topic, payload, retain=retain)

    transport = MemoryTransport(deliver)
    service = Service(say)
    return transport, service


def readings(count: int, first: int = 0) -> list[Outgoing]:
    return [Outgoing(f"up/{number % 7}", b"%d" % number) for number in range(first, first + count)]


async def received(transport: Transport) -> Incoming:
    return await asyncio.wait_for(transport.receive(), PATIENCE_S)


@pytest.mark.asyncio
async def test_what_is_published_arrives_in_order(both: tuple[Transport, Service]):
    transport, service = both
    await transport.publish(readings(300))
    assert await service.until(300) == readings(300)


@pytest.mark.asyncio
async def test_nothing_to_publish_is_published_at_once(both: tuple[Transport, Service]):
    await asyncio.wait_for(both[0].publish([]), PATIENCE_S)


@pytest.mark.asyncio
async def test_an_impossible_topic_is_the_callers_fault_and_stops_nobody_else(both: tuple[Transport, Service]):
    transport, service = both
    with pytest.raises(ValueError, match=r"."):
        await transport.publish([Outgoing("up/#", b"x")])
    await transport.publish(readings(1))
    assert await service.until(1) == readings(1)


@pytest.mark.asyncio
async def test_what_the_service_says_comes_to_the_subscriptions_and_nothing_else_does(
    both: tuple[Transport, Service],
):
    transport, service = both
    await transport.subscribe(["crew/+/orders/#", "clock/judged"])
    await service.say("crew/c1/receipts", b"not asked for", False)
    await service.say("crew/c1/orders/7", b"{}", False)
    await service.say("clock/judged", b"1", False)
    assert await received(transport) == Incoming("crew/c1/orders/7", b"{}", retained=False)
    assert await received(transport) == Incoming("clock/judged", b"1", retained=False)


@pytest.mark.asyncio
async def test_a_late_subscriber_is_told_what_was_retained_and_not_what_was_cleared(both: tuple[Transport, Service]):
    transport, service = both
    for topic, payload in (("orders/1", b"open"), ("orders/2", b"open"), ("orders/1", b""), ("orders/3", b"old")):
        await service.say(topic, payload, True)
    await service.say("orders/3", b"new", True)
    await transport.subscribe(["orders/+"])
    heard = sorted([await received(transport), await received(transport)])
    assert heard == [Incoming("orders/2", b"open", retained=True), Incoming("orders/3", b"new", retained=True)]
    await service.say("orders/3", b"", True)
    assert await received(transport) == Incoming("orders/3", b"", retained=False)


@pytest.mark.asyncio
async def test_a_question_and_its_answer_take_a_few_milliseconds(both: tuple[Transport, Service]):
    transport, service = both
    loop = asyncio.get_running_loop()
    await transport.subscribe(["clock/judged"])
    took: list[float] = []
    for number in range(1, 16):
        started = loop.time()
        await transport.publish(readings(20, first=20 * number))
        took.append(loop.time() - started)
    await service.until(15 * 20)
    assert statistics.median(took) < 0.03  # Nagle and a delayed acknowledgement would make it 40 ms and more


# Over a broker, which may be away.


@dataclass
class Outage:
    port: int
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]]


@pytest_asyncio.fixture(params=["pocket", pytest.param("mosquitto", marks=pytest.mark.machine)])
async def outage(request: pytest.FixtureRequest) -> AsyncIterator[Outage]:
    if request.param == "pocket":
        async with PocketBroker() as broker:
            yield Outage(broker.port, broker.close, broker.open)
    else:
        machine: Mosquitto = request.getfixturevalue("mosquitto")
        yield Outage(machine.port, lambda: asyncio.to_thread(machine.stop), lambda: asyncio.to_thread(machine.start))


@pytest.mark.asyncio
async def test_an_outage_in_the_middle_of_a_publish_loses_nothing_and_keeps_the_order(outage: Outage):
    async with service_at(outage.port) as service, coast_at(outage.port) as transport:
        await transport.publish(readings(1))
        publishing = asyncio.create_task(transport.publish(readings(5000, first=1)))
        await asyncio.sleep(0.05)
        await outage.begin()
        assert not publishing.done()
        later = asyncio.create_task(transport.publish(readings(10, first=5001)))
        await asyncio.sleep(0.1)
        await outage.end()
        await asyncio.wait_for(asyncio.gather(publishing, later), PATIENCE_S)
        assert await service.until(5011) == readings(5011)


@pytest.mark.asyncio
async def test_subscriptions_live_through_an_outage(outage: Outage):
    async with coast_at(outage.port) as transport:
        await transport.subscribe(["a", "b"])
        await outage.begin()
        asking = asyncio.create_task(transport.subscribe(["c"]))
        await asyncio.sleep(0.1)
        await outage.end()
        await asyncio.wait_for(asking, PATIENCE_S)
        async with aiomqtt.Client("127.0.0.1", outage.port) as client:
            for topic in "abc":
                await client.publish(topic, b"x", 1)
        assert [(await received(transport)).topic for _ in "abc"] == ["a", "b", "c"]


@pytest.mark.asyncio
async def test_what_was_sent_while_it_was_away_arrives_when_it_is_back(outage: Outage):
    async with coast_at(outage.port) as transport:
        await transport.subscribe(["orders/#"])
    async with aiomqtt.Client("127.0.0.1", outage.port) as client:
        for number in range(5):
            await client.publish(f"orders/{number}", b"x", 1)
    async with coast_at(outage.port) as transport:
        assert [(await received(transport)).topic for _ in range(5)] == [f"orders/{number}" for number in range(5)]


@pytest.mark.asyncio
async def test_it_waits_for_a_broker_that_is_not_there_yet():
    port = free_port()
    async with coast_at(port) as transport:
        publishing = asyncio.create_task(transport.publish(readings(3)))
        await asyncio.sleep(0.1)
        async with PocketBroker(port=port):
            await asyncio.wait_for(publishing, PATIENCE_S)


@pytest.mark.asyncio
async def test_connections_cut_again_and_again_lose_nothing():
    async with (
        PocketBroker() as broker,
        service_at(broker.port) as service,
        coast_at(broker.port, timeout_s=SHORT_S) as transport,
    ):
        for round_ in range(8):
            publishing = asyncio.create_task(transport.publish(readings(100, first=100 * round_)))
            await asyncio.sleep(0.003 * round_)
            broker.cut()
            await asyncio.wait_for(publishing, PATIENCE_S)
        assert await service.until(800) == readings(800)


@pytest.mark.asyncio
async def test_the_will_tells_that_a_connection_broke_and_leaving_in_order_does_not():
    async with PocketBroker() as broker, service_at(broker.port) as service:
        will = Outgoing("up/status", b"offline")
        async with coast_at(broker.port, will=will) as transport:
            await transport.publish(readings(1))
        async with coast_at(broker.port, will=will) as transport:
            await transport.publish(readings(1, first=1))
            broker.cut()
            await transport.publish(readings(1, first=2))
        assert await service.until(4) == [*readings(2), will, *readings(1, first=2)]


@pytest.mark.asyncio
async def test_a_broker_that_refuses_for_good_is_not_asked_again():
    async with PocketBroker(passwords={}) as broker, coast_at(broker.port) as transport:
        calls = (transport.publish(readings(1)), transport.subscribe(["t"]), transport.receive())
        answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), PATIENCE_S)
        assert [type(answer) for answer in answers] == [RejectedError] * 3


@pytest.mark.asyncio
async def test_closed_it_leaves_the_broker_and_ends_what_was_waiting():
    async with PocketBroker() as broker:
        async with coast_at(broker.port) as transport:
            await transport.publish(readings(1))
            waiting = asyncio.create_task(transport.receive())
            await asyncio.sleep(0)
        with pytest.raises(UnavailableError):
            await waiting
        assert broker.connections == 0
        with pytest.raises(UnavailableError):
            await transport.publish(readings(1))
