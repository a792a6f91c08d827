"""Who hears what: sessions, retained messages and routing. No sockets; a session's connection is a `Link`."""

import logging
from collections.abc import Callable
from typing import NamedTuple, Protocol

from simulators.broker.packets import Asked, Connect, Reason, Subscribe, Will
from simulators.broker.session import Delivery, Link, Message, Session, Subscription, expiring, forwarded
from simulators.broker.topics import valid_filter

_log = logging.getLogger(__name__)
_ROUTES_KEPT = 50_000
_HIGHEST_GRANTED = 1
_SHARED = "$share/"
_LOUD_EVERY = 1_000

_SEND_ALWAYS, _SEND_IF_NEW = 0, 1  # retain handling

_Routes = tuple[tuple[Session, tuple[Subscription, ...]], ...]


class Alarm(Protocol):
    """Something that was to happen later."""

    def cancel(self) -> None:
        """It shall not happen."""
        ...


class Routed(NamedTuple):
    """What became of a message: how many sessions it went to, and which of those are full while connected."""

    sessions: int
    full: tuple[Session, ...]


class Exchange:
    """All that the broker remembers. `now` is the loop's clock, `later` calls back after so many seconds."""

    def __init__(
        self, max_queued: int, now: Callable[[], float], later: Callable[[float, Callable[[], None]], Alarm]
    ) -> None:
        self.sessions: dict[str, Session] = {}
        self.retained: dict[str, Message] = {}
        self.dropped = 0
        self._max_queued = max_queued
        self._now, self._later = now, later
        self._endings: dict[str, Alarm] = {}
        self._routes: dict[str, _Routes] = {}

    def attach(self, connect: Connect, link: Link) -> tuple[Session, bool]:
        """The client's session, and whether it was there before. An older connection of the client is ended first."""
        client_id = connect.client_id
        before = self.sessions.get(client_id)
        if before is not None and before.link is not None:
            before.link.take_over()
            before = self.sessions.get(client_id)
        if (ending := self._endings.pop(client_id, None)) is not None:
            ending.cancel()
        if before is not None and connect.clean_start:
            self._end(before)
            before = None
        session = before or Session(client_id, self._max_queued)
        self.sessions[client_id] = session
        session.link = link
        session.expiry_s = connect.session_expiry_s
        return session, before is not None

    def detach(self, session: Session, will: Will | None) -> None:
        """The client's connection is gone. Its will is published, its session ended now, later or never."""
        session.interrupted()
        if will is not None:
            now = self._now()
            self.route(
                Message(
                    will.topic,
                    will.payload,
                    will.qos,
                    will.retain,
                    forwarded(will.properties),
                    expiring(will.properties, now),
                    session.client_id,
                )
            )
        if session.expiry_s == 0:
            self._end(session)
        elif session.expiry_s is not None:
            self._endings[session.client_id] = self._later(session.expiry_s, lambda: self._end(session))

    def subscribe(self, session: Session, packet: Subscribe) -> tuple[list[int], list[Delivery]]:
        """The answer per filter (the QoS granted, or a reason why not), and the retained messages to send after it."""
        reasons: list[int] = []
        replays: list[Delivery] = []
        for asked in packet.asked:
            refused = _refusal(asked)
            if refused is not None:
                reasons.append(refused)
                continue
            known = asked.pattern in session.subscriptions
            subscription = Subscription(asked, packet.subscription_id)
            session.subscriptions[asked.pattern] = subscription
            reasons.append(min(asked.qos, _HIGHEST_GRANTED))
            if asked.retain_handling == _SEND_ALWAYS or (asked.retain_handling == _SEND_IF_NEW and not known):
                replays += self._retained_for(subscription)
        self._routes.clear()
        return reasons, replays

    def unsubscribe(self, session: Session, pattern: str) -> Reason:
        """Whether there was such a subscription."""
        if session.subscriptions.pop(pattern, None) is None:
            return Reason.NO_SUBSCRIPTION_EXISTED
        self._routes.clear()
        return Reason.SUCCESS

    def route(self, message: Message) -> Routed:
        """Keep it where it is to be retained, and hand it to every session that wants it."""
        if message.retain:
            if message.payload:
                self.retained[message.topic] = message
            else:
                self.retained.pop(message.topic, None)
        full: tuple[Session, ...] = ()
        routes = self._routes.get(message.topic)
        if routes is None:
            routes = self._find_routes(message.topic)
        for session, subscriptions in routes:
            delivery = _delivery(message, session, subscriptions)
            if delivery is not None:
                self.hand_over(session, delivery)
                if session.full and session.link is not None:
                    full = (*full, session)
        return Routed(len(routes), full)

    def hand_over(self, session: Session, delivery: Delivery) -> None:
        """Queue it for one session, and send what can be sent. What cannot be kept is dropped and counted, loudly."""
        if not session.keep(delivery):
            self.dropped += 1
            if session.dropped % _LOUD_EVERY == 1:
                _log.warning(
                    "a client's queue is full, its newest messages are dropped",
                    extra={"client": session.client_id, "dropped": session.dropped, "queued": session.waiting},
                )
        elif session.link is not None:
            session.link.pump()

    def _find_routes(self, topic: str) -> _Routes:
        if len(self._routes) >= _ROUTES_KEPT:
            self._routes.clear()
        found = ((session, tuple(session.matching(topic))) for session in self.sessions.values())
        routes = tuple((session, subscriptions) for session, subscriptions in found if subscriptions)
        self._routes[topic] = routes
        return routes

    def _retained_for(self, subscription: Subscription) -> list[Delivery]:
        now, granted = self._now(), min(subscription.asked.qos, _HIGHEST_GRANTED)
        ids = (subscription.identifier,) if subscription.identifier else ()
        return [
            Delivery(message, min(message.qos, granted), retain=True, subscription_ids=ids)
            for topic, message in self.retained.items()
            if subscription.matches(topic) and (message.expires is None or message.expires > now)
        ]

    def _end(self, session: Session) -> None:
        self._endings.pop(session.client_id, None)
        if self.sessions.get(session.client_id) is session:
            del self.sessions[session.client_id]
            session.relieve()
            self._routes.clear()


def _refusal(asked: Asked) -> Reason | None:
    if asked.pattern.startswith(_SHARED):
        return Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
    return None if valid_filter(asked.pattern) else Reason.TOPIC_FILTER_INVALID


def _delivery(message: Message, session: Session, subscriptions: tuple[Subscription, ...]) -> Delivery | None:
    """One delivery however many filters overlap: the highest QoS among them, and all their identifiers."""
    if message.sender == session.client_id:
        subscriptions = tuple(one for one in subscriptions if not one.asked.no_local)
        if not subscriptions:
            return None
    if len(subscriptions) == 1:
        (only,) = subscriptions
        qos, as_published = only.asked.qos, only.asked.retain_as_published
        ids: tuple[int, ...] = (only.identifier,) if only.identifier else ()
    else:
        qos = max(one.asked.qos for one in subscriptions)
        as_published = any(one.asked.retain_as_published for one in subscriptions)
        ids = tuple(one.identifier for one in subscriptions if one.identifier)
    return Delivery(message, min(message.qos, qos, _HIGHEST_GRANTED), message.retain and as_published, ids)
