"""One MQTT 5 connection as bytes in and bytes out: no sockets, no clock of its own, no tasks.

mqtt5's codes are declared as IntEnum but are not: they compare with `==` and `int()`, and neither order nor hash.
"""

import logging
import struct
from dataclasses import dataclass
from typing import Final

from mqtt5 import (
    ConnAckPacket,
    ConnAckReasonCode,
    ConnectPacket,
    DisconnectPacket,
    DisconnectReasonCode,
    PingReqPacket,
    PingRespPacket,
    PubAckPacket,
    PublishPacket,
    QoS,
    RetainHandling,
    SubAckPacket,
    SubscribePacket,
    TopicFilter,
    read,
)

from domain import naming
from domain.errors import RejectedError, UnavailableError
from domain.messages import Flag, Message
from domain.ports import Clock
from ingest.sources.granted import FAILURE, refused_for_good, weigh
from ingest.sources.inbox import Inbox
from ingest.sources.link import Link
from ingest.sources.retry import MalformedError, TakenOverError
from ingest.sources.settings import MqttSettings

log = logging.getLogger(__name__)

PUBACK: Final = 0x4002  # first two bytes of a PUBACK that says success
QOS_2: Final = 0x04  # in the first byte of a PUBLISH
RETAINED: Final = int(Flag.RETAINED)
SPEAKS_3_1_1: Final = b"\x20\x02\x00\x01"  # a 3.1.1 CONNACK: unacceptable protocol version
SUBSCRIBE_ID: Final = 1
FIRST_PUBLISH_ID: Final = 2
SPOT_BYTES: Final = 64


@dataclass(slots=True)
class Limits:
    """What the broker's CONNACK allows."""

    ping_every: float
    receive_maximum: int = 65535
    acknowledged: bool = True  # False: QoS 0 is all it grants
    packet_bytes: int | None = None


class Conversation:
    """What is said and heard on one connection. What it wants sent gathers in `outgoing`."""

    def __init__(self, settings: MqttSettings, client_id: str, *, link: Link, inbox: Inbox, clock: Clock) -> None:
        self._settings = settings
        self._link = link
        self._inbox = inbox
        self._clock = clock
        self._markers: set[int] = set()  # packet ids of markers that await their PUBACK
        self._last_id = FIRST_PUBLISH_ID - 1
        self.client_id = client_id
        self.marker_topic = naming.marker_topic(settings.site, client_id)
        self.limits = Limits(ping_every=settings.keep_alive / 2)
        self.epoch = 0  # until CONNACK
        self.up = False
        self.now = 0.0  # the event loop's time, set by whoever calls
        self.outgoing: list[bytes] = [self._hello()]

    def hear(self, data: memoryview) -> int:
        """Take in the whole packets at the start of `data`; how many bytes that were. A part of a packet is left.

        Raises MalformedError, TakenOverError, UnavailableError or RejectedError where this ends the connection; what
        was heard before that is in the inbox.
        """
        if self.epoch:
            return self._hear_rest(data)
        used = self._hear_admission(data)
        return used + self._hear_rest(data[used:]) if used else 0

    def settled(self, packets: tuple[int, ...]) -> bytes:
        """The PUBACKs of these packet ids."""
        words = [PUBACK] * (2 * len(packets))
        words[1::2] = packets
        return struct.pack(f">{len(words)}H", *words)

    def publish_marker(self, payload: bytes) -> None:
        """Send a marker, unless the broker's receive maximum forbids one more."""
        if len(self._markers) >= self.limits.receive_maximum:
            return
        packet_id: int | None = None
        qos = QoS.AT_LEAST_ONCE if self.limits.acknowledged else QoS.AT_MOST_ONCE
        if self.limits.acknowledged:
            packet_id = self._next_id()
            self._markers.add(packet_id)
        self._send(PublishPacket(self.marker_topic, payload, qos=qos, packet_id=packet_id).write())

    def ping(self) -> None:
        """Show that we are here, and ask whether the broker is."""
        self.outgoing.append(PingReqPacket().write())

    def farewell(self, reason: DisconnectReasonCode = DisconnectReasonCode.NORMAL_DISCONNECTION) -> bytes:
        """DISCONNECT; the session stays for as long as CONNECT asked."""
        return DisconnectPacket(reason_code=reason).write()

    def _hello(self) -> bytes:
        s = self._settings
        return ConnectPacket(
            self.client_id,
            username=s.username,
            password=s.password.encode() if s.password is not None else None,
            clean_start=False,
            keep_alive=s.keep_alive,
            session_expiry_interval=s.session_expiry,
            receive_max=s.receive_maximum,
        ).write()

    def _hear_rest(self, data: memoryview) -> int:
        """The hot path: from bytes to messages in the inbox."""
        inbox, link, epoch, marker_topic = self._inbox, self._link, self.epoch, self.marker_topic
        received = self._clock.now()
        backlog = int(link.backlog)
        messages: list[Message] = []
        packets: list[int] = []
        size = at = 0
        made = tuple.__new__  # half the price of a NamedTuple's own constructor
        room = inbox.room(epoch)
        try:
            while True:
                packet, used = decode(data[at:])
                if used == 0:
                    return at
                if type(packet) is PublishPacket:
                    packet_id = packet.packet_id
                    if packet_id is not None:
                        if packet_id == 0 or data[at] & QOS_2:
                            raise MalformedError("PUBLISH of a kind that we never asked for", _spot(data[at:]))
                        packets.append(packet_id)
                    topic = packet.topic
                    if packet.topic_alias is not None:
                        raise MalformedError("PUBLISH with a topic alias, which we forbid", _spot(data[at:]))
                    if topic == marker_topic:
                        inbox.add(epoch, messages, packets, size)
                        messages, packets, size = [], [], 0
                        link.returned(packet.payload)
                        backlog, room = int(link.backlog), inbox.room(epoch)
                    else:
                        payload = packet.payload
                        flags = backlog | RETAINED if packet.retain else backlog
                        messages.append(made(Message, (topic, payload, received, flags)))
                        size += len(topic) + len(payload)
                        if len(messages) >= room or size >= inbox.batch_bytes:
                            inbox.add(epoch, messages, packets, size)
                            messages, packets, size = [], [], 0
                            room = inbox.room(epoch)
                else:
                    inbox.add(epoch, messages, packets, size)
                    messages, packets, size = [], [], 0
                    self._hear_control(packet, data[at : at + used])
                    room = inbox.room(epoch)
                at += used
        finally:
            inbox.add(epoch, messages, packets, size)

    def _hear_control(self, packet: object, data: memoryview) -> None:
        match packet:
            case PubAckPacket():
                self._hear_puback(packet)
            case PingRespPacket():
                pass
            case SubAckPacket():
                self._hear_suback(packet)
            case DisconnectPacket():
                raise _why_sent_away(packet)
            case _:
                raise MalformedError(f"{type(packet).__name__} does not belong here", _spot(data))

    def _hear_admission(self, data: memoryview) -> int:
        if bytes(data[:4]) == SPEAKS_3_1_1:
            raise RejectedError("the broker speaks MQTT 3.1.1 only: use the paho source")
        packet, used = decode(data)
        if used == 0:
            return 0
        if isinstance(packet, DisconnectPacket):
            raise _why_sent_away(packet)
        if not isinstance(packet, ConnAckPacket):
            raise MalformedError(f"{type(packet).__name__} came before CONNACK", _spot(data))
        if packet.reason_code != ConnAckReasonCode.SUCCESS:
            raise _why_not_admitted(packet)
        self._honour(packet)
        self._link.connected(session_present=packet.session_present)
        self.epoch = self._link.epoch
        self._subscribe()
        return used

    def _honour(self, packet: ConnAckPacket) -> None:
        if packet.assigned_client_id:
            self.client_id = packet.assigned_client_id
            self.marker_topic = naming.marker_topic(self._settings.site, self.client_id)
        if packet.server_keep_alive:  # pinging more often than a broker asks is allowed, and finds a dead one sooner
            self.limits.ping_every = min(packet.server_keep_alive, self._settings.keep_alive) / 2
        self.limits.receive_maximum = packet.receive_max
        self.limits.packet_bytes = packet.max_packet_size
        if packet.max_qos == QoS.AT_MOST_ONCE:
            self.limits.acknowledged = False
            log.error("MQTT broker grants QoS 0 only: what it drops is lost")
        asked = self._settings.session_expiry
        granted = packet.session_expiry_interval
        if granted is not None and granted < asked:
            log.warning("MQTT broker keeps our session for %d s, not %d s: longer outages lose data", granted, asked)

    def _subscribe(self) -> None:
        filters = [
            TopicFilter(
                pattern,
                max_qos=QoS.AT_LEAST_ONCE if self.limits.acknowledged else QoS.AT_MOST_ONCE,
                retain_as_published=False,  # else live publishes with retain=1 would look like replays
                retain_handling=RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
            )
            for pattern in (*self._settings.filters, self.marker_topic)
        ]
        self._send(SubscribePacket(SUBSCRIBE_ID, filters).write())

    def _hear_suback(self, packet: SubAckPacket) -> None:
        asked = (*self._settings.filters, self.marker_topic)
        if packet.packet_id != SUBSCRIBE_ID or len(packet.reason_codes) != len(asked) or self.up:
            raise MalformedError("SUBACK that answers nothing we asked", b"suback")
        weigh(asked, [int(code) for code in packet.reason_codes])
        self.up = True
        self.publish_marker(self._link.subscribed(self.now))

    def _hear_puback(self, packet: PubAckPacket) -> None:
        self._markers.discard(packet.packet_id)
        if int(packet.reason_code) >= FAILURE:
            log.error("MQTT broker refuses our marker on %s: %s", self.marker_topic, packet.reason_code.name)

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id + 1 if self._last_id < 0xFFFF else FIRST_PUBLISH_ID
            if self._last_id not in self._markers:
                return self._last_id

    def _send(self, packet: bytes) -> None:
        most = self.limits.packet_bytes
        if most is not None and len(packet) > most:
            raise RejectedError(f"the broker takes packets of at most {most} bytes; ours has {len(packet)}")
        self.outgoing.append(packet)


def decode(data: memoryview) -> tuple[object, int]:
    """The packet at the start of `data` and its length; length 0 while it is incomplete. Raises MalformedError."""
    try:
        return read(data)
    except IndexError:
        whole = frame_length(data)
        if whole is not None and whole <= len(data):
            raise MalformedError("packet ends too early", _spot(data)) from None
        return None, 0
    except ValueError as why:
        raise MalformedError(str(why), _spot(data)) from why
    except BaseException as panic:
        # pyo3's PanicException (invalid UTF-8 in a topic or property) cannot be imported and is no Exception.
        if type(panic).__name__ != "PanicException":
            raise
        raise MalformedError("text that is not UTF-8", _spot(data)) from None


def frame_length(data: memoryview) -> int | None:
    """Bytes of the packet at the start of `data`, header included; None while its length is incomplete."""
    length = 0
    for place in range(1, min(len(data), 5)):
        length |= (data[place] & 0x7F) << 7 * (place - 1)
        if data[place] < 0x80:
            return 1 + place + length
    return None


def _spot(data: memoryview) -> bytes:
    """What stays the same when the packet is sent again: not its DUP bit, nor its packet id (behind the topic)."""
    if not len(data):
        return b""
    whole = frame_length(data)
    head = bytes(data[: min(SPOT_BYTES, len(data) if whole is None else whole)])
    if data[0] >> 4 != 3 or whole is None:
        return head
    start = 2 if data[1] < 0x80 else next(i + 1 for i in range(1, 5) if data[i] < 0x80)
    topic = int.from_bytes(data[start : start + 2], "big")
    return b"publish" + bytes(data[start : start + 2 + topic])


def _why_not_admitted(packet: ConnAckPacket) -> Exception:
    said = f"CONNACK {packet.reason_code.name}" + (f": {packet.reason_str}" if packet.reason_str else "")
    if packet.server_reference:
        said += f"; it names {packet.server_reference}"
    return RejectedError(said) if refused_for_good(int(packet.reason_code)) else UnavailableError(said)


def _why_sent_away(packet: DisconnectPacket) -> Exception:
    said = f"DISCONNECT {packet.reason_code.name}" + (f": {packet.reason_str}" if packet.reason_str else "")
    if packet.server_reference:
        said += f"; it names {packet.server_reference}"
    if packet.reason_code == DisconnectReasonCode.SESSION_TAKEN_OVER:
        return TakenOverError(said)
    return UnavailableError(said)
