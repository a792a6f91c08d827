"""What every source promises when the broker's process is absent, stopped or refuses us: on a real mosquitto."""

import asyncio
from collections.abc import Callable

import pytest

from domain.errors import RejectedError
from tests.contracts.source_harness import KINDS, Consumer, Publisher, make_source, ready, up
from tests.machines.mosquitto import Mosquitto

pytestmark = pytest.mark.machine
every_source = pytest.mark.parametrize("kind", KINDS)

WRONG = "not this"


@pytest.mark.asyncio
@every_source
async def test_a_broker_that_is_not_there_yet_is_waited_for(kind: str, mosquitto: Mosquitto):
    mosquitto.stop()
    async with Consumer(make_source(kind, mosquitto.port)) as consumer:
        await asyncio.sleep(0.1)
        await asyncio.to_thread(mosquitto.start)
        await ready(consumer)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["mqtt5"])  # the scripted broker shows it of the others
async def test_a_broker_that_falls_silent_is_found_out_and_heard_again_afterwards(kind: str, mosquitto: Mosquitto):
    async with Consumer(make_source(kind, mosquitto.port, keep_alive=1)) as consumer:
        await ready(consumer)
        mosquitto.pause()
        await consumer.until(lambda: "down" in consumer.states)
        mosquitto.go_on()
        await consumer.until(lambda: consumer.states[-1] == "passed")
        device = Publisher(mosquitto.port)
        await device.publish([(up(1), b"after")])
        await consumer.until(lambda: b"after" in consumer.payloads)
        await device.close()


@pytest.mark.asyncio
@every_source
async def test_a_broker_that_refuses_us_ends_the_stream_with_a_rejection(
    kind: str, start_mosquitto: Callable[..., Mosquitto]
):
    broker = start_mosquitto(anonymous=False)
    async with Consumer(make_source(kind, broker.port, username="tidewalk", password=WRONG)) as consumer:
        await consumer.until(lambda: consumer.failure is not None)
    assert isinstance(consumer.failure, RejectedError)
