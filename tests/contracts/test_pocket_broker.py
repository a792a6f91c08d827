"""What the pocket broker promises, asked of mosquitto too: what only one of them did would prove nothing.

The client here is a bare socket with mqtt5's codec, so that every packet is seen as it travels.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self, TypeVar

import mqtt5
import pytest
import pytest_asyncio

from simulators.broker import Limits, PocketBroker

P = TypeVar("P")
PATIENCE_S = 5.0
SHORT_S = 0.15  # how long a message that must not come is waited for
AT_LEAST_ONCE, EXACTLY_ONCE = mqtt5.QoS.AT_LEAST_ONCE, mqtt5.QoS.EXACTLY_ONCE
NEVER = 0xFFFFFFFF


class Wire:
    """One connection of MQTT 5, packet by packet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._heard = b""

    @classmethod
    async def open(cls, port: int, connect: mqtt5.ConnectPacket | bytes) -> tuple[Self, mqtt5.ConnAckPacket]:
        wire = cls(*await asyncio.open_connection("127.0.0.1", port))
        wire.send(connect)
        return wire, await wire.get(mqtt5.ConnAckPacket)

    def send(self, packet: mqtt5.Packet | bytes) -> None:
        self._writer.write(packet if isinstance(packet, bytes) else packet.write())

    async def get(self, kind: type[P]) -> P:
        packet = await asyncio.wait_for(self._next(), PATIENCE_S)
        assert isinstance(packet, kind), packet
        return packet

    async def silent(self) -> bool:
        """Nothing comes for a while."""
        try:
            await asyncio.wait_for(self._next(), SHORT_S)
        except TimeoutError:
            return True
        return False

    async def closed(self) -> bool:
        """The broker ends the connection, whatever it says before."""
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(self._reader.read(), PATIENCE_S)
        return True

    async def subscribe(self, pattern: str, **options: object) -> int:
        given = {"max_qos": AT_LEAST_ONCE, "retain_as_published": False, **options}
        identifier = given.pop("subscription_id", None)
        self.send(mqtt5.SubscribePacket(7, [mqtt5.TopicFilter(pattern, **given)], subscription_id=identifier))
        (code,) = (await self.get(mqtt5.SubAckPacket)).reason_codes
        return code

    async def publish(self, topic: str, payload: bytes, *, packet_id: int = 1, **more: object) -> None:
        self.send(mqtt5.PublishPacket(topic, payload, qos=AT_LEAST_ONCE, packet_id=packet_id, **more))
        assert int((await self.get(mqtt5.PubAckPacket)).reason_code) in (0, 0x10)

    async def message(self) -> mqtt5.PublishPacket:
        """The next message, acknowledged."""
        packet = await self.get(mqtt5.PublishPacket)
        if packet.packet_id is not None:
            self.send(mqtt5.PubAckPacket(packet.packet_id))
        return packet

    async def leave(self) -> None:
        self.send(mqtt5.DisconnectPacket())
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    def break_off(self) -> None:
        """Gone without a word."""
        self._writer.transport.abort()

    async def _next(self) -> mqtt5.Packet:
        while True:
            if self._heard:
                with contextlib.suppress(IndexError):
                    packet, size = mqtt5.read(memoryview(self._heard))
                    self._heard = self._heard[size:]
                    return packet
            more = await self._reader.read(65_536)
            if not more:
                raise ConnectionError("closed by the broker")
            self._heard += more


@pytest_asyncio.fixture(params=["pocket", pytest.param("mosquitto", marks=pytest.mark.machine)])
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    if request.param == "pocket":
        async with PocketBroker() as broker:
            yield broker.port
    else:
        yield request.getfixturevalue("mosquitto").port


@pytest_asyncio.fixture
async def pocket() -> AsyncIterator[PocketBroker]:
    async with PocketBroker() as broker:
        yield broker


async def guest(port: int, name: str, **said: object) -> Wire:
    wire, connack = await Wire.open(port, mqtt5.ConnectPacket(name, **said))
    assert connack.reason_code == 0
    return wire


@pytest.mark.asyncio
async def test_a_retained_message_is_replayed_to_a_new_subscription_until_it_is_cleared(port: int):
    publisher, hearer = await guest(port, "p"), await guest(port, "h")
    await publisher.publish("t/1", b"old", retain=True)
    await publisher.publish("t/1", b"new", retain=True)
    await hearer.subscribe("t/+")
    replay = await hearer.message()
    assert (replay.topic, replay.payload, replay.retain, replay.qos) == ("t/1", b"new", True, 1)
    await publisher.publish("t/1", b"live", retain=True)
    live = await hearer.message()
    assert (live.payload, live.retain) == (b"live", False)
    await publisher.publish("t/1", b"", retain=True)
    assert (await hearer.message()).payload == b""
    late = await guest(port, "late")
    await late.subscribe("t/+")
    assert await late.silent()


@pytest.mark.asyncio
async def test_retain_handling_says_when_retained_messages_are_replayed(port: int):
    publisher, hearer = await guest(port, "p"), await guest(port, "h")
    await publisher.publish("t", b"x", retain=True)
    await hearer.subscribe("t", retain_handling=mqtt5.RetainHandling.SEND_NEVER)
    assert await hearer.silent()
    await hearer.subscribe("t", retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS)
    assert await hearer.silent()
    await hearer.subscribe("t", retain_handling=mqtt5.RetainHandling.SEND_ALWAYS)
    assert (await hearer.message()).payload == b"x"
    other = await guest(port, "other")
    await other.subscribe("t", retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS)
    assert (await other.message()).payload == b"x"


@pytest.mark.asyncio
async def test_retain_as_published_keeps_the_flag_of_a_live_message(port: int):
    publisher, hearer = await guest(port, "p"), await guest(port, "h")
    await hearer.subscribe("t", retain_as_published=True)
    await publisher.publish("t", b"x", retain=True)
    assert (await hearer.message()).retain


@pytest.mark.asyncio
async def test_no_local_spares_the_publisher_its_own_messages(port: int):
    client = await guest(port, "c")
    await client.subscribe("t", no_local=True)
    await client.publish("t", b"own")
    assert await client.silent()
    other = await guest(port, "other")
    await other.subscribe("t")
    other.send(mqtt5.PublishPacket("t", b"own", qos=AT_LEAST_ONCE, packet_id=2))
    assert {type(await other.get(object)) for _ in range(2)} == {mqtt5.PubAckPacket, mqtt5.PublishPacket}


@pytest.mark.asyncio
async def test_an_unsubscribed_client_hears_no_more_and_is_told_whether_it_ever_did(port: int):
    client, publisher = await guest(port, "c"), await guest(port, "p")
    await client.subscribe("t")
    client.send(mqtt5.UnsubscribePacket(3, ["t", "never"]))
    assert [*(await client.get(mqtt5.UnsubAckPacket)).reason_codes] == [0, 0x11]
    await publisher.publish("t", b"x")
    assert await client.silent()


@pytest.mark.asyncio
async def test_a_persistent_session_hears_in_order_what_came_while_it_was_away(port: int):
    first = await guest(port, "h", session_expiry_interval=NEVER, clean_start=True)
    await first.subscribe("t")
    await first.leave()
    publisher = await guest(port, "p")
    for number in range(30):
        await publisher.publish("t", b"%d" % number)
    second, connack = await Wire.open(port, mqtt5.ConnectPacket("h", session_expiry_interval=NEVER))
    assert connack.session_present
    assert [(await second.message()).payload for _ in range(30)] == [b"%d" % number for number in range(30)]


@pytest.mark.asyncio
async def test_a_clean_start_forgets(port: int):
    first = await guest(port, "h", session_expiry_interval=NEVER)
    await first.subscribe("t")
    await first.leave()
    publisher = await guest(port, "p")
    await publisher.publish("t", b"x")
    second, connack = await Wire.open(port, mqtt5.ConnectPacket("h", clean_start=True))
    assert not connack.session_present
    assert await second.silent()


@pytest.mark.asyncio
async def test_no_more_are_in_flight_than_the_receive_maximum(port: int):
    hearer = await guest(port, "h", receive_max=3)
    await hearer.subscribe("t")
    publisher = await guest(port, "p")
    for number in range(6):
        await publisher.publish("t", b"%d" % number)
    ids = [(await hearer.get(mqtt5.PublishPacket)).packet_id for _ in range(3)]
    assert await hearer.silent()
    hearer.send(mqtt5.PubAckPacket(ids[0]))
    assert (await hearer.get(mqtt5.PublishPacket)).payload == b"3"


@pytest.mark.asyncio
async def test_what_was_not_acknowledged_comes_again_in_order_with_dup(port: int):
    hearer = await guest(port, "h", session_expiry_interval=NEVER)
    await hearer.subscribe("t")
    publisher = await guest(port, "p")
    for number in range(4):
        await publisher.publish("t", b"%d" % number)
    heard = [await hearer.get(mqtt5.PublishPacket) for _ in range(4)]
    hearer.send(mqtt5.PubAckPacket(heard[1].packet_id))
    hearer.send(mqtt5.PingReqPacket())
    await hearer.get(mqtt5.PingRespPacket)
    hearer.break_off()
    again = await guest(port, "h", session_expiry_interval=NEVER)
    packets = [await again.message() for _ in range(3)]
    assert [(one.payload, one.duplicate) for one in packets] == [(b"0", True), (b"2", True), (b"3", True)]
    assert await again.silent()


@pytest.mark.asyncio
@pytest.mark.parametrize("farewell", ["none", "with will", "in order"])
async def test_the_will_is_published_unless_the_client_leaves_in_order(port: int, farewell: str):
    hearer = await guest(port, "h")
    await hearer.subscribe("status")
    will = mqtt5.Will("status", payload=b"offline", qos=AT_LEAST_ONCE, retain=True)
    device = await guest(port, "d", will=will)
    match farewell:
        case "none":
            device.break_off()
        case "with will":
            code = mqtt5.DisconnectReasonCode.DISCONNECT_WITH_WILL_MESSAGE
            device.send(mqtt5.DisconnectPacket(reason_code=code))
        case _:
            await device.leave()
    if farewell == "in order":
        assert await hearer.silent()
    else:
        assert (await hearer.message()).payload == b"offline"
        late = await guest(port, "late")
        await late.subscribe("status")
        assert (await late.message()).retain


@pytest.mark.asyncio
async def test_a_second_connection_of_a_client_takes_the_session_over(port: int):
    first = await guest(port, "h", session_expiry_interval=NEVER)
    await first.subscribe("t")
    second, connack = await Wire.open(port, mqtt5.ConnectPacket("h", session_expiry_interval=NEVER))
    assert connack.session_present
    assert await first.closed()
    await (await guest(port, "p")).publish("t", b"x")
    assert (await second.message()).payload == b"x"


@pytest.mark.asyncio
async def test_a_publisher_at_qos_2_is_heard_exactly_once(port: int):
    hearer, publisher = await guest(port, "h"), await guest(port, "p")
    await hearer.subscribe("t")
    for dup in (False, True):
        publisher.send(mqtt5.PublishPacket("t", b"x", qos=EXACTLY_ONCE, packet_id=9, duplicate=dup))
        assert (await publisher.get(mqtt5.PubRecPacket)).packet_id == 9
    for code in (0, 0x92):
        publisher.send(mqtt5.PubRelPacket(9))
        assert (await publisher.get(mqtt5.PubCompPacket)).reason_code in (0, code)
    assert (await hearer.message()).payload == b"x"
    assert await hearer.silent()


@pytest.mark.asyncio
async def test_a_message_larger_than_the_client_takes_is_left_out(port: int):
    hearer, publisher = await guest(port, "h", max_packet_size=200), await guest(port, "p")
    await hearer.subscribe("t")
    await publisher.publish("t", b"x" * 300)
    await publisher.publish("t", b"small")
    assert (await hearer.message()).payload == b"small"


@pytest.mark.asyncio
async def test_properties_and_identifiers_travel_with_a_message(port: int):
    hearer, publisher = await guest(port, "h"), await guest(port, "p")
    await hearer.subscribe("t", subscription_id=300)
    await publisher.publish(
        "t",
        b"x",
        content_type="json",
        response_topic="r",
        correlation_data=b"\0",
        payload_format_indicator=1,
        message_expiry_interval=100,
        user_properties=[("a", "1"), ("a", "2")],
    )
    heard = await hearer.message()
    assert (heard.content_type, heard.response_topic, heard.correlation_data) == ("json", "r", b"\0")
    assert (heard.payload_format_indicator, heard.subscription_ids) == (1, [300])
    assert heard.user_properties == [("a", "1"), ("a", "2")]
    assert heard.message_expiry_interval in (99, 100)


@pytest.mark.asyncio
async def test_a_client_that_breaks_the_protocol_is_the_only_one_to_go(port: int):
    good = await guest(port, "good")
    await good.subscribe("t")
    for rubbish in (b"GET / HTTP/1.1\r\n" + b"x" * 100, b"\x10\x00", b"\x00" * 9, mqtt5.PingReqPacket().write()):
        stranger = Wire(*await asyncio.open_connection("127.0.0.1", port))
        stranger.send(rubbish)
        assert await stranger.closed()
    for rubbish in (b"\x30\x03\x00\x01\xff", b"\x36\x00", b"\x82\x02\x00\x01", b"\xf0\x02\x00\x00"):
        bad = await guest(port, "bad")
        bad.send(rubbish)
        assert await bad.closed()
    await good.publish("other", b"")
    await (await guest(port, "p")).publish("t", b"still here")
    assert (await good.message()).payload == b"still here"


@pytest.mark.asyncio
async def test_an_empty_client_id_is_replaced_by_one_of_the_brokers(port: int):
    ids = {(await Wire.open(port, mqtt5.ConnectPacket("", clean_start=True)))[1].assigned_client_id for _ in range(2)}
    assert len(ids) == 2
    assert None not in ids


# The pocket broker alone: its options, and where mosquitto is coarser or differs.


@pytest.mark.asyncio
async def test_who_is_taken_over_is_told_so(pocket: PocketBroker):
    first = await guest(pocket.port, "h")
    await guest(pocket.port, "h")
    assert (await first.get(mqtt5.DisconnectPacket)).reason_code == mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER


@pytest.mark.asyncio
async def test_a_silent_client_is_let_go_after_one_and_a_half_keep_alives(pocket: PocketBroker):
    loop = asyncio.get_running_loop()
    started = loop.time()
    client = await guest(pocket.port, "c", keep_alive=1)
    goodbye = await client.get(mqtt5.DisconnectPacket)
    assert goodbye.reason_code == mqtt5.DisconnectReasonCode.KEEP_ALIVE_TIMEOUT
    assert 1.4 < loop.time() - started < 3


@pytest.mark.asyncio
async def test_who_connects_and_says_nothing_is_shown_out():
    async with PocketBroker(limits=Limits(connect_within_s=0.05)) as broker:
        stranger = Wire(*await asyncio.open_connection("127.0.0.1", broker.port))
        assert await stranger.closed()


@pytest.mark.asyncio
async def test_publishers_wait_for_a_slow_subscriber_and_nothing_is_dropped():
    async with PocketBroker(limits=Limits(max_queued=10)) as broker:
        slow = await guest(broker.port, "slow", receive_max=1)
        await slow.subscribe("t")
        publisher = await guest(broker.port, "p")
        for number in range(50):
            publisher.send(mqtt5.PublishPacket("t", b"%d" % number, qos=AT_LEAST_ONCE, packet_id=number + 1))
        answered = [(await publisher.get(mqtt5.PubAckPacket)).packet_id for _ in range(10)]
        assert await publisher.silent()
        assert [(await slow.message()).payload for _ in range(50)] == [b"%d" % number for number in range(50)]
        answered += [(await publisher.get(mqtt5.PubAckPacket)).packet_id for _ in range(40)]
        assert answered == list(range(1, 51))
        assert broker.dropped == 0


@pytest.mark.asyncio
async def test_the_queue_of_an_absent_client_is_bounded_and_what_is_dropped_is_said(caplog: pytest.LogCaptureFixture):
    async with PocketBroker(limits=Limits(max_queued=5)) as broker:
        first = await guest(broker.port, "h", session_expiry_interval=NEVER)
        await first.subscribe("t")
        await first.leave()
        publisher = await guest(broker.port, "p")
        for number in range(8):
            await publisher.publish("t", b"%d" % number)
        assert broker.dropped == 3
        assert [record.message for record in caplog.records if record.levelname == "WARNING"] != []
        second = await guest(broker.port, "h", session_expiry_interval=NEVER)
        assert [(await second.message()).payload for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
        assert await second.silent()


@pytest.mark.asyncio
async def test_a_packet_beyond_the_limit_ends_the_connection_with_its_reason():
    async with PocketBroker(limits=Limits(max_packet_size=1000)) as broker:
        wire, connack = await Wire.open(broker.port, mqtt5.ConnectPacket("c"))
        assert connack.max_packet_size == 1000
        wire.send(mqtt5.PublishPacket("t", b"x" * 1000))
        assert (await wire.get(mqtt5.DisconnectPacket)).reason_code == mqtt5.DisconnectReasonCode.PACKET_TOO_LARGE


@pytest.mark.asyncio
async def test_more_unreleased_messages_than_agreed_end_the_connection():
    async with PocketBroker(limits=Limits(receive_maximum=2)) as broker:
        wire, connack = await Wire.open(broker.port, mqtt5.ConnectPacket("c"))
        assert connack.receive_max == 2
        for number in (1, 2, 3):
            wire.send(mqtt5.PublishPacket("t", b"", qos=EXACTLY_ONCE, packet_id=number))
        for _ in (1, 2):
            await wire.get(mqtt5.PubRecPacket)
        assert (await wire.get(mqtt5.DisconnectPacket)).reason_code == mqtt5.DisconnectReasonCode.RECEIVE_MAX_EXCEEDED


@pytest.mark.asyncio
async def test_where_there_are_passwords_only_the_right_one_lets_in():
    async with PocketBroker(passwords={"coast": "right"}) as broker:
        said = {"right": 0, "wrong": 134}
        for password, code in said.items():
            packet = mqtt5.ConnectPacket("c", username="coast", password=password.encode())
            assert (await Wire.open(broker.port, packet))[1].reason_code == code
        assert (await Wire.open(broker.port, mqtt5.ConnectPacket("c")))[1].reason_code == 135


@pytest.mark.asyncio
async def test_shared_subscriptions_and_impossible_filters_are_refused_in_the_suback(pocket: PocketBroker):
    client = await guest(pocket.port, "c")
    assert await client.subscribe("$share/g/t") == mqtt5.SubAckReasonCode.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
    client.send(bytes.fromhex("82 08 0001 00 0002 6123 01"))  # a#
    assert [*(await client.get(mqtt5.SubAckPacket)).reason_codes] == [mqtt5.SubAckReasonCode.TOPIC_FILTER_INVALID]
    assert await client.subscribe("a/#", max_qos=EXACTLY_ONCE) == mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE


@pytest.mark.asyncio
async def test_closed_and_opened_again_it_knows_its_sessions_and_retained_messages_at_the_same_port():
    broker = PocketBroker()
    await broker.open()
    port = broker.port
    hearer = await guest(port, "h", session_expiry_interval=NEVER)
    await hearer.subscribe("t", max_qos=AT_LEAST_ONCE)
    publisher = await guest(port, "p")
    await publisher.publish("t", b"kept", retain=True)
    assert (await hearer.get(mqtt5.PublishPacket)).payload == b"kept"
    await broker.close()
    assert (await hearer.get(mqtt5.DisconnectPacket)).reason_code == mqtt5.DisconnectReasonCode.SERVER_SHUTTING_DOWN
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    async with broker:
        assert broker.port == port
        again = await guest(port, "h", session_expiry_interval=NEVER)
        heard = await again.message()
        assert (heard.payload, heard.duplicate) == (b"kept", True)
        late = await guest(port, "late")
        await late.subscribe("t")
        assert (await late.message()).payload == b"kept"
