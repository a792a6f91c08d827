"""The store writer: carries readings from the journal to a reading store, at its own pace, with its own cursor.

It holds up nobody: while the store is away, rows wait in the journal.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from domain.messages import Heard, Message, Quarantined
from domain.ports import ReadingStore
from domain.readings import Millis, Reading
from services.patience import Patience

log = logging.getLogger(__name__)

READINGS_PER_WRITE: Final = 5_000
LINGER_S: Final = 0.3
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class WriterSeams:
    """What the writer needs of its surroundings.

    `feed(after)` waits until there are rows numbered above `after` and returns some, in order; it may be cancelled and
    asked again. `load` and `save` are the durable cursor: the last row that is written whole, 0 at first.
    `message(row, place)` reads a message again from the journal; `keep` puts aside, and twice leaves one. `wrote` is
    told what lies in the store now, before the cursor moves; it may raise UnavailableError, and is then told again.
    """

    feed: Callable[[int], Awaitable[Sequence[Heard]]]
    load: Callable[[], Awaitable[int]]
    save: Callable[[int], Awaitable[None]]
    message: Callable[[int, int], Awaitable[Message]]
    keep: Callable[[Sequence[Quarantined]], Awaitable[None]]
    wrote: Callable[[Sequence[Reading]], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class WriterStatus:
    """How the writer stands. `waiting_for` says why it cannot write now, "" where it can."""

    cursor: int
    cursor_at: Millis  # of the row at the cursor; 0 until the first row of this run
    taken: int  # last row taken from the feed
    pending: int  # readings taken and not yet written
    written: int
    refused: int
    retries: int
    waiting_for: str


class StoreWriter:
    """Writes in batches of READINGS_PER_WRITE, or after `linger_s`. The cursor moves after the write, never before:
    a crash between the two writes the same points again, and that is harmless.
    """

    def __init__(
        self,
        store: ReadingStore,
        seams: WriterSeams,
        *,
        linger_s: float = LINGER_S,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._seams = seams
        self._linger_s = linger_s
        self._patience = Patience(
            log,
            "readings wait for their store",
            "readings reach their store again",
            pauses_s=(FIRST_PAUSE_S, LONGEST_PAUSE_S),
            pause=pause,
        )
        self._cursor = self._taken = 0
        self._cursor_at: Millis = 0
        self._pending = self._written = self._refused = 0
        self._wanted = 0  # the highest row that somebody awaits
        self._lingering: asyncio.Timeout | None = None
        self._moved = asyncio.Condition()

    @property
    def status(self) -> WriterStatus:
        """How it stands at this moment."""
        return WriterStatus(
            cursor=self._cursor,
            cursor_at=self._cursor_at,
            taken=self._taken,
            pending=self._pending,
            written=self._written,
            refused=self._refused,
            retries=self._patience.retries,
            waiting_for=self._patience.waiting_for,
        )

    async def run(self) -> None:
        """Write for ever; cancel it to end. Raises what is neither UnavailableError nor a refusal: a fault of ours."""
        self._cursor = self._taken = await self._patience.until_available(self._seams.load)
        while True:
            for rows in _batches(await self._gathered()):
                refused = await self._patience.until_available(partial(self._carry, rows))
                await self._move_to(rows[-1], sum(len(heard.readings) for heard in rows), refused)

    async def drain(self, upto_row: int) -> None:
        """Return when every row up to `upto_row` is in the store and the cursor says so. Cuts the linger short."""
        self._wanted = max(self._wanted, upto_row)
        if self._lingering is not None and not self._lingering.expired():  # one that ends just now cannot be moved
            self._lingering.reschedule(asyncio.get_running_loop().time())
        async with self._moved:
            await self._moved.wait_for(lambda: self._cursor >= upto_row)

    async def _gathered(self) -> list[Heard]:
        """At least one row: as many as make a batch, or as come within the linger of the first."""
        rows: list[Heard] = []
        while not rows:
            rows = await self._take()
        deadline = asyncio.get_running_loop().time() + self._linger_s
        while self._pending < READINGS_PER_WRITE and not self._cursor < self._wanted <= self._taken:
            try:
                async with asyncio.timeout_at(deadline) as self._lingering:
                    rows += await self._take()
            except TimeoutError:
                break
            finally:
                self._lingering = None
        return rows

    async def _take(self) -> list[Heard]:
        rows = list(await self._patience.until_available(partial(self._seams.feed, self._taken)))
        if rows:
            self._taken = rows[-1].row
            self._pending += sum(len(heard.readings) for heard in rows)
        return rows

    async def _carry(self, rows: Sequence[Heard]) -> int:
        """Write, put aside what was refused, and only then move the durable cursor. How many were refused."""
        readings = [reading for heard in rows for reading in heard.readings]
        refused: list[tuple[Reading, str]] = []
        for start in range(0, len(readings), READINGS_PER_WRITE):  # more than one only for a row larger than a batch
            report = await self._store.write(readings[start : start + READINGS_PER_WRITE])
            refused += report.refused
        if self._seams.wrote is not None:
            await self._seams.wrote(readings)
        if refused:
            await self._seams.keep(await self._kept(rows, refused))
        await self._seams.save(rows[-1].row)
        return len(refused)

    async def _kept(self, rows: Sequence[Heard], refused: Sequence[tuple[Reading, str]]) -> list[Quarantined]:
        """One entry for each message that has refused readings, with the message as it came."""
        told: dict[tuple[int, int], list[str]] = {}
        keys = {}
        origins = _origins(rows)
        for reading, why in refused:
            row, place, key = origins[reading.device, reading.at].pop(0)
            told.setdefault((row, place), []).append(why)
            keys[row, place] = key
        kept = []
        for (row, place), reasons in told.items():
            message = await self._seams.message(row, place)
            others = f" (and {len(reasons) - 1} more of its points)" if len(reasons) > 1 else ""
            reason = f"the store refuses it: {reasons[0]}{others}"
            kept.append(
                Quarantined(row, place, "", reason, message.topic, message.payload, message.received, keys[row, place])
            )
        return kept

    async def _move_to(self, last: Heard, carried: int, refused: int) -> None:
        self._pending -= carried
        self._written += carried - refused
        self._refused += refused
        async with self._moved:
            self._cursor, self._cursor_at = last.row, last.at
            self._moved.notify_all()


def _batches(rows: Sequence[Heard]) -> Iterator[list[Heard]]:
    """Whole rows, READINGS_PER_WRITE readings together at most; a larger row stands alone."""
    batch: list[Heard] = []
    size = 0
    for heard in rows:
        if batch and size + len(heard.readings) > READINGS_PER_WRITE:
            yield batch
            batch, size = [], 0
        batch.append(heard)
        size += len(heard.readings)
    if batch:
        yield batch


def _origins(rows: Sequence[Heard]) -> dict[tuple[str, Millis], list[tuple[int, int, bytes]]]:
    """Where each reading came from, by identity and in order: row, place in it, key of the message."""
    origins: dict[tuple[str, Millis], list[tuple[int, int, bytes]]] = {}
    for heard in rows:
        places = [(heard.row, place, fate.key) for place, fate in enumerate(heard.fates) for _ in range(fate.points)]
        for reading, origin in zip(heard.readings, places, strict=True):
            origins.setdefault((reading.device, reading.at), []).append(origin)
    return origins
