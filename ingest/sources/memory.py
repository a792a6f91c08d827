"""Messages handed over in one process: for virtual runs without a broker, and for tests."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from domain import naming
from domain.errors import UnavailableError
from domain.messages import Message
from domain.ports import Arrived, Clock, SettleToken

EPOCH = 1


class MemorySource:
    """A `domain.ports.Source` that never loses its connection and has no back-log: `up` and `passed` come first."""

    def __init__(self, clock: Clock, *, batch_messages: int = 1000) -> None:
        self._clock = clock
        self._most = batch_messages
        self._queue: asyncio.Queue[Arrived | None] = asyncio.Queue()
        self._offers: dict[int, tuple[asyncio.Future[None], int]] = {}  # number of last part -> who waits, first part
        self._unsettled: set[int] = set()
        self._parts = 0
        self._closed = False
        self._taken = False

    def offer(self, messages: Sequence[Message]) -> "asyncio.Future[None]":
        """Hand over; the future is done when all of it is settled. Fails with UnavailableError when closed before."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._closed:
            done.set_exception(UnavailableError("the source is closed"))
            return done
        if not messages:
            done.set_result(None)
            return done
        first = self._parts + 1
        for start in range(0, len(messages), self._most):
            self._parts += 1
            self._unsettled.add(self._parts)
            part = tuple(messages[start : start + self._most])
            self._queue.put_nowait(Arrived(part, SettleToken(EPOCH, (self._parts,))))
        self._offers[self._parts] = (done, first)
        return done

    async def batches(self) -> AsyncIterator[Arrived]:
        """See `Source.batches`."""
        if self._taken:
            raise RuntimeError("batches() has been called before: a source has one consumer")
        self._taken = True
        yield Arrived(self._notes(), SettleToken(EPOCH, ()))
        while not self._closed and (arrived := await self._queue.get()) is not None:
            yield arrived

    async def settle(self, token: SettleToken) -> None:
        """See `Source.settle`."""
        if token.epoch != EPOCH:
            return
        self._unsettled.difference_update(token.packets)
        for last, (done, first) in list(self._offers.items()):
            if self._unsettled.isdisjoint(range(first, last + 1)):
                del self._offers[last]
                if not done.done():
                    done.set_result(None)

    async def close(self) -> None:
        """See `Source.close`. Offers that are not settled fail: whoever made them offers them again elsewhere."""
        self._closed = True
        self._queue.put_nowait(None)
        for done, _ in self._offers.values():
            if not done.done():
                done.set_exception(UnavailableError("closed before it was settled"))
                done.exception()  # seen: nobody need await it
        self._offers.clear()

    def _notes(self) -> tuple[Message, ...]:
        said: tuple[dict[str, object], ...] = ({"state": "up", "epoch": EPOCH}, {"state": "passed", "marker": 0})
        return tuple(Message(naming.LINK, json.dumps(one).encode(), self._clock.now()) for one in said)
