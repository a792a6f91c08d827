"""One client's connection: handshake, acknowledgements, keep-alive. A fault of the client ends this connection only."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from simulators.broker import codec
from simulators.broker.exchange import Exchange, Routed
from simulators.broker.framing import Frames, Outbox
from simulators.broker.packets import (
    Ack,
    Acknowledge,
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
)
from simulators.broker.session import Message, Session, expiring, forwarded
from simulators.broker.topics import valid_name

_log = logging.getLogger(__name__)
_GRACE = 1.5  # times the keep-alive
_UNREAD = 1024 * 1024  # bytes beyond the largest packet that a client may leave unread
_NOBODY = Routed(0, ())
_EXACTLY_ONCE = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the broker bears. Sizes are in bytes of whole packets, times in seconds."""

    max_queued: int = 100_000  # messages kept for one client that is away; more are dropped, counted and logged
    in_flight: int = 1_000  # unacknowledged messages to one client of 3.1.1; a client of 5 says its own
    receive_maximum: int = 1_024  # unacknowledged messages from one client of 5
    max_packet_size: int = 16 * 1024 * 1024
    connect_within_s: float = 10.0


class Connection(asyncio.Protocol):
    """A client, from its first byte to its last. `passwords` maps user to password; None lets everybody in.

    `default_id` is the name of a client that gives none; `connected` is called with us once there is a socket.
    """

    def __init__(
        self,
        exchange: Exchange,
        limits: Limits,
        passwords: Mapping[str, str] | None,
        default_id: str,
        connected: Callable[["Connection"], None] = lambda _: None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._exchange, self._limits, self._passwords, self._default_id = exchange, limits, passwords, default_id
        self._frames = Frames(limits.max_packet_size)
        self._connected = connected
        self._outbox: Outbox
        self._level = Level.V311
        self._connect: Connect | None = None
        self._session: Session | None = None
        self._window = 0
        self._held: deque[bytes] = deque()  # acknowledgements that wait until the sessions in `_full` have room
        self._full: set[Session] = set()
        self._last_heard = self._loop.time()
        self._patience_s = limits.connect_within_s
        self._watch: asyncio.TimerHandle | None = None

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there; it has so long to say CONNECT."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (what TCP gives a protocol)
        self._outbox = Outbox(transport, self._limits.max_packet_size + _UNREAD, self.pump)
        self._watch = self._loop.call_later(self._patience_s, self._still_there)
        self._connected(self)

    def data_received(self, data: bytes) -> None:
        """Handle every packet that is whole by now."""
        self._last_heard = self._loop.time()
        self._frames.feed(data)
        try:
            while not self._outbox.closing and (frame := self._frames.next()) is not None:
                self._handle(codec.read(*frame, self._level))
        except FaultyPacketError as fault:
            self._refuse(fault)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone; without a DISCONNECT before it, the will is published."""
        _ = exc
        self._leave(with_will=True)
        if self._watch is not None:
            self._watch.cancel()
        self.ended.set_result(None)

    def pause_writing(self) -> None:
        """The client reads slowly: deliveries wait in its session."""
        self._outbox.congested(now=True)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._outbox.congested(now=False)

    # What the exchange and the broker call.

    def pump(self) -> None:
        """Send what the session has waiting, as far as window and buffers allow."""
        session, outbox = self._session, self._outbox
        while session is not None and outbox.roomy:
            packet = session.next(self._window, self._loop.time())
            if packet is None:
                return
            raw = codec.publish(packet, self._level)
            if self._acceptable(raw):
                outbox.send(raw)
            else:
                session.acknowledge(packet.packet_id)
                self._exchange.dropped += 1

    def relieved(self, by: Session) -> None:
        """A session whose full queue held back this client's acknowledgements has room again."""
        self._full.discard(by)
        if not self._full:
            while self._held:
                self._outbox.send(self._held.popleft())

    def take_over(self) -> None:
        """Another connection speaks for this client now."""
        self.end(Reason.TAKEN_OVER)

    def end(self, reason: Reason) -> None:
        """Close in order: say why where the client understands it, and publish its will."""
        if self._level is Level.V5 and self._session is not None:
            self._outbox.send(codec.disconnect(reason))
        self._leave(with_will=True)
        self._outbox.close()

    def cut(self) -> None:
        """Close at once, as a network does that fails."""
        self._outbox.cut()

    # What the client says.

    def _handle(self, packet: Packet) -> None:
        session = self._session
        if isinstance(packet, Connect):
            self._welcome(packet)
        elif session is None:
            raise FaultyPacketError(Reason.PROTOCOL_ERROR, "the first packet is not CONNECT")
        else:
            self._hear(packet, session)

    def _hear(
        self, packet: Publish | Acknowledge | Ping | Subscribe | Unsubscribe | Disconnect, session: Session
    ) -> None:
        match packet:
            case Publish():
                self._take(packet, session)
            case Acknowledge():
                self._answered(packet, session)
            case Ping():
                self._outbox.send(codec.PINGRESP)
            case Subscribe():
                reasons, replays = self._exchange.subscribe(session, packet)
                self._outbox.send(codec.suback(packet.packet_id, reasons, self._level))
                for delivery in replays:
                    self._exchange.hand_over(session, delivery)
            case Unsubscribe():
                answers = [self._exchange.unsubscribe(session, pattern) for pattern in packet.patterns]
                self._outbox.send(codec.unsuback(packet.packet_id, answers, self._level))
            case Disconnect():
                self._goodbye(packet, session)
            case _:
                assert_never(packet)

    def _welcome(self, connect: Connect) -> None:
        if self._connect is not None:
            raise FaultyPacketError(Reason.PROTOCOL_ERROR, "a second CONNECT")
        self._level, self._connect = connect.level, connect
        refused = self._refusal(connect)
        if refused is not None:
            self._outbox.send(codec.connack(self._level, refused, session_present=False))
            self._outbox.close()
            return
        properties: dict[Prop, Property] = {
            Prop.RECEIVE_MAXIMUM: self._limits.receive_maximum,
            Prop.MAXIMUM_PACKET_SIZE: self._limits.max_packet_size,
            Prop.SHARED_SUBSCRIPTION_AVAILABLE: 0,
        }
        if not connect.client_id:
            connect = connect._replace(client_id=self._default_id)
            properties[Prop.ASSIGNED_CLIENT_ID] = self._default_id
        self._window = connect.receive_maximum if self._level is Level.V5 else self._limits.in_flight
        self._patience_s = connect.keep_alive_s * _GRACE
        self._still_there()
        session, present = self._exchange.attach(connect, self)
        answer = codec.connack(self._level, Reason.SUCCESS, session_present=present, properties=properties)
        self._outbox.send(answer)
        self._session = session
        self.pump()

    def _refusal(self, connect: Connect) -> Reason | None:
        if connect.authentication_method is not None:
            return Reason.BAD_AUTHENTICATION_METHOD
        if not connect.client_id and not connect.clean_start and self._level is Level.V311:
            return Reason.CLIENT_ID_NOT_VALID
        if connect.will is not None and not valid_name(connect.will.topic):
            return Reason.TOPIC_NAME_INVALID
        if self._passwords is None:
            return None
        if connect.username is None:
            return Reason.NOT_AUTHORISED
        known = self._passwords.get(connect.username)
        good = known is not None and known.encode() == connect.password
        return None if good else Reason.BAD_USER_NAME_OR_PASSWORD

    def _take(self, packet: Publish, session: Session) -> None:
        if Prop.TOPIC_ALIAS in packet.properties:
            raise FaultyPacketError(Reason.TOPIC_ALIAS_INVALID, "topic aliases were not offered")
        if not valid_name(packet.topic):
            raise FaultyPacketError(Reason.TOPIC_NAME_INVALID, "not a topic that can be published to")
        if packet.qos == _EXACTLY_ONCE and packet.packet_id in session.unreleased:
            self._acknowledge(packet, _NOBODY, session)
            return
        unanswered = len(self._held) + len(session.unreleased)
        if packet.qos and self._level is Level.V5 and unanswered >= self._limits.receive_maximum:
            raise FaultyPacketError(Reason.RECEIVE_MAXIMUM_EXCEEDED, "more unacknowledged messages than was agreed")
        expires = expiring(packet.properties, self._loop.time())
        carried = forwarded(packet.properties)
        routed = self._exchange.route(
            Message(packet.topic, packet.payload, packet.qos, packet.retain, carried, expires, session.client_id)
        )
        if packet.qos:
            self._acknowledge(packet, routed, session)

    def _acknowledge(self, packet: Publish, routed: Routed, session: Session) -> None:
        for full in routed.full:
            full.holding.add(self)
            self._full.add(full)
        kind = Ack.PUBACK
        if packet.qos == _EXACTLY_ONCE:
            kind = Ack.PUBREC
            session.unreleased.add(packet.packet_id)
        reason = Reason.SUCCESS if routed.sessions else Reason.NO_MATCHING_SUBSCRIBERS
        answer = codec.acknowledge(Acknowledge(kind, packet.packet_id, reason), self._level)
        if self._full:
            self._held.append(answer)
        else:
            self._outbox.send(answer)

    def _answered(self, packet: Acknowledge, session: Session) -> None:
        if packet.kind is Ack.PUBREL:
            reason = Reason.SUCCESS if packet.packet_id in session.unreleased else Reason.PACKET_ID_NOT_FOUND
            session.unreleased.discard(packet.packet_id)
            self._outbox.send(codec.acknowledge(Acknowledge(Ack.PUBCOMP, packet.packet_id, reason), self._level))
        elif packet.kind is Ack.PUBACK:
            session.acknowledge(packet.packet_id)
            self.pump()
        else:
            raise FaultyPacketError(Reason.PROTOCOL_ERROR, "nothing was sent to this client at QoS 2")

    def _goodbye(self, packet: Disconnect, session: Session) -> None:
        if packet.session_expiry_s != -1:
            if session.expiry_s == 0 and packet.session_expiry_s != 0:
                raise FaultyPacketError(Reason.PROTOCOL_ERROR, "a session that was to end cannot be kept at DISCONNECT")
            session.expiry_s = packet.session_expiry_s
        self._leave(with_will=packet.reason == Reason.DISCONNECT_WITH_WILL)
        self._outbox.close()

    # How it ends.

    def _refuse(self, fault: FaultyPacketError) -> None:
        client = self._session.client_id if self._session is not None else ""
        _log.info("a client broke the protocol", extra={"client": client, "why": str(fault)})
        if fault.reason is Reason.UNSUPPORTED_VERSION:
            self._outbox.send(codec.connack(Level.V311, fault.reason, session_present=False))
        self.end(fault.reason)

    def _leave(self, *, with_will: bool) -> None:
        session, self._session = self._session, None
        for full in self._full:
            full.holding.discard(self)
        self._full.clear()
        if session is not None and self._connect is not None:
            self._exchange.detach(session, self._connect.will if with_will else None)

    def _still_there(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if not self._patience_s or self._outbox.closing:
            return
        left = self._last_heard + self._patience_s - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._still_there)
        else:
            self.end(Reason.KEEP_ALIVE_TIMEOUT)

    def _acceptable(self, raw: bytes) -> bool:
        largest = self._connect.maximum_packet_size if self._connect is not None else None
        return largest is None or len(raw) <= largest
