"""What every source promises, on a real mosquitto."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from domain.errors import RejectedError
from domain.messages import Flag
from domain.ports import SettleToken
from tests.contracts.source_harness import KINDS, Consumer, Publisher, make_source, up
from tests.machines.mosquitto import Mosquitto

pytestmark = [pytest.mark.machine, pytest.mark.parametrize("kind", KINDS)]

WRONG = "not this"


@pytest_asyncio.fixture
async def device(mosquitto: Mosquitto) -> AsyncIterator[Publisher]:
    publisher = Publisher(mosquitto.port)
    yield publisher
    await publisher.close()


async def ready(consumer: Consumer) -> None:
    await consumer.until(lambda: "passed" in consumer.states)


@pytest.mark.asyncio
async def test_a_message_comes_with_its_topic_its_bytes_and_its_receive_time(
    kind: str, mosquitto: Mosquitto, device: Publisher
):
    async with Consumer(make_source(kind, mosquitto.port)) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"\x00\xff{}")])
        await consumer.until(lambda: len(consumer.messages) == 1)
    assert consumer.messages[0] == (up(1), b"\x00\xff{}", 1_790_000_000_000, Flag.NONE)
    assert consumer.stream[:2] == ["up", "passed"]
    assert consumer.notes[0] == {"state": "up", "epoch": 1}
    assert consumer.failure is None


@pytest.mark.asyncio
async def test_messages_of_qos_0_come_too_and_need_no_settling(kind: str, mosquitto: Mosquitto, device: Publisher):
    async with Consumer(make_source(kind, mosquitto.port)) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"fleeting")], qos=0)
        await consumer.until(lambda: consumer.payloads == [b"fleeting"])
        assert consumer.batches[-1].token.packets == ()


@pytest.mark.asyncio
async def test_qos_2_is_never_granted(kind: str, mosquitto: Mosquitto, device: Publisher):
    async with Consumer(make_source(kind, mosquitto.port)) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"twice assured")], qos=2)
        await consumer.until(lambda: consumer.payloads == [b"twice assured"])


@pytest.mark.asyncio
async def test_what_is_not_settled_comes_again_and_what_is_settled_does_not(
    kind: str, mosquitto: Mosquitto, device: Publisher
):
    async with Consumer(make_source(kind, mosquitto.port)) as first:
        await ready(first)
        await device.publish([(up(1), b"kept")])
        await first.until(lambda: first.payloads == [b"kept"])
        first.settles = False
        await device.publish([(up(1), b"not kept")])
        await first.until(lambda: b"not kept" in first.payloads)
    async with Consumer(make_source(kind, mosquitto.port)) as second:
        await ready(second)
        assert second.payloads == [b"not kept"]


@pytest.mark.asyncio
async def test_what_waited_at_the_broker_is_marked_as_back_log_until_the_marker_returns(
    kind: str, mosquitto: Mosquitto, device: Publisher
):
    async with Consumer(make_source(kind, mosquitto.port)) as first:
        await ready(first)
    await device.publish([(up(n), b"waited %d" % n) for n in range(50)])
    async with Consumer(make_source(kind, mosquitto.port)) as second:
        await ready(second)
        await device.publish([(up(1), b"live")])
        await second.until(lambda: len(second.messages) == 51)
    assert [message.flags for message in second.messages] == [Flag.BACKLOG] * 50 + [Flag.NONE]
    assert second.stream[-2:] == ["passed", "live"]


@pytest.mark.asyncio
async def test_a_retained_message_is_a_replay_but_a_live_publish_with_the_retain_bit_is_not(
    kind: str, mosquitto: Mosquitto, device: Publisher
):
    await device.publish([(up(1), b"lay there")], retain=True)
    async with Consumer(make_source(kind, mosquitto.port)) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"just now")], retain=True)
        await consumer.until(lambda: len(consumer.messages) == 2)
    assert [(m.payload, m.flags) for m in consumer.messages] == [
        (b"lay there", Flag.RETAINED),
        (b"just now", Flag.NONE),
    ]


@pytest.mark.asyncio
async def test_a_burst_of_10_000_through_a_small_window_loses_nothing_and_keeps_each_devices_order(
    kind: str, mosquitto: Mosquitto, device: Publisher
):
    source = make_source(kind, mosquitto.port, receive_maximum=500)
    async with Consumer(source) as consumer:
        await ready(consumer)
        await device.publish([(up(n % 100), b"%d" % n) for n in range(10_000)])
        await consumer.until(lambda: len(consumer.messages) >= 10_000)
    assert sorted(map(int, consumer.payloads)) == list(range(10_000))
    for n in range(100):
        of_one = [int(m.payload) for m in consumer.messages if m.topic == up(n)]
        assert of_one == sorted(of_one)
    assert max(len(batch.messages) for batch in consumer.batches) <= 1000


@pytest.mark.asyncio
async def test_a_receive_maximum_bounds_what_is_unacknowledged(kind: str, mosquitto: Mosquitto, device: Publisher):
    if kind == "paho-3.1.1":
        pytest.skip("3.1.1 has no receive maximum")
    source = make_source(kind, mosquitto.port, receive_maximum=20)
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
async def test_a_broker_stopped_and_started_in_mid_stream_loses_nothing(
    kind: str, mosquitto: Mosquitto, device: Publisher
):
    async with Consumer(make_source(kind, mosquitto.port)) as consumer:
        await ready(consumer)
        sending = asyncio.create_task(device.publish([(up(n % 7), b"%d" % n) for n in range(3000)]))
        await consumer.until(lambda: len(consumer.messages) > 300)
        await asyncio.to_thread(mosquitto.restart)
        await asyncio.wait_for(sending, 15)
        await consumer.until(lambda: len(set(consumer.payloads)) == 3000)
        await consumer.until(lambda: consumer.states == ["up", "passed", "down", "up", "passed"])
    assert {token.epoch for token in consumer.tokens} == {1, 2}


@pytest.mark.asyncio
async def test_a_broker_that_is_not_there_yet_is_waited_for(kind: str, mosquitto: Mosquitto):
    mosquitto.stop()
    async with Consumer(make_source(kind, mosquitto.port)) as consumer:
        await asyncio.sleep(0.1)
        await asyncio.to_thread(mosquitto.start)
        await ready(consumer)


@pytest.mark.asyncio
async def test_a_broker_that_falls_silent_is_found_out_and_heard_again_afterwards(
    kind: str, mosquitto: Mosquitto, device: Publisher
):
    if kind == "paho-5":
        pytest.skip("two seconds saved: the other protocol shows it, and the scripted broker shows both")
    async with Consumer(make_source(kind, mosquitto.port, keep_alive=1)) as consumer:
        await ready(consumer)
        mosquitto.pause()
        await consumer.until(lambda: "down" in consumer.states)
        mosquitto.go_on()
        await consumer.until(lambda: consumer.states[-1] == "passed")
        await device.publish([(up(1), b"after")])
        await consumer.until(lambda: b"after" in consumer.payloads)


@pytest.mark.asyncio
async def test_a_broker_that_refuses_us_ends_the_stream_with_a_rejection(
    kind: str, start_mosquitto: Callable[..., Mosquitto]
):
    broker = start_mosquitto(anonymous=False)
    async with Consumer(make_source(kind, broker.port, username="tidewalk", password=WRONG)) as consumer:
        await consumer.until(lambda: consumer.failure is not None)
    assert isinstance(consumer.failure, RejectedError)


@pytest.mark.asyncio
async def test_two_sources_with_one_client_id_do_not_fight_for_ever(kind: str, mosquitto: Mosquitto):
    one = make_source(kind, mosquitto.port, backoff_first=0.2, backoff_most=30.0)
    two = make_source(kind, mosquitto.port, backoff_first=0.2, backoff_most=30.0)
    async with Consumer(one) as first:
        await ready(first)
        async with Consumer(two) as second:
            await second.until(lambda: "up" in second.states)
            await asyncio.sleep(0.9)
            connections = first.states.count("up") + second.states.count("up")
    assert connections <= 6


@pytest.mark.asyncio
async def test_after_close_the_stream_ends_and_settling_is_harmless(kind: str, mosquitto: Mosquitto, device: Publisher):
    source = make_source(kind, mosquitto.port)
    async with Consumer(source, settles=False) as consumer:
        await ready(consumer)
        await device.publish([(up(1), b"open")])
        await consumer.until(lambda: bool(consumer.messages))
    await source.settle(consumer.tokens[-1])
    await source.settle(SettleToken(1, (1, 2, 3)))
    await source.close()
    assert consumer.failure is None


@pytest.mark.asyncio
async def test_a_source_has_one_consumer(kind: str, mosquitto: Mosquitto):
    source = make_source(kind, mosquitto.port)
    async with Consumer(source) as consumer:
        await ready(consumer)
        with pytest.raises(RuntimeError, match="one consumer"):
            await anext(source.batches())


@pytest.mark.asyncio
async def test_settling_just_before_closing_reaches_the_broker(kind: str, mosquitto: Mosquitto, device: Publisher):
    source = make_source(kind, mosquitto.port)
    async with Consumer(source, settles=False) as consumer:
        await ready(consumer)
        await device.publish([(up(n), b"%d" % n) for n in range(1000)])
        await consumer.until(lambda: len(consumer.messages) == 1000)
        for token in consumer.tokens:
            await source.settle(token)
    async with Consumer(make_source(kind, mosquitto.port)) as second:
        await ready(second)
        assert second.messages == []
