"""What the broker remembers of one client, here or away: subscriptions, and what it is still to be sent. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from simulators.broker.packets import NO_PROPERTIES, Asked, Prop, Properties, Publish
from simulators.broker.topics import matcher

_PACKET_IDS = 65_535


class Message(NamedTuple):
    """What was published. `expires` is on the loop's clock, None where the message keeps for ever."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties
    expires: float | None
    sender: str  # client id


class Delivery(NamedTuple):
    """One message on its way to one client."""

    message: Message
    qos: int
    retain: bool
    subscription_ids: tuple[int, ...] = ()

    def packet(self, now: float, *, packet_id: int = 0, dup: bool = False) -> Publish:
        """As it is sent at `now`: an expiry interval counts down while the message waits."""
        message, properties = self.message, self.message.properties
        if self.subscription_ids:
            properties = {**properties, Prop.SUBSCRIPTION_ID: self.subscription_ids}
        if message.expires is not None:
            properties = {**properties, Prop.MESSAGE_EXPIRY: max(0, int(message.expires - now))}
        return Publish(message.topic, message.payload, self.qos, self.retain, dup, packet_id, properties)


class Link(Protocol):
    """A session's connection."""

    def pump(self) -> None:
        """Send what the session has waiting, as far as window and buffers allow."""
        ...

    def take_over(self) -> None:
        """Another connection speaks for this client now."""
        ...

    def relieved(self, by: Session) -> None:
        """A session whose full queue held back this client's acknowledgements has room again."""
        ...


class Subscription:
    """One filter of a session, with its options."""

    __slots__ = ("asked", "identifier", "matches")

    def __init__(self, asked: Asked, identifier: int) -> None:
        self.asked = asked
        self.identifier = identifier
        self.matches: Callable[[str], bool] = matcher(asked.pattern)


class Session:
    """One client's. At most `limit` messages wait in it while the client is away; the newest beyond that are refused.

    While the client is connected nothing is refused: `full` says that publishers should wait for their acknowledgement.
    """

    def __init__(self, client_id: str, limit: int) -> None:
        self.client_id = client_id
        self.subscriptions: dict[str, Subscription] = {}
        self.unreleased: set[int] = set()  # QoS 2 packet ids heard, whose PUBREL is still to come
        self.link: Link | None = None
        self.expiry_s: int | None = 0
        self.dropped = 0
        self.holding: set[Link] = set()  # publishers whose acknowledgements wait for room here
        self._limit = limit
        self._waiting: deque[Delivery] = deque()
        self._unanswered: deque[tuple[int, Delivery]] = deque()  # sent on an earlier connection: first in line
        self._in_flight: dict[int, Delivery] = {}
        self._last_id = 0

    @property
    def waiting(self) -> int:
        """How many messages wait to be sent or sent again."""
        return len(self._waiting) + len(self._unanswered)

    @property
    def in_flight(self) -> int:
        """How many messages are sent and not yet acknowledged."""
        return len(self._in_flight)

    @property
    def full(self) -> bool:
        """As much waits as may."""
        return len(self._waiting) >= self._limit

    def keep(self, delivery: Delivery) -> bool:
        """Queue it. False where it is dropped: the queue is full, and the client away or the message of QoS 0."""
        if self.full and (self.link is None or not delivery.qos):
            self.dropped += 1
            return False
        if delivery.qos or self.link is not None:
            self._waiting.append(delivery)
        return True

    def next(self, window: int, now: float) -> Publish | None:
        """What to send next, now in flight: first what an earlier connection left unanswered, with DUP set."""
        if len(self._in_flight) >= window:
            return None
        if self._unanswered:
            packet_id, delivery = self._unanswered.popleft()
            self._in_flight[packet_id] = delivery
            return delivery.packet(now, packet_id=packet_id, dup=True)
        packet = self._first_waiting(now)
        if self.holding and len(self._waiting) <= self._limit // 2:
            self.relieve()
        return packet

    def acknowledge(self, packet_id: int) -> bool:
        """The client has it. False where nothing of that id was in flight."""
        return self._in_flight.pop(packet_id, None) is not None

    def relieve(self) -> None:
        """Let publishers go on that waited for room here."""
        holding, self.holding = self.holding, set()
        for link in holding:
            link.relieved(self)

    def interrupted(self) -> None:
        """The connection is gone: what was in flight is to be sent again, in the old order, before all else."""
        self.link = None
        self._waiting = deque(delivery for delivery in self._waiting if delivery.qos)
        self._unanswered.extendleft(reversed(self._in_flight.items()))
        self._in_flight.clear()
        self.relieve()

    def matching(self, topic: str) -> Iterator[Subscription]:
        """Its subscriptions that a topic falls under."""
        return (one for one in self.subscriptions.values() if one.matches(topic))

    def _first_waiting(self, now: float) -> Publish | None:
        while self._waiting:
            delivery = self._waiting.popleft()
            if delivery.message.expires is not None and delivery.message.expires <= now:
                continue
            if not delivery.qos:
                return delivery.packet(now)
            packet_id = self._free_id()
            self._in_flight[packet_id] = delivery
            return delivery.packet(now, packet_id=packet_id)
        return None

    def _free_id(self) -> int:
        reserved = {packet_id for packet_id, _ in self._unanswered} if self._unanswered else ()
        while True:
            self._last_id = self._last_id % _PACKET_IDS + 1
            if self._last_id not in self._in_flight and self._last_id not in reserved:
                return self._last_id


def expiring(properties: Properties, now: float) -> float | None:
    """When a message with these properties, heard at `now`, is no longer worth sending."""
    interval = properties.get(Prop.MESSAGE_EXPIRY)
    return now + interval if isinstance(interval, int) else None


def forwarded(properties: Properties) -> Properties:
    """The properties that travel on with a message."""
    if not properties:
        return NO_PROPERTIES
    return {name: value for name, value in properties.items() if name not in (Prop.TOPIC_ALIAS, Prop.WILL_DELAY)}
