"""What every source promises, on a real mosquitto and on the pocket broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from domain.messages import Flag
from domain.naming import TAKEN_OVER
from domain.ports import SettleToken
from simulators.broker import PocketBroker
from tests.contracts.source_harness import KINDS, Consumer, Publisher, make_source, ready, up
from tests.machines.mosquitto import Mosquitto

pytestmark = pytest.mark.parametrize("kind", KINDS)


@dataclass
class Broker:
    """One that runs, remembers sessions, and can be stopped and started."""

    port: int
    restart: Callable[[], Awaitable[None]]
    burst: int  # as many messages as it carries in a second or so


@pytest_asyncio.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.machine), "pocket"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    if request.param == "mosquitto":
        mosquitto: Mosquitto = request.getfixturevalue("mosquitto")
        yield Broker(mosquitto.port, lambda: asyncio.to_thread(mosquitto.restart), 10_000)
        return
    async with PocketBroker() as pocket:

        async def restart() -> None:
            await pocket.close()
            await pocket.open()

        yield Broker(pocket.port, restart, 2_000)


@pytest_asyncio.fixture
async def device(broker: Broker) -> AsyncIterator[Publisher]:
    publisher = Publisher(broker.port)
    yield publisher
    await publisher.close()


@pytest.mark.asyncio
async def test_a_message_comes_with_its_topic_its_bytes_and_its_receive_time(
    kind: str, broker: Broker, device: Publisher
):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"\x00\xff{}")])
        await consumer.until(lambda: len(consumer.messages) == 1)
    assert consumer.messages[0] == (up(1), b"\x00\xff{}", 1_790_000_000_000, Flag.NONE)
    assert consumer.stream[:2] == ["up", "passed"]
    assert consumer.notes[0] == {"state": "up", "epoch": 1}
    assert consumer.failure is None


@pytest.mark.asyncio
async def test_messages_of_qos_0_come_too_and_need_no_settling(kind: str, broker: Broker, device: Publisher):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"fleeting")], qos=0)
        await consumer.until(lambda: consumer.payloads == [b"fleeting"])
        assert consumer.batches[-1].token.packets == ()


@pytest.mark.asyncio
async def test_qos_2_is_never_granted(kind: str, broker: Broker, device: Publisher):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"twice assured")], qos=2)
        await consumer.until(lambda: consumer.payloads == [b"twice assured"])


@pytest.mark.asyncio
async def test_what_is_not_settled_comes_again_and_what_is_settled_does_not(
    kind: str, broker: Broker, device: Publisher
):
    async with Consumer(make_source(kind, broker.port)) as first:
        await ready(first)
        await device.publish([(up(1), b"kept")])
        await first.until(lambda: first.payloads == [b"kept"])
        first.settles = False
        await device.publish([(up(1), b"not kept")])
        await first.until(lambda: b"not kept" in first.payloads)
    async with Consumer(make_source(kind, broker.port)) as second:
        await ready(second)
        assert second.payloads == [b"not kept"]


@pytest.mark.asyncio
async def test_what_waited_at_the_broker_is_marked_as_back_log_until_the_marker_returns(
    kind: str, broker: Broker, device: Publisher
):
    async with Consumer(make_source(kind, broker.port)) as first:
        await ready(first)
    await device.publish([(up(n), b"waited %d" % n) for n in range(50)])
    async with Consumer(make_source(kind, broker.port)) as second:
        await ready(second)
        await device.publish([(up(1), b"live")])
        await second.until(lambda: len(second.messages) == 51)
    assert [message.flags for message in second.messages] == [Flag.BACKLOG] * 50 + [Flag.NONE]
    assert second.stream[-2:] == ["passed", "live"]


@pytest.mark.asyncio
async def test_a_retained_message_is_a_replay_but_a_live_publish_with_the_retain_bit_is_not(
    kind: str, broker: Broker, device: Publisher
):
    await device.publish([(up(1), b"lay there")], retain=True)
    async with Consumer(make_source(kind, broker.port)) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"just now")], retain=True)
        await consumer.until(lambda: len(consumer.messages) == 2)
    assert [(m.payload, m.flags) for m in consumer.messages] == [
        (b"lay there", Flag.RETAINED),
        (b"just now", Flag.NONE),
    ]


@pytest.mark.asyncio
async def test_a_burst_of_thousands_through_a_small_window_loses_nothing_and_keeps_each_devices_order(
    kind: str, broker: Broker, device: Publisher
):
    source = make_source(kind, broker.port, receive_maximum=500)
    async with Consumer(source) as consumer:
        await ready(consumer)
        await device.publish([(up(n % 100), b"%d" % n) for n in range(broker.burst)])
        await consumer.until(lambda: len(consumer.messages) == broker.burst)
    assert sorted(map(int, consumer.payloads)) == list(range(broker.burst))
    for n in range(100):
        of_one = [int(m.payload) for m in consumer.messages if m.topic == up(n)]
        assert of_one == sorted(of_one)
    assert max(len(batch.messages) for batch in consumer.batches) <= 1000


@pytest.mark.asyncio
async def test_a_receive_maximum_bounds_what_is_unacknowledged(kind: str, broker: Broker, device: Publisher):
    if kind == "paho-3.1.1":
        pytest.skip("3.1.1 has no receive maximum")
    source = make_source(kind, broker.port, receive_maximum=20)
    async with Consumer(source, settles=False) as consumer:
        await consumer.until(lambda: "passed" in consumer.states)
        for token in consumer.tokens:
            await source.settle(token)
        settled = len(consumer.tokens)
        await device.publish([(up(n), b"%d" % n) for n in range(100)])
        await consumer.until(lambda: len(consumer.messages) >= 20)
        await asyncio.sleep(0.05)
        assert len(consumer.messages) < 60  # mosquitto 2.0.11 sometimes sends a few more than it may
        consumer.settles = True
        for token in consumer.tokens[settled:]:
            await source.settle(token)
        await consumer.until(lambda: len(consumer.messages) == 100)


@pytest.mark.asyncio
async def test_a_broker_stopped_and_started_in_mid_stream_loses_nothing(kind: str, broker: Broker, device: Publisher):
    async with Consumer(make_source(kind, broker.port)) as consumer:
        await ready(consumer)
        sending = asyncio.create_task(device.publish([(up(n % 7), b"%d" % n) for n in range(3000)]))
        await consumer.until(lambda: len(consumer.messages) > 300)
        await broker.restart()
        await asyncio.wait_for(sending, 15)
        await consumer.until(lambda: len(set(consumer.payloads)) == 3000)
        await consumer.until(lambda: consumer.states[-3:] == ["down", "up", "passed"])
    assert consumer.states[:3] == ["up", "passed", "down"]
    assert {1, consumer.states.count("up")} <= {token.epoch for token in consumer.tokens}  # it may break off twice


@pytest.mark.asyncio
async def test_two_sources_with_one_client_id_do_not_fight_for_ever(kind: str, broker: Broker):
    one = make_source(kind, broker.port, backoff_first=0.1, backoff_most=30.0)
    two = make_source(kind, broker.port, backoff_first=0.1, backoff_most=30.0)
    async with Consumer(one) as first:
        await ready(first)
        async with Consumer(two) as second:
            await second.until(lambda: "up" in second.states)
            noted = {"state": "down", "why": TAKEN_OVER}
            await second.until(lambda: noted in (*first.notes, *second.notes))
            connections = first.states.count("up") + second.states.count("up")
    assert connections <= 8


@pytest.mark.asyncio
async def test_after_close_the_stream_ends_and_settling_is_harmless(kind: str, broker: Broker, device: Publisher):
    source = make_source(kind, broker.port)
    async with Consumer(source, settles=False) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"open")])
        await consumer.until(lambda: bool(consumer.messages))
    await source.settle(consumer.tokens[-1])
    await source.settle(SettleToken(1, (1, 2, 3)))
    await source.close()
    assert consumer.failure is None


@pytest.mark.asyncio
async def test_a_source_has_one_consumer(kind: str, broker: Broker):
    source = make_source(kind, broker.port)
    async with Consumer(source) as consumer:
        await ready(consumer)
        with pytest.raises(RuntimeError, match="one consumer"):
            await anext(source.batches())


@pytest.mark.asyncio
async def test_settling_just_before_closing_reaches_the_broker(kind: str, broker: Broker, device: Publisher):
    source = make_source(kind, broker.port)
    async with Consumer(source, settles=False) as consumer:
        await ready(consumer)
        await device.publish([(up(n), b"%d" % n) for n in range(900)])
        await consumer.until(lambda: len(consumer.messages) == 900)
        for token in consumer.tokens:
            await source.settle(token)
    async with Consumer(make_source(kind, broker.port)) as second:
        await ready(second)
        assert second.messages == []
