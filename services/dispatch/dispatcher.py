"""The dispatcher: sends what the outbox says, and decides nothing."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple, Protocol

from domain.errors import RejectedError, UnavailableError
from domain.ports import Clock, Publisher
from domain.readings import Millis
from services.dispatch.orders import Addressed

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 500  # rows taken from the outbox in one go


class Pending(NamedTuple):
    """A message to send, with its number in the outbox."""

    number: int
    message: Addressed


class Outbox(Protocol):
    """What is to be sent. Blocking: called in a thread. Raises UnavailableError."""

    def pending(self, limit: int) -> Sequence[Pending]:
        """The most urgent ones, by (priority, number): those of one order in their order."""
        ...

    def mark_sent(self, numbers: Sequence[int], at: Millis) -> None:
        """They have been taken."""
        ...

    def mark_failed(self, numbers: Sequence[int], why: str) -> None:
        """They could not be sent now; they stay pending."""
        ...

    def bury(self, numbers: Sequence[int], why: str) -> None:
        """They can never be sent."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How the dispatcher goes about it. Times in seconds of the event loop."""

    at_once: int = 32  # publishes in flight; messages about one order go one after the other
    first_wait: float = 0.2
    longest_wait: float = 30.0
    look_again: float = 5.0  # with nothing to do and nobody waking it


class Dispatcher:
    """Drains the outbox through a Publisher until cancelled. A message is marked when the other side has taken it, so a
    crash between the two sends it again, under the same key.
    """

    def __init__(self, outbox: Outbox, publisher: Publisher, clock: Clock, pace: Pace | None = None) -> None:
        self._outbox, self._publisher, self._clock = outbox, publisher, clock
        self._pace = pace or Pace()
        self._woken = asyncio.Event()
        self._empty = asyncio.Event()
        self.waiting_for: str = ""  # why nothing goes out just now; "" while it does

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._woken.set()

    async def drained(self) -> None:
        """Return when everything that was committed before the call has been taken by the other side."""
        self._empty.clear()
        self._woken.set()
        await self._empty.wait()

    async def run(self) -> None:
        """Send for ever."""
        wait = self._pace.first_wait
        while True:
            self._woken.clear()
            try:
                rows = await asyncio.to_thread(self._outbox.pending, MOST_AT_ONCE)
                await self._send(rows)
            except UnavailableError as error:
                self._tell(str(error))
                await asyncio.sleep(min(error.retry_after or wait, self._pace.longest_wait))
                wait = min(wait * 2, self._pace.longest_wait)
                continue
            wait = self._pace.first_wait
            self._tell("")
            if not rows and not self._woken.is_set():
                self._empty.set()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pace.look_again):
                        await self._woken.wait()

    async def _send(self, rows: Sequence[Pending]) -> None:
        """Send them, those of one order in their order. Raises UnavailableError after marking what did go out."""
        if not rows:
            return
        lanes = _lanes(rows)
        free = asyncio.Semaphore(self._pace.at_once)
        trips = [_Trip(lane) for lane in lanes]
        await asyncio.gather(*(trip.go(self._publisher, free) for trip in trips))
        sent = [number for trip in trips for number in trip.sent]
        await asyncio.to_thread(self._outbox.mark_sent, sent, self._clock.now())
        for trip in trips:
            if trip.dead is not None:
                number, why = trip.dead
                log.error("a message can never be sent", extra={"key": trip.key(number), "why": why})
                await asyncio.to_thread(self._outbox.bury, [number], why)
        failed = [trip.failed for trip in trips if trip.failed is not None]
        if failed:
            await asyncio.to_thread(self._outbox.mark_failed, [number for number, _ in failed], str(failed[0][1]))
            raise failed[0][1]

    def _tell(self, why: str) -> None:
        """Log when sending stops and when it goes on again, once each."""
        if why and not self.waiting_for:
            log.warning("messages wait", extra={"why": why})
        elif self.waiting_for and not why:
            log.info("messages go out again")
        self.waiting_for = why


class _Trip:
    """Messages that must keep their order, on their way."""

    def __init__(self, lane: Sequence[Pending]) -> None:
        self._lane = lane
        self.sent: list[int] = []
        self.failed: tuple[int, UnavailableError] | None = None
        self.dead: tuple[int, str] | None = None

    def key(self, number: int) -> str:
        """The key of one of them."""
        return next(row.message.key for row in self._lane if row.number == number)

    async def go(self, publisher: Publisher, free: asyncio.Semaphore) -> None:
        """Send them one after the other, up to the first that cannot be sent."""
        for number, message in self._lane:
            try:
                async with free:
                    await publisher.publish(message.topic, message.payload, retain=message.retain)
            except UnavailableError as error:
                self.failed = (number, error)
                return
            except (RejectedError, ValueError) as error:
                self.dead = (number, str(error))
                return
            self.sent.append(number)


def _lanes(rows: Sequence[Pending]) -> list[list[Pending]]:
    """Rows by order, urgent orders first; each receipt is a lane of its own."""
    by_order = sorted(rows, key=_lane_of)
    lanes = [list(lane) for _, lane in groupby(by_order, key=_lane_of)]
    return sorted(lanes, key=lambda lane: (min(row.message.priority for row in lane), lane[0].number))


def _lane_of(row: Pending) -> str:
    message = row.message
    return message.order if message.retain else message.key
