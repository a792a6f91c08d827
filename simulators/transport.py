"""How the make-believe coast reaches a broker: publish until acknowledged, hear what is sent to crews."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Outgoing(NamedTuple):
    """One publish, QoS 1."""

    topic: str
    payload: bytes
    retain: bool = False


class Incoming(NamedTuple):
    """One message that a subscription brought."""

    topic: str
    payload: bytes
    retained: bool


class Transport(Protocol):
    """A broker, or the service itself in one process."""

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Hear these from now on, also after a reconnect."""
        ...

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Return when every one is acknowledged, in order; through outages it reconnects and sends again."""
        ...

    async def receive(self) -> Incoming:
        """The next message heard."""
        ...

    async def close(self) -> None:
        """Leave in order."""
        ...
