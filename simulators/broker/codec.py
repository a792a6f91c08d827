"""MQTT 3.1.1 and 5, as a server reads and writes them. Pure: whole packets in, values out, and back.

Written apart from the door's codec on purpose: a mistake that both shared would never be seen.
"""

from collections.abc import Sequence
from typing import Final

from simulators.broker import wire
from simulators.broker.packets import (
    NO_PROPERTIES,
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
    Properties,
    Publish,
    Reason,
    Subscribe,
    Unsubscribe,
    Will,
)
from simulators.broker.wire import Reader, malformed

CONNECT: Final = 1
_PUBLISH, _SUBSCRIBE, _UNSUBSCRIBE, _PING, _DISCONNECT, _AUTH = 3, 8, 10, 12, 14, 15
_FLAGS: Final = {6: 2, _SUBSCRIBE: 2, _UNSUBSCRIBE: 2}  # fixed header flags that are not 0
_NEVER: Final = 0xFFFFFFFF  # session expiry: never ends
_HIGHEST_QOS: Final = 2
_RECEIVE_MAXIMUM: Final = 65_535  # where a client states none
PINGRESP: Final = b"\xd0\x00"

_IN_PUBLISH = frozenset(
    {
        Prop.PAYLOAD_FORMAT,
        Prop.MESSAGE_EXPIRY,
        Prop.CONTENT_TYPE,
        Prop.RESPONSE_TOPIC,
        Prop.CORRELATION_DATA,
        Prop.TOPIC_ALIAS,
        Prop.USER_PROPERTY,
    }
)
_IN_WILL = (_IN_PUBLISH - {Prop.TOPIC_ALIAS}) | {Prop.WILL_DELAY}
_IN_CONNECT = frozenset(
    {
        Prop.SESSION_EXPIRY,
        Prop.RECEIVE_MAXIMUM,
        Prop.MAXIMUM_PACKET_SIZE,
        Prop.TOPIC_ALIAS_MAXIMUM,
        Prop.REQUEST_RESPONSE_INFORMATION,
        Prop.REQUEST_PROBLEM_INFORMATION,
        Prop.USER_PROPERTY,
        Prop.AUTHENTICATION_METHOD,
        Prop.AUTHENTICATION_DATA,
    }
)
_IN_ACK = frozenset({Prop.REASON_STRING, Prop.USER_PROPERTY})
_IN_SUBSCRIBE = frozenset({Prop.SUBSCRIPTION_ID, Prop.USER_PROPERTY})
_IN_UNSUBSCRIBE = frozenset({Prop.USER_PROPERTY})
_IN_DISCONNECT = frozenset({Prop.SESSION_EXPIRY, Prop.REASON_STRING, Prop.USER_PROPERTY, Prop.SERVER_REFERENCE})


def read(head: int, body: bytes, level: Level) -> Packet:
    """A client's packet: its first byte, and what follows the length. `level` does not matter for CONNECT.
    Raises FaultyPacketError, and nothing else, whatever the bytes.
    """
    kind, flags = head >> 4, head & 0x0F
    if kind == _PUBLISH:
        return _read_publish(flags, body, level)
    if flags != _FLAGS.get(kind, 0):
        raise malformed("reserved flags in the fixed header")
    reader = Reader(body)
    packet = _read_other(kind, reader, level)
    if reader.more():
        raise malformed("bytes beyond the end of the packet")
    return packet


def _read_other(kind: int, reader: Reader, level: Level) -> Packet:
    match kind:
        case Ack.PUBACK | Ack.PUBREC | Ack.PUBREL | Ack.PUBCOMP:
            return _read_ack(Ack(kind), reader, level)
        case 1:
            return _read_connect(reader)
        case 8:
            return _read_subscribe(reader, level)
        case 10:
            return _read_unsubscribe(reader, level)
        case 12:
            return Ping()
        case 14:
            return _read_disconnect(reader, level)
        case _:
            raise FaultyPacketError(Reason.PROTOCOL_ERROR, f"a client does not send packets of type {kind}")


def _read_publish(flags: int, body: bytes, level: Level) -> Publish:
    qos = (flags >> 1) & 3
    if qos > _HIGHEST_QOS or (flags & 8 and not qos):
        raise malformed("impossible QoS and DUP of a PUBLISH")
    at = 2 + int.from_bytes(body[:2], "big")
    start = at + 2 if qos else at
    if start > len(body) or len(body) < 2:
        raise malformed("the packet ends too early")
    topic = wire.as_text(body[2:at])
    packet_id = int.from_bytes(body[at:start], "big")
    if qos and not packet_id:
        raise malformed("packet identifier 0")
    properties = NO_PROPERTIES
    payload = body[start:]
    if level is Level.V5:
        reader = Reader(payload)
        properties = reader.properties(_IN_PUBLISH)
        payload = reader.rest()
    return Publish(topic, payload, qos, bool(flags & 1), bool(flags & 8), packet_id, properties)


def _read_ack(kind: Ack, reader: Reader, level: Level) -> Acknowledge:
    packet_id, reason = reader.packet_id(), 0
    if level is Level.V5 and reader.more():
        reason = reader.byte()
        if reader.more():
            reader.properties(_IN_ACK)
    return Acknowledge(kind, packet_id, reason)


def _read_connect(reader: Reader) -> Connect:
    name, number = reader.binary(), reader.byte()
    if name != b"MQTT" or number not in (Level.V311, Level.V5):
        raise FaultyPacketError(Reason.UNSUPPORTED_VERSION, "neither MQTT 3.1.1 nor 5")
    level, flags, keep_alive_s = Level(number), reader.byte(), reader.u16()
    if flags & 1 or (not flags & 0x04 and flags & 0x38) or (flags >> 3) & 3 > _HIGHEST_QOS:
        raise malformed("impossible flags of a CONNECT")
    if level is Level.V311 and flags & 0xC0 == 0x40:
        raise malformed("a password without a user name")
    said = reader.properties(_IN_CONNECT) if level is Level.V5 else NO_PROPERTIES
    client_id = reader.text()
    will = _read_will(reader, flags, level) if flags & 0x04 else None
    username = reader.text() if flags & 0x80 else None
    password = reader.binary() if flags & 0x40 else None
    clean = bool(flags & 2)
    return Connect(
        level=level,
        client_id=client_id,
        clean_start=clean,
        keep_alive_s=keep_alive_s,
        session_expiry_s=_expiry(said.get(Prop.SESSION_EXPIRY, 0)) if level is Level.V5 else 0 if clean else None,
        receive_maximum=_number(said.get(Prop.RECEIVE_MAXIMUM, _RECEIVE_MAXIMUM)),
        maximum_packet_size=_number(said[Prop.MAXIMUM_PACKET_SIZE]) if Prop.MAXIMUM_PACKET_SIZE in said else None,
        will=will,
        username=username,
        password=password,
        authentication_method=str(said[Prop.AUTHENTICATION_METHOD]) if Prop.AUTHENTICATION_METHOD in said else None,
    )


def _read_will(reader: Reader, flags: int, level: Level) -> Will:
    properties = reader.properties(_IN_WILL) if level is Level.V5 else NO_PROPERTIES
    return Will(reader.text(), reader.binary(), (flags >> 3) & 3, bool(flags & 0x20), properties)


def _read_subscribe(reader: Reader, level: Level) -> Subscribe:
    packet_id = reader.packet_id()
    said = reader.properties(_IN_SUBSCRIBE) if level is Level.V5 else NO_PROPERTIES
    asked: list[Asked] = []
    while reader.more():
        asked.append(_read_asked(reader.text(), reader.byte(), level))
    if not asked:
        raise FaultyPacketError(Reason.PROTOCOL_ERROR, "a SUBSCRIBE without a filter")
    return Subscribe(packet_id, tuple(asked), _number(said.get(Prop.SUBSCRIPTION_ID, 0)))


def _read_asked(pattern: str, options: int, level: Level) -> Asked:
    qos, retain_handling = options & 3, (options >> 4) & 3
    if qos > _HIGHEST_QOS or options & (0xC0 if level is Level.V5 else 0xFC):
        raise malformed("impossible options of a subscription")
    if retain_handling > 2:
        raise FaultyPacketError(Reason.PROTOCOL_ERROR, "retain handling 3")
    return Asked(pattern, qos, bool(options & 4), bool(options & 8), retain_handling)


def _read_unsubscribe(reader: Reader, level: Level) -> Unsubscribe:
    packet_id = reader.packet_id()
    if level is Level.V5:
        reader.properties(_IN_UNSUBSCRIBE)
    patterns: list[str] = []
    while reader.more():
        patterns.append(reader.text())
    if not patterns:
        raise FaultyPacketError(Reason.PROTOCOL_ERROR, "an UNSUBSCRIBE without a filter")
    return Unsubscribe(packet_id, tuple(patterns))


def _read_disconnect(reader: Reader, level: Level) -> Disconnect:
    if level is Level.V311 or not reader.more():
        return Disconnect()
    reason = reader.byte()
    said = reader.properties(_IN_DISCONNECT) if reader.more() else NO_PROPERTIES
    return Disconnect(reason, _expiry(said[Prop.SESSION_EXPIRY]) if Prop.SESSION_EXPIRY in said else -1)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _expiry(value: object) -> int | None:
    return None if value == _NEVER else _number(value)


def publish(message: Publish, level: Level) -> bytes:
    """A PUBLISH to a client. Raises ValueError where it is longer than MQTT allows."""
    head = 0x30 | message.dup << 3 | message.qos << 1 | message.retain
    topic = message.topic.encode()
    body = len(topic).to_bytes(2, "big") + topic
    if message.qos:
        body += message.packet_id.to_bytes(2, "big")
    if level is Level.V5:
        body += wire.properties(message.properties)
    return b"%c%b%b%b" % (head, wire.varint(len(body) + len(message.payload)), body, message.payload)


def acknowledge(ack: Acknowledge, level: Level) -> bytes:
    """Any of the four acknowledgements; MQTT 3.1.1 has no place for a reason."""
    head = ack.kind << 4 | (2 if ack.kind is Ack.PUBREL else 0)
    if ack.reason and level is Level.V5:
        return b"%c\x03%b%c" % (head, ack.packet_id.to_bytes(2, "big"), ack.reason)
    return b"%c\x02%b" % (head, ack.packet_id.to_bytes(2, "big"))


def connack(level: Level, reason: Reason, *, session_present: bool, properties: Properties = NO_PROPERTIES) -> bytes:
    """The answer to a CONNECT. 3.1.1 has five ways of refusing and no properties."""
    if level is Level.V311:
        return bytes((0x20, 2, session_present, _REFUSALS_OF_311.get(reason, 3 if reason else 0)))
    return _packet(0x20, bytes((session_present, reason)) + wire.properties(properties))


_REFUSALS_OF_311 = {
    Reason.UNSUPPORTED_VERSION: 1,
    Reason.CLIENT_ID_NOT_VALID: 2,
    Reason.BAD_USER_NAME_OR_PASSWORD: 4,
    Reason.NOT_AUTHORISED: 5,
}


def suback(packet_id: int, reasons: Sequence[int], level: Level) -> bytes:
    """The answer to a SUBSCRIBE: per filter the QoS granted, or why not (3.1.1 says only that)."""
    head = packet_id.to_bytes(2, "big")
    if level is Level.V311:
        return _packet(0x90, head + bytes(min(reason, 0x80) for reason in reasons))
    return _packet(0x90, head + b"\0" + bytes(reasons))


def unsuback(packet_id: int, reasons: Sequence[int], level: Level) -> bytes:
    """The answer to an UNSUBSCRIBE."""
    head = packet_id.to_bytes(2, "big")
    return _packet(0xB0, head if level is Level.V311 else head + b"\0" + bytes(reasons))


def disconnect(reason: Reason) -> bytes:
    """The broker ends a connection, MQTT 5 only."""
    return bytes((0xE0, 1, reason))


def _packet(head: int, body: bytes) -> bytes:
    return bytes((head,)) + wire.varint(len(body)) + body
