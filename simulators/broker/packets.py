"""What travels between a client and the broker, in either version of MQTT. Values only; the codec knows the bytes."""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple


class Level(IntEnum):
    """The protocol level byte of CONNECT."""

    V311 = 4
    V5 = 5


class Reason(IntEnum):
    """The reason codes of MQTT 5 that the broker gives or looks at (MQTT 5, section 2.4)."""

    SUCCESS = 0x00
    DISCONNECT_WITH_WILL = 0x04
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    BAD_USER_NAME_OR_PASSWORD = 0x86
    NOT_AUTHORISED = 0x87
    SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_ID_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E


class FaultyPacketError(Exception):
    """A client broke the protocol: that client is disconnected with this reason, and nobody else notices."""

    def __init__(self, reason: Reason, why: str) -> None:
        super().__init__(why)
        self.reason = reason


class Prop(IntEnum):
    """Property identifiers of MQTT 5 (section 2.2.2.2)."""

    PAYLOAD_FORMAT = 0x01
    MESSAGE_EXPIRY = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_ID = 0x0B
    SESSION_EXPIRY = 0x11
    ASSIGNED_CLIENT_ID = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTHENTICATION_METHOD = 0x15
    AUTHENTICATION_DATA = 0x16
    REQUEST_PROBLEM_INFORMATION = 0x17
    WILL_DELAY = 0x18
    REQUEST_RESPONSE_INFORMATION = 0x19
    RESPONSE_INFORMATION = 0x1A
    SERVER_REFERENCE = 0x1C
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28
    SUBSCRIPTION_ID_AVAILABLE = 0x29
    SHARED_SUBSCRIPTION_AVAILABLE = 0x2A


UserProperties = tuple[tuple[str, str], ...]
Property = int | str | bytes | tuple[int, ...] | UserProperties
Properties = Mapping[Prop, Property]
NO_PROPERTIES: Properties = {}


class Will(NamedTuple):
    """What the broker says for a client that goes without a word."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties


class Connect(NamedTuple):
    """A client says who it is. `session_expiry_s` is None where the session never ends, 0 where it ends at once."""

    level: Level
    client_id: str
    clean_start: bool
    keep_alive_s: int
    session_expiry_s: int | None
    receive_maximum: int
    maximum_packet_size: int | None
    will: Will | None
    username: str | None
    password: bytes | None
    authentication_method: str | None


class Publish(NamedTuple):
    """A message. `packet_id` is 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: Properties = NO_PROPERTIES


class Ack(IntEnum):
    """The four acknowledgements, by packet type."""

    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7


class Acknowledge(NamedTuple):
    """One of the four acknowledgements."""

    kind: Ack
    packet_id: int
    reason: int = 0


class Asked(NamedTuple):
    """One filter of a SUBSCRIBE, with its options."""

    pattern: str
    qos: int
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


class Subscribe(NamedTuple):
    """Filters that a client wants to hear. `subscription_id` is 0 where none was given."""

    packet_id: int
    asked: tuple[Asked, ...]
    subscription_id: int = 0


class Unsubscribe(NamedTuple):
    """Filters that a client no longer wants."""

    packet_id: int
    patterns: tuple[str, ...]


class Ping(NamedTuple):
    """A client is still there."""


class Disconnect(NamedTuple):
    """A client leaves in order. `session_expiry_s` is -1 where it leaves what it said at CONNECT."""

    reason: int = 0
    session_expiry_s: int | None = -1


Packet = Connect | Publish | Acknowledge | Subscribe | Unsubscribe | Ping | Disconnect
