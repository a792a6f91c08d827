"""The pocket broker's codec against itself, against literal frames, and against mqtt5's, which others wrote."""

import contextlib

import mqtt5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.broker import codec
from simulators.broker.framing import Frames
from simulators.broker.packets import (
    Ack,
    Acknowledge,
    Asked,
    Connect,
    Disconnect,
    FaultyPacketError,
    Level,
    Packet,
    Ping,
    Prop,
    Property,
    Publish,
    Reason,
    Subscribe,
    Unsubscribe,
    Will,
)

LARGEST = 1 << 20
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NAMES = st.text("abc/é海", min_size=1, max_size=20)
IDS = st.integers(1, 65_535)


def parse(raw: bytes, level: Level = Level.V5) -> Packet:
    frames = Frames(LARGEST)
    frames.feed(raw)
    frame = frames.next()
    assert frame is not None
    assert frames.next() is None
    return codec.read(*frame, level)


@st.composite
def publishes(draw: st.DrawFn, highest_qos: int = 2) -> Publish:
    """Messages of MQTT 5 with any of the properties that travel."""
    qos = draw(st.integers(0, highest_qos))
    properties: dict[Prop, Property] = {}
    if draw(st.booleans()):
        properties[Prop.CONTENT_TYPE] = draw(TEXTS)
        properties[Prop.CORRELATION_DATA] = draw(st.binary(max_size=9))
        properties[Prop.MESSAGE_EXPIRY] = draw(st.integers(0, 2**32 - 1))
    if pairs := draw(st.lists(st.tuples(TEXTS, TEXTS), max_size=3)):
        properties[Prop.USER_PROPERTY] = tuple(pairs)
    return Publish(
        draw(NAMES),
        draw(st.binary(max_size=300)),
        qos,
        draw(st.booleans()),
        qos > 0 and draw(st.booleans()),
        draw(IDS) if qos else 0,
        properties,
    )


@given(publishes())
@settings(max_examples=150, deadline=None)
def test_a_publish_comes_back_as_it_was_written(message: Publish):
    assert parse(codec.publish(message, Level.V5)) == message
    plain = message._replace(properties={})
    assert parse(codec.publish(message, Level.V311), Level.V311) == plain


@given(st.sampled_from(Ack), IDS, st.sampled_from([0, 0x10, 0x92, 0x97]))
@settings(max_examples=50, deadline=None)
def test_an_acknowledgement_comes_back_as_it_was_written(kind: Ack, packet_id: int, reason: int):
    ack = Acknowledge(kind, packet_id, reason)
    assert parse(codec.acknowledge(ack, Level.V5)) == ack
    assert parse(codec.acknowledge(ack, Level.V311), Level.V311) == Acknowledge(kind, packet_id)


@given(publishes())
@settings(max_examples=100, deadline=None)
def test_it_reads_a_publish_that_another_codec_wrote(message: Publish):
    said = message.properties
    theirs = mqtt5.PublishPacket(
        message.topic,
        message.payload,
        qos=mqtt5.QoS(message.qos),
        retain=message.retain,
        duplicate=message.dup,
        packet_id=message.packet_id or None,
        content_type=said.get(Prop.CONTENT_TYPE),
        correlation_data=said.get(Prop.CORRELATION_DATA),
        message_expiry_interval=said.get(Prop.MESSAGE_EXPIRY),
        user_properties=list(said.get(Prop.USER_PROPERTY, ())),
    )
    assert parse(theirs.write()) == message


@given(publishes(highest_qos=1), st.lists(st.integers(1, 268_435_455), max_size=3))
@settings(max_examples=100, deadline=None)
def test_another_codec_reads_a_publish_that_it_wrote(message: Publish, identifiers: list[int]):
    said = {**message.properties, Prop.SUBSCRIPTION_ID: tuple(identifiers)}
    raw = codec.publish(message._replace(properties=said), Level.V5)
    theirs, size = mqtt5.read(memoryview(raw))
    assert size == len(raw)
    assert isinstance(theirs, mqtt5.PublishPacket)
    assert (theirs.topic, theirs.payload) == (message.topic, message.payload)
    assert (theirs.qos, theirs.retain, theirs.duplicate) == (message.qos, message.retain, message.dup)
    assert theirs.content_type == said.get(Prop.CONTENT_TYPE)
    assert theirs.message_expiry_interval == said.get(Prop.MESSAGE_EXPIRY)
    assert tuple(theirs.user_properties) == said.get(Prop.USER_PROPERTY, ())
    assert theirs.subscription_ids == identifiers


def test_it_reads_a_connect_of_5_with_all_that_it_may_say():
    raw = mqtt5.ConnectPacket(
        "bin-017",
        username="coast",
        password=b"\x00secret",
        clean_start=True,
        will=mqtt5.Will(
            "t/status", payload=b"offline", qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True, will_delay_interval=3
        ),
        keep_alive=30,
        session_expiry_interval=3600,
        receive_max=100,
        max_packet_size=2048,
    ).write()
    will = Will("t/status", b"offline", 1, True, {Prop.WILL_DELAY: 3, Prop.PAYLOAD_FORMAT: 0})
    connect = parse(raw)
    assert isinstance(connect, Connect)
    assert connect.will is not None
    assert connect.will[:4] == will[:4]
    assert connect.will.properties[Prop.WILL_DELAY] == 3
    assert connect._replace(will=None) == Connect(
        Level.V5, "bin-017", True, 30, 3600, 100, 2048, None, "coast", b"\x00secret", None
    )


def test_a_session_of_5_never_ends_at_the_largest_expiry_and_at_once_where_none_is_given():
    never = parse(mqtt5.ConnectPacket("a", session_expiry_interval=0xFFFFFFFF).write())
    at_once = parse(mqtt5.ConnectPacket("a").write())
    assert isinstance(never, Connect)
    assert isinstance(at_once, Connect)
    assert never.session_expiry_s is None
    assert at_once.session_expiry_s == 0


def test_it_reads_a_connect_of_311():
    raw = bytes.fromhex("10 20 0004 4D515454 04 EE 003C 0001 61 0001 77 0002 6869 0004 75736572 0004 70617373")
    will = Will("w", b"hi", 1, True, {})
    assert parse(raw) == Connect(Level.V311, "a", True, 60, 0, 65_535, None, will, "user", b"pass", None)


def test_it_reads_subscriptions_of_both_versions():
    options = mqtt5.TopicFilter(
        "a/#",
        max_qos=mqtt5.QoS.AT_LEAST_ONCE,
        no_local=True,
        retain_as_published=True,
        retain_handling=mqtt5.RetainHandling.SEND_NEVER,
    )
    five = mqtt5.SubscribePacket(9, [options], subscription_id=300).write()
    assert parse(five) == Subscribe(9, (Asked("a/#", 1, True, True, 2),), 300)
    assert parse(bytes.fromhex("82 0A 0005 0001 61 01 0001 62 02"), Level.V311) == Subscribe(
        5, (Asked("a", 1), Asked("b", 2))
    )
    assert parse(bytes.fromhex("A2 05 0005 0001 61"), Level.V311) == Unsubscribe(5, ("a",))
    assert parse(mqtt5.UnsubscribePacket(5, ["a", "b"]).write()) == Unsubscribe(5, ("a", "b"))


def test_it_reads_a_ping_and_a_goodbye():
    assert parse(b"\xc0\0") == Ping()
    assert parse(b"\xe0\0", Level.V311) == Disconnect()
    assert parse(mqtt5.DisconnectPacket().write()) == Disconnect()
    goodbye = mqtt5.DisconnectPacket(
        reason_code=mqtt5.DisconnectReasonCode.DISCONNECT_WITH_WILL_MESSAGE, session_expiry_interval=60
    )
    assert parse(goodbye.write()) == Disconnect(4, 60)


def test_another_codec_reads_its_answers():
    properties = {Prop.RECEIVE_MAXIMUM: 7, Prop.ASSIGNED_CLIENT_ID: "x", Prop.SHARED_SUBSCRIPTION_AVAILABLE: 0}
    connack, _ = mqtt5.read(
        memoryview(codec.connack(Level.V5, Reason.SUCCESS, session_present=True, properties=properties))
    )
    assert isinstance(connack, mqtt5.ConnAckPacket)
    assert (connack.session_present, connack.receive_max, connack.assigned_client_id) == (True, 7, "x")
    assert not connack.shared_subscription_available
    suback, _ = mqtt5.read(memoryview(codec.suback(9, [0, 1, 0x8F], Level.V5)))
    assert isinstance(suback, mqtt5.SubAckPacket)
    assert [*suback.reason_codes] == [0, 1, 0x8F]
    unsuback, _ = mqtt5.read(memoryview(codec.unsuback(9, [0, 0x11], Level.V5)))
    assert isinstance(unsuback, mqtt5.UnsubAckPacket)
    assert [*unsuback.reason_codes] == [0, 0x11]
    goodbye, _ = mqtt5.read(memoryview(codec.disconnect(Reason.TAKEN_OVER)))
    assert isinstance(goodbye, mqtt5.DisconnectPacket)
    assert goodbye.reason_code == Reason.TAKEN_OVER


def test_311_is_answered_in_its_own_words():
    assert codec.connack(Level.V311, Reason.SUCCESS, session_present=True) == b"\x20\x02\x01\x00"
    assert codec.connack(Level.V311, Reason.BAD_USER_NAME_OR_PASSWORD, session_present=False) == b"\x20\x02\x00\x04"
    assert codec.connack(Level.V311, Reason.BAD_AUTHENTICATION_METHOD, session_present=False) == b"\x20\x02\x00\x03"
    assert codec.suback(5, [1, 0x8F], Level.V311) == b"\x90\x04\x00\x05\x01\x80"
    assert codec.unsuback(5, [0x11], Level.V311) == b"\xb0\x02\x00\x05"


@pytest.mark.parametrize(
    ("raw", "level", "reason"),
    [
        ("30 03 0001 FF", Level.V311, Reason.MALFORMED),  # not UTF-8
        ("30 03 0001 00", Level.V311, Reason.MALFORMED),  # NUL
        ("30 05 0003 EDA080", Level.V311, Reason.MALFORMED),  # a surrogate
        ("30 02 0005", Level.V311, Reason.MALFORMED),  # topic longer than the packet
        ("30 00", Level.V311, Reason.MALFORMED),
        ("36 05 0001 61 0001", Level.V311, Reason.MALFORMED),  # QoS 3
        ("38 03 0001 61", Level.V311, Reason.MALFORMED),  # DUP at QoS 0
        ("32 05 0001 61 0000", Level.V311, Reason.MALFORMED),  # packet id 0
        ("80 06 0005 0001 61 01", Level.V311, Reason.MALFORMED),  # flags of SUBSCRIBE
        ("82 06 0005 0001 61 04", Level.V311, Reason.MALFORMED),  # options of 5
        ("82 07 0005 00 0001 61 03", Level.V5, Reason.MALFORMED),  # QoS 3
        ("82 07 0005 00 0001 61 30", Level.V5, Reason.PROTOCOL_ERROR),  # retain handling 3
        ("82 02 0005", Level.V311, Reason.PROTOCOL_ERROR),  # no filter
        ("A2 02 0005", Level.V311, Reason.PROTOCOL_ERROR),
        ("40 03 0001 00", Level.V311, Reason.MALFORMED),  # a reason in 3.1.1
        ("C0 01 00", Level.V311, Reason.MALFORMED),
        ("F0 00", Level.V5, Reason.PROTOCOL_ERROR),  # AUTH
        ("20 02 0000", Level.V5, Reason.PROTOCOL_ERROR),  # CONNACK from a client
        ("30 06 0001 61 02 01 02", Level.V5, Reason.PROTOCOL_ERROR),  # payload format 2
        ("30 05 0001 61 01 7F", Level.V5, Reason.MALFORMED),  # no such property
        ("30 08 0001 61 04 01 00 01 00", Level.V5, Reason.PROTOCOL_ERROR),  # given twice
        ("10 0C 0006 4D514973 6470 03 02 003C", Level.V311, Reason.UNSUPPORTED_VERSION),  # 3.1
        ("10 0C 0004 4D515454 06 02 003C 0000", Level.V311, Reason.UNSUPPORTED_VERSION),
        ("10 0C 0004 4D515454 04 03 003C 0000", Level.V311, Reason.MALFORMED),  # reserved flag
        ("10 0C 0004 4D515454 04 08 003C 0000", Level.V311, Reason.MALFORMED),  # will QoS without a will
    ],
)
def test_a_faulty_packet_is_refused_with_its_reason(raw: str, level: Level, reason: Reason):
    with pytest.raises(FaultyPacketError) as fault:
        parse(bytes.fromhex(raw), level)
    assert fault.value.reason is reason


@given(st.integers(0, 255), st.binary(max_size=60), st.sampled_from(Level))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_a_packet_or_a_fault(head: int, body: bytes, level: Level):
    with contextlib.suppress(FaultyPacketError):
        codec.read(head, body, level)


@given(st.lists(st.binary(max_size=200), max_size=5), st.data())
@settings(max_examples=100, deadline=None)
def test_frames_are_the_same_however_the_bytes_are_cut(payloads: list[bytes], data: st.DataObject):
    packets = [codec.publish(Publish("a", payload), Level.V311) for payload in payloads]
    raw = b"".join(packets)
    frames, found, at = Frames(LARGEST), [], 0
    while at < len(raw):
        step = data.draw(st.integers(1, 120))
        frames.feed(raw[at : at + step])
        at += step
        while (frame := frames.next()) is not None:
            found.append(codec.read(*frame, Level.V311).payload)
    assert found == payloads


def test_a_frame_beyond_the_largest_is_refused_before_it_arrives():
    frames = Frames(100)
    frames.feed(b"\x30\x63")
    with pytest.raises(FaultyPacketError) as fault:
        frames.next()
    assert fault.value.reason is Reason.PACKET_TOO_LARGE


def test_a_remaining_length_has_at_most_four_bytes():
    frames = Frames(LARGEST)
    frames.feed(b"\x30\xff\xff\xff")
    assert frames.next() is None
    frames.feed(b"\xff")
    with pytest.raises(FaultyPacketError):
        frames.next()
