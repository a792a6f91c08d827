"""What every source promises when the broker's process is absent, stopped or refuses us: on a real mosquitto."""

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import RejectedError
from tests.contracts.source_harness import KINDS, Consumer, Publisher, make_source, ready, up
from tests.machines.mosquitto import Mosquitto
from tests.machines.needed import needed

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


@pytest.mark.asyncio
@every_source
async def test_it_speaks_tls_with_a_broker_whose_certificate_it_trusts(
    kind: str, start_mosquitto: Callable[..., Mosquitto], tmp_path: Path
):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -keyout {key} -out {certificate}"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    openssl = needed("openssl", "apt-get install openssl")
    await asyncio.to_thread(subprocess.run, [openssl, *make.split(), *names], check=True, capture_output=True)
    broker = start_mosquitto(more=f"certfile {certificate}\nkeyfile {key}")
    trusting = {"host": "localhost", "tls": ssl.create_default_context(cafile=str(certificate))}
    async with Consumer(make_source(kind, broker.port, **trusting), settles=False) as first:
        await ready(first)
        for token in first.tokens:
            await first.source.settle(token)
    async with Consumer(make_source(kind, broker.port, **trusting)) as second:
        await ready(second)
        await second.until(lambda: second.states == ["up", "passed"])
    async with Consumer(make_source(kind, broker.port, host="localhost", tls=ssl.create_default_context())) as third:
        await asyncio.sleep(0.1)
        assert third.states == []
