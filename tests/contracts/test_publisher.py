"""One contract for every way that our messages go out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiomqtt
import pytest
import pytest_asyncio
from paho.mqtt.subscribeoptions import SubscribeOptions

from domain.errors import UnavailableError
from domain.ports import Publisher
from services.channels.memory import MemoryPublisher
from services.channels.mqtt import MqttPublisher, MqttPublisherSettings
from simulators.broker import PocketBroker
from tests.machines.mosquitto import Mosquitto, free_port

PATIENCE_S = 10.0
Said = tuple[str, bytes, bool]


@dataclass
class Place:
    """A publisher, and what was heard of it on the other side."""

    publisher: Publisher
    heard: asyncio.Queue[Said]

    async def until(self, count: int) -> list[Said]:
        async with asyncio.timeout(PATIENCE_S):
            return [await self.heard.get() for _ in range(count)]


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[asyncio.Queue[Said]]:
    """Everything that is published at a broker, with the retain flag as it was sent."""
    heard: asyncio.Queue[Said] = asyncio.Queue()

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            heard.put_nowait((message.topic.value, bytes(message.payload), message.retain))

    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe("#", options=SubscribeOptions(qos=1, retainAsPublished=True))
        task = asyncio.create_task(listen(client))
        yield heard
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def over_mqtt(port: int) -> AsyncIterator[Place]:
    async with listening(port) as heard, MqttPublisher(MqttPublisherSettings("127.0.0.1", port)) as publisher:
        yield Place(publisher, heard)


@pytest_asyncio.fixture(params=["memory", "pocket", pytest.param("mosquitto", marks=pytest.mark.machine)])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    if request.param == "memory":
        heard: asyncio.Queue[Said] = asyncio.Queue()
        yield Place(MemoryPublisher(lambda *said: heard.put_nowait(said)), heard)
    elif request.param == "pocket":
        async with PocketBroker() as broker, over_mqtt(broker.port) as place:
            yield place
    else:
        async with over_mqtt(request.getfixturevalue("mosquitto").port) as place:
            yield place


@pytest.mark.asyncio
async def test_a_message_arrives_as_it_was_given(place: Place):
    await place.publisher.publish("tidewalk/s/crew/c/orders/1", "【演练】".encode(), retain=True)
    await place.publisher.publish("tidewalk/s/crew/c/receipts", b"{}")
    await place.publisher.publish("tidewalk/s/crew/c/orders/1", b"", retain=True)
    assert await place.until(3) == [
        ("tidewalk/s/crew/c/orders/1", "【演练】".encode(), True),
        ("tidewalk/s/crew/c/receipts", b"{}", False),
        ("tidewalk/s/crew/c/orders/1", b"", True),
    ]


@pytest.mark.asyncio
async def test_publishes_side_by_side_arrive_in_the_order_they_were_called_in(place: Place):
    await asyncio.gather(*(place.publisher.publish("t", b"%d" % number) for number in range(250)))
    assert [payload for _, payload, _ in await place.until(250)] == [b"%d" % number for number in range(250)]


@pytest.mark.asyncio
async def test_a_topic_that_nobody_can_publish_to_is_refused_and_the_next_message_goes_out(place: Place):
    for topic in ("", "a/#", "a/+"):
        with pytest.raises(ValueError, match=r"."):
            await place.publisher.publish(topic, b"x")
    await place.publisher.publish("t", b"good")
    assert await place.until(1) == [("t", b"good", False)]


# Over a broker, which may be away.


@asynccontextmanager
async def publisher(port: int, **said: object) -> AsyncIterator[MqttPublisher]:
    async with MqttPublisher(MqttPublisherSettings("127.0.0.1", port, **said)) as publisher:
        yield publisher


async def eventually(act: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await act()
            except UnavailableError:
                await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_without_a_broker_it_is_unavailable_at_once_and_says_when_to_try_again():
    async with publisher(free_port()) as away:
        with pytest.raises(UnavailableError) as refused:
            await asyncio.wait_for(away.publish("t", b"x"), 2)
        assert refused.value.retry_after is not None
        assert 0 < refused.value.retry_after < 10


@pytest.mark.machine
@pytest.mark.asyncio
async def test_it_comes_back_after_an_outage_of_the_broker(mosquitto: Mosquitto):
    async with publisher(mosquitto.port) as ours:
        await ours.publish("t", b"before")
        await asyncio.to_thread(mosquitto.stop)
        with pytest.raises(UnavailableError):
            await ours.publish("t", b"during")
        await asyncio.to_thread(mosquitto.start)
        await eventually(lambda: ours.publish("t", b"after", retain=True))
        async with listening(mosquitto.port) as heard:
            assert await Place(ours, heard).until(1) == [("t", b"after", True)]


@pytest.mark.asyncio
async def test_a_connection_cut_under_a_publish_raises_at_once_and_heals():
    async with silent_broker() as port, publisher(port, timeout_s=5) as ours:
        publishing = asyncio.create_task(ours.publish("t", b"x"))
        await asyncio.sleep(0.1)
        assert not publishing.done()
        Silent.last.close()
        with pytest.raises(UnavailableError):
            await asyncio.wait_for(publishing, 1)


@pytest.mark.asyncio
async def test_a_broker_that_does_not_acknowledge_is_unavailable_after_the_time_limit():
    async with silent_broker() as port, publisher(port, timeout_s=0.1) as ours:
        with pytest.raises(UnavailableError, match="acknowledgement"):
            await ours.publish("t", b"x")


@pytest.mark.asyncio
async def test_a_broker_that_does_not_even_say_hello_is_unavailable_after_the_time_limit():
    async with silent_broker(hello=b"") as port, publisher(port, timeout_s=0.1) as ours:
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await asyncio.wait_for(ours.publish("t", b"x"), 1)


WRONG, RIGHT = {"username": "coast", "password": "wrong"}, {"username": "coast", "password": "right"}


@pytest.mark.asyncio
async def test_a_wrong_password_is_unavailable_and_the_reason_says_so():
    async with PocketBroker(passwords={"coast": "right"}) as broker:
        async with publisher(broker.port, **WRONG) as ours:
            with pytest.raises(UnavailableError, match=r"(?i)user name or password"):
                await ours.publish("t", b"x")
        async with publisher(broker.port, **RIGHT) as ours:
            await ours.publish("t", b"x")


@pytest.mark.asyncio
async def test_closed_twice_it_does_no_harm_and_publishes_no_more():
    async with PocketBroker() as broker, publisher(broker.port) as ours:
        await ours.publish("t", b"x")
        await ours.close()
        await ours.close()
        assert broker.connections == 0
        with pytest.raises(UnavailableError):
            await ours.publish("t", b"y")


class Silent(asyncio.Protocol):
    """Says hello and nothing more."""

    last: asyncio.Transport

    def __init__(self, hello: bytes) -> None:
        self._hello = hello

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        Silent.last = transport

    def data_received(self, data: bytes) -> None:
        if data[0] == 0x10:
            Silent.last.write(self._hello)


@asynccontextmanager
async def silent_broker(hello: bytes = b"\x20\x02\x00\x00") -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: Silent(hello), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
