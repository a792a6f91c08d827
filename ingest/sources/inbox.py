"""Between a connection that hears and a consumer that takes: batches in the order of arrival, bounded."""

import asyncio
from collections import deque
from collections.abc import Callable

from domain.messages import Message
from domain.ports import Arrived, SettleToken

OVERHEAD = 150  # bytes that a waiting message costs beside its topic and payload


class _Chunk:
    """A batch in the making; all of one epoch."""

    __slots__ = ("epoch", "messages", "opened", "packets", "size")

    def __init__(self, epoch: int, opened: float) -> None:
        self.epoch = epoch
        self.opened = opened
        self.messages: list[Message] = []
        self.packets: list[int] = []
        self.size = 0


class Inbox:
    """One consumer. `room_again` is called when a full inbox has been half emptied."""

    def __init__(
        self,
        *,
        batch_messages: int = 1000,
        batch_bytes: int = 4 * 1024 * 1024,
        linger: float = 0.005,
        waiting_messages: int = 20_000,
        waiting_bytes: int = 32 * 1024 * 1024,
    ) -> None:
        self.batch_messages = batch_messages
        self.batch_bytes = batch_bytes
        self.room_again: Callable[[], None] | None = None
        self._linger = linger
        self._most_messages = waiting_messages
        self._most_bytes = waiting_bytes
        self._chunks: deque[_Chunk] = deque()
        self._messages = 0
        self._bytes = 0
        self._full = False
        self._ended = False
        self._failure: Exception | None = None
        self._consumer: asyncio.Future[None] | None = None
        self._producers: list[asyncio.Future[None]] = []
        self._linger_timer: asyncio.TimerHandle | None = None

    @property
    def full(self) -> bool:
        """True from the moment a limit is passed until half of it is free again."""
        return self._full

    def has_ended(self) -> bool:
        """True after `end`: what arrives now is of no use."""
        return self._ended

    @property
    def waiting(self) -> tuple[int, int]:
        """Messages and bytes (overhead included) that the consumer has not taken."""
        return self._messages, self._bytes

    def room(self, epoch: int) -> int:
        """How many more messages the batch in the making takes; a whole batch when a new one would begin."""
        if self._chunks:
            last = self._chunks[-1]
            left = self.batch_messages - len(last.messages)
            if last.epoch == epoch and left > 0 and last.size < self.batch_bytes:
                return left
        return self.batch_messages

    def add(self, epoch: int, messages: list[Message], packets: list[int], size: int) -> None:
        """Append what was heard: at most `room` messages, which this inbox now owns. `size` is topics and payloads."""
        if self._ended or not (messages or packets):
            return
        size += OVERHEAD * len(messages)
        chunk = self._chunks[-1] if self._chunks else None
        if (
            chunk is None
            or chunk.epoch != epoch
            or chunk.size >= self.batch_bytes
            or len(chunk.messages) + len(messages) > self.batch_messages
        ):
            chunk = _Chunk(epoch, asyncio.get_running_loop().time())
            self._chunks.append(chunk)
        chunk.messages.extend(messages)
        chunk.packets.extend(packets)
        chunk.size += size
        self._messages += len(messages)
        self._bytes += size
        if self._messages >= self._most_messages or self._bytes >= self._most_bytes:
            self._full = True
        if self._consumer is not None and (len(self._chunks) > 1 or self._filled(chunk) or self._only_just(chunk)):
            self._wake_consumer()

    def end(self, failure: Exception | None = None) -> None:
        """No more will come. With a failure, what waits is still handed out before it is raised; without, not."""
        if self._ended:
            return
        self._ended = True
        self._failure = failure
        if failure is None:
            self._chunks.clear()
            self._full = False
        self._wake_consumer()
        self._wake_producers()

    async def take(self) -> Arrived | None:
        """The next batch, once it is full or has waited for `linger`. None after the end; raises its failure."""
        while not self._chunks:
            if self._failure is not None:
                raise self._failure
            if self._ended:
                return None
            await self._sleep(None)
        while self._chunks and not self._ready():
            await self._sleep(self._chunks[0].opened + self._linger)
        return self._hand_out(self._chunks.popleft()) if self._chunks else None

    async def roomy(self) -> None:
        """Return when it is not full, or has ended."""
        while self._full and not self._ended:
            waiter = asyncio.get_running_loop().create_future()
            self._producers.append(waiter)
            await waiter

    def _hand_out(self, chunk: _Chunk) -> Arrived:
        self._messages -= len(chunk.messages)
        self._bytes -= chunk.size
        if self._full and self._messages <= self._most_messages // 2 and self._bytes <= self._most_bytes // 2:
            self._full = False
            self._wake_producers()
            if self.room_again is not None:
                self.room_again()
        return Arrived(tuple(chunk.messages), SettleToken(chunk.epoch, tuple(chunk.packets)))

    def _filled(self, chunk: _Chunk) -> bool:
        return len(chunk.messages) >= self.batch_messages or chunk.size >= self.batch_bytes

    def _only_just(self, chunk: _Chunk) -> bool:
        return self._linger_timer is None and chunk is self._chunks[0]

    def _ready(self) -> bool:
        first = self._chunks[0]
        over = asyncio.get_running_loop().time() >= first.opened + self._linger
        return over or len(self._chunks) > 1 or self._ended or self._filled(first)

    async def _sleep(self, until: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._consumer = loop.create_future()
        self._linger_timer = loop.call_at(until, self._wake_consumer) if until is not None else None
        try:
            await self._consumer
        finally:
            self._consumer = None
            if self._linger_timer is not None:
                self._linger_timer.cancel()
                self._linger_timer = None

    def _wake_consumer(self) -> None:
        if self._consumer is not None and not self._consumer.done():
            self._consumer.set_result(None)

    def _wake_producers(self) -> None:
        waiting, self._producers = self._producers, []
        for one in waiting:
            if not one.done():
                one.set_result(None)
