"""Simulators and service in one process: no broker between them, and the same promises."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from simulators.broker.topics import matcher, valid_filter, valid_name
from simulators.transport import Incoming, Outgoing


class MemoryTransport:
    """A Transport whose other side calls `hear`. `deliver` returns when the service has settled all it was given.

    What is published goes to `deliver` alone, one call a publish; what `hear` brings goes to the subscriptions made
    here.
    """

    def __init__(self, deliver: Callable[[Sequence[Outgoing]], Awaitable[None]]) -> None:
        self._deliver = deliver
        self._subscriptions: dict[str, Callable[[str], bool]] = {}
        self._retained: dict[str, bytes] = {}
        self._heard: asyncio.Queue[Incoming] = asyncio.Queue()

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Hear these from now on, and what was retained for them. Raises ValueError for an impossible filter."""
        for pattern in filters:
            if not valid_filter(pattern):
                raise ValueError(f"{pattern!r} is not a topic filter")
        for pattern in filters:
            matches = self._subscriptions.setdefault(pattern, matcher(pattern))
            for topic, payload in self._retained.items():
                if matches(topic):
                    self._heard.put_nowait(Incoming(topic, payload, retained=True))

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Return when the service has settled every one, in order. Raises ValueError for an impossible topic."""
        for message in messages:
            if not valid_name(message.topic):
                raise ValueError(f"{message.topic!r} cannot be published to")
        if messages:
            await self._deliver(messages)

    async def receive(self) -> Incoming:
        """The next message heard."""
        return await self._heard.get()

    async def close(self) -> None:
        """Hear nothing more."""
        self._subscriptions.clear()

    def hear(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """The service says this: it comes once to whoever subscribed to it, and where retained to later subscribers.
        An empty retained payload clears what was retained.
        """
        if retain and payload:
            self._retained[topic] = payload
        elif retain:
            self._retained.pop(topic, None)
        if any(matches(topic) for matches in self._subscriptions.values()):
            self._heard.put_nowait(Incoming(topic, payload, retained=False))
