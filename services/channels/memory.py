"""Messages of ours to somebody in the same process."""

from collections.abc import Callable


class MemoryPublisher:
    """A Publisher that hands every message to `hear(topic, payload, retain)` at once."""

    def __init__(self, hear: Callable[[str, bytes, bool], None]) -> None:
        self._hear = hear

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Return when it was heard. Raises ValueError for a topic that cannot be published to."""
        if not topic or "+" in topic or "#" in topic:
            raise ValueError(f"{topic!r} cannot be published to")
        self._hear(topic, payload, retain)
