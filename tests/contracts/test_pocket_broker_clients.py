"""Clients that others wrote meet the pocket broker: mosquitto's tools, paho, aiomqtt, in both versions of MQTT."""

import asyncio
import threading
from collections.abc import AsyncIterator
from itertools import product

import aiomqtt
import paho.mqtt.client as paho
import pytest
import pytest_asyncio

from simulators.broker import PocketBroker
from tests.machines.needed import needed

INSTALL = "apt-get install mosquitto-clients"
VERSIONS = ("mqttv311", "mqttv5")
PATIENCE_S = 10


@pytest_asyncio.fixture
async def broker() -> AsyncIterator[PocketBroker]:
    async with PocketBroker() as broker:
        yield broker


async def run(*command: str) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    return process.returncode or 0, said


@pytest.mark.machine
@pytest.mark.asyncio
@pytest.mark.parametrize(("version", "qos"), list(product(VERSIONS, "012")))
async def test_what_mosquitto_pub_says_mosquitto_sub_hears(broker: PocketBroker, version: str, qos: str):
    publish = (needed("mosquitto_pub", INSTALL), "-p", str(broker.port), "-V", version, "-q", qos)
    hear = (needed("mosquitto_sub", INSTALL), "-p", str(broker.port), "-V", version, "-q", qos, "-W", "8", "-v")
    assert await run(*publish, "-t", "a/kept", "-r", "-m", "before") == (0, b"")
    hearing = await asyncio.create_subprocess_exec(
        *hear, "-t", "a/+", "-t", "b/#", "-C", "3", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert hearing.stdout is not None
    assert await hearing.stdout.readline() == b"a/kept before\n"  # so it has subscribed
    assert await run(*publish, "-t", "a/x", "-m", "海") == (0, b"")
    assert await run(*publish, "-t", "b", "-m", "end") == (0, b"")
    said, _ = await asyncio.wait_for(hearing.communicate(), PATIENCE_S)
    assert said == "a/x 海\nb end\n".encode()
    assert await run(*publish, "-t", "a/kept", "-r", "-n") == (0, b"")


@pytest.mark.machine
@pytest.mark.asyncio
async def test_mosquitto_sub_with_a_session_hears_what_came_while_it_was_away(broker: PocketBroker):
    hear = (needed("mosquitto_sub", INSTALL), "-p", str(broker.port), "-c", "-i", "crew", "-q", "1", "-t", "t")
    assert (await run(*hear, "-E"))[0] == 0
    for payload in ("1", "2"):
        publish = (needed("mosquitto_pub", INSTALL), "-p", str(broker.port), "-q", "1")
        assert await run(*publish, "-t", "t", "-m", payload) == (0, b"")
    assert await run(*hear, "-C", "2", "-W", "8") == (0, b"1\n2\n")


@pytest.mark.machine
@pytest.mark.asyncio
async def test_the_older_protocol_is_refused_in_words_that_its_client_understands(broker: PocketBroker):
    publish = needed("mosquitto_pub", INSTALL)
    code, said = await run(publish, "-p", str(broker.port), "-V", "mqttv31", "-t", "t", "-m", "x")
    assert code != 0
    assert b"unacceptable protocol version" in said


@pytest.mark.asyncio
@pytest.mark.parametrize("version", [paho.MQTTv311, paho.MQTTv5])
async def test_paho_publishes_and_hears_at_every_qos(broker: PocketBroker, version: int):
    def talk() -> list[tuple[str, bytes, bool]]:
        heard: list[tuple[str, bytes, bool]] = []
        subscribed, done = threading.Event(), threading.Event()
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="paho", protocol=version)
        client.on_subscribe = lambda *_: subscribed.set()

        def on_message(client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
            _ = client, userdata
            heard.append((message.topic, message.payload, message.retain))
            if len(heard) == 4:
                done.set()

        client.on_message = on_message
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        client.publish("t/kept", b"kept", qos=1, retain=True).wait_for_publish(PATIENCE_S)
        client.subscribe("t/#", qos=2)
        assert subscribed.wait(PATIENCE_S)
        for qos in (0, 1, 2):
            client.publish(f"t/{qos}", b"%d" % qos, qos=qos).wait_for_publish(PATIENCE_S)
        assert done.wait(PATIENCE_S)
        client.disconnect()
        client.loop_stop()
        return heard

    heard = await asyncio.to_thread(talk)
    live = [(f"t/{qos}", b"%d" % qos, False) for qos in (0, 1, 2)]
    assert heard == [("t/kept", b"kept", True), *live]


@pytest.mark.asyncio
@pytest.mark.parametrize("version", [aiomqtt.ProtocolVersion.V311, aiomqtt.ProtocolVersion.V5])
async def test_aiomqtt_publishes_and_hears(broker: PocketBroker, version: aiomqtt.ProtocolVersion):
    async with aiomqtt.Client("127.0.0.1", broker.port, protocol=version) as client:
        await client.subscribe("t/#", qos=1)
        for number in range(20):
            await client.publish(f"t/{number}", b"%d" % number, qos=number % 3)
        heard = [(await anext(client.messages)).payload for _ in range(20)]
        assert heard == [b"%d" % number for number in range(20)]
        await client.unsubscribe("t/#")
