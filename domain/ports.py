"""The seams: what one part needs of another, named for the need and not for the product behind it.

Adapters live in `ingest.sources`, `services.storage` and `services.channels`; only `services.wiring` knows which is
used. Each seam has one contract suite in tests/contracts, run against the fake and every real adapter.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from domain.messages import Message, Quarantined, Row
from domain.readings import Millis, Reading, Value


class Clock(Protocol):
    """The domain clock: real, scaled or virtual. Keep-alive, back-off and HTTP use the event loop's clock instead."""

    def now(self) -> Millis: ...


class SettleToken(NamedTuple):
    """Which messages to acknowledge, and on which connection. A stale epoch settles nothing."""

    epoch: int
    packets: tuple[int, ...]


class Arrived(NamedTuple):
    """A batch off the wire, not yet acknowledged. The source's own notes (`naming.LINK`) stand among the messages."""

    messages: tuple[Message, ...]
    token: SettleToken


class Source(Protocol):
    """Where messages come from. Nothing is acknowledged before `settle`; what is not settled comes again."""

    def batches(self) -> AsyncIterator[Arrived]:
        """Connect and reconnect for ever, yielding what arrives; ends after `close`. Raises RejectedError where the
        broker says that trying again is of no use (bad password, not authorised).
        """
        ...

    async def settle(self, token: SettleToken) -> None:
        """Tell the broker we have them. A no-op for a connection that is gone."""
        ...

    async def close(self) -> None:
        """Leave in order: what is settled is flushed, the session stays with the broker."""
        ...


class Publisher(Protocol):
    """Where messages of ours go: crews' orders and receipts, lock-step answers."""

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Return when the broker has it (QoS 1). Raises UnavailableError when it cannot be had now."""
        ...


class Journal(Protocol):
    """Everything heard, kept before it is acknowledged. One writer, many readers. Blocking: call in a thread."""

    def append(self, messages: Sequence[Message], at: Millis) -> Row:
        """Keep them as one durable row, on the disk when this returns. `at` is raised to the last row's if it is less.
        Raises UnavailableError when the disk is full or gone: then nothing may be settled.
        """
        ...

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Up to `limit` rows with a number greater than `after`, in order."""
        ...

    def last(self) -> Row | None:
        """The newest row, None when empty."""
        ...

    def prune(self, *, before_row: int, before: Millis) -> int:
        """Forget rows that are both numbered below `before_row` and older than `before`. How many went."""
        ...


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What became of a batch: how many were written, and those the store will never take, with its reason."""

    written: int
    refused: tuple[tuple[Reading, str], ...] = ()


class ReadingStore(Protocol):
    """Where readings are kept. Writing the same reading twice leaves one; the same (device, at) with other values keeps
    the last value of each quantity.
    """

    async def write(self, batch: Sequence[Reading]) -> WriteReport:
        """Durable when it returns. One bad reading never costs a good one. Raises UnavailableError: try later."""
        ...


class Point(NamedTuple):
    """A reading as the store gives it back. `values` has only what was stored; `seq` is -1 where none was."""

    facility: str
    device: str
    kind: str
    zone: str
    at: Millis
    values: dict[str, Value]
    quality: int
    seq: int


class ReadingHistory(Protocol):
    """Reading back. Raises UnavailableError like the store."""

    async def points(self, kind: str, since: Millis, until: Millis, *, facility: str | None = None) -> Sequence[Point]:
        """All points of a kind (or one facility of it) with since ≤ at < until, ordered by (facility, device, at)."""
        ...

    async def latest(self, facility: str) -> Sequence[Point]:
        """The newest point of each of a facility's devices, ordered by device; empty where there is none."""
        ...


class Quarantine(Protocol):
    """What was kept aside. Blocking: call in a thread."""

    def keep(self, kept: Sequence[Quarantined]) -> None:
        """Keyed on (row, place, quantity): twice leaves one."""
        ...

    def list(self, *, newest: int, reason: str | None = None) -> Sequence[Quarantined]:
        """The newest ones, newest first; only those whose reason starts with `reason`, where given."""
        ...

    def get(self, row: int, place: int) -> Sequence[Quarantined]:
        """What was kept of one message. Raises NotFoundError."""
        ...
