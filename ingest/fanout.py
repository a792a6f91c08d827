"""From the newest row to everybody who works on it: decoded once, buffered within bounds, re-read by who lags."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Final
from weakref import WeakSet

from domain.messages import Heard, Row
from domain.naming import EDIT
from domain.ports import Journal
from domain.readings import Millis
from ingest.pipeline import Pipeline

_log = logging.getLogger(__name__)
_STEP_BACK: Final = 64  # rows, doubled until the window is behind us
_AT_ONCE: Final = 64  # rows replayed in one go
_MOST_ROWS: Final = 512  # rows that a lagging consumer takes in one go, if they are light
_HEAVY: Final = 10_000  # messages in one go, above which it takes fewer rows
_PATIENCE_S: Final = 2.0  # who is at work on what they took for longer than that is held up by something else


def replayed(journal: Journal, after: int, *, at_once: int = _AT_ONCE) -> Iterator[Row]:
    """Every row after that number, in order, to the newest there is when the reader gets there. Blocking."""
    while rows := journal.read(after, at_once):
        yield from rows
        after = rows[-1].number


def just_before(journal: Journal, after: int, window: Millis) -> Iterator[Row]:
    """The rows up to `after` that a pipeline must have heard before it may read on from there. Blocking."""
    here = journal.read(after - 1, 1) if after > 0 else ()
    if not here or here[0].number != after:
        return
    back = _STEP_BACK
    while True:
        start = max(0, after - back)
        first = journal.read(start, 1)
        if start == 0 or not first or first[0].at < here[0].at - window:
            break
        back *= 2
    for row in replayed(journal, start):
        if row.number > after:
            return
        yield row


class Reader:
    """A pipeline that stands somewhere in the journal. `fresh` makes one for what comes after a row: it may choose the
    site and profiles in force there, and is asked again after every edit.
    """

    def __init__(self, fresh: Callable[[int], Pipeline]) -> None:
        self._fresh = fresh
        self._pipeline: Pipeline | None = None
        self.at_row = -1  # the last row read

    @property
    def duplicates(self) -> int:
        """Messages heard again."""
        return self._pipeline.duplicates if self._pipeline else 0

    def stand(self, journal: Journal, after: int) -> None:
        """Be ready for what comes after that row. Blocking; at once where it stands there already."""
        if self._pipeline is None or self.at_row != after:
            self._pipeline = self._fresh(after)
            self._pipeline.warm(just_before(journal, after, self._pipeline.window))
            self.at_row = after

    def read(self, row: Row) -> Heard:
        """What the next row says."""
        if self._pipeline is None:
            self._pipeline = self._fresh(row.number - 1)
        heard = self._pipeline.read(row)
        if any(note.topic == EDIT for note in heard.notes):
            newer = self._fresh(row.number)
            newer.take_over(self._pipeline)
            self._pipeline = newer
        self.at_row = row.number
        return heard


class FanOut:
    """What was heard, for every consumer at its own pace.

    The newest rows lie in memory until every consumer has them, at most `messages` messages of them; whoever lags
    further reads the journal again, in a thread, with a pipeline of its own. A consumer is known by what it has:
    `next(after)` with its own cursor. Reading again is twice the work, so under a load that is too high `eased` holds
    back whoever brings more, for as long as all go on.
    """

    def __init__(self, journal: Journal, fresh: Callable[[int], Pipeline], *, messages: int = 25_000) -> None:
        self._journal = journal
        self._fresh = fresh
        self._head = Reader(fresh)
        self._most = messages
        self._rows: deque[Heard] = deque()
        self._held = 0
        self._newest = 0
        self._arrival = asyncio.Event()
        self._taken = asyncio.Event()
        self._consumers: WeakSet[Consumer] = WeakSet()

    @property
    def newest(self) -> int:
        """Number of the newest row heard here, 0 before the first."""
        return self._newest

    @property
    def duplicates(self) -> int:
        """Telemetry messages whose very bytes had come before, since the start."""
        return self._head.duplicates

    async def begin(self) -> None:
        """Stand at the end of the journal, with the last minute in mind. Before the door opens."""
        await asyncio.to_thread(self._begin)

    def hear(self, row: Row) -> Heard:
        """Read a row that was just appended, once for all consumers."""
        heard = self._head.read(row)
        self.publish(heard)
        return heard

    def publish(self, heard: Heard) -> None:
        """Give them what has been read. A row that another writer put between is left to the journal."""
        if self._rows and heard.row != self._rows[-1].row + 1:
            self._rows.clear()
            self._held = 0
        self._rows.append(heard)
        self._held += 1 + len(heard.fates)
        while self._held > self._most and len(self._rows) > 1:
            self._let_go()
        self._newest = heard.row
        self._arrival.set()
        self._arrival = asyncio.Event()

    async def eased(self) -> None:
        """Return when half the memory is free, or when whoever keeps it from being so is held up themselves."""
        loop = asyncio.get_running_loop()
        while self._held > self._most // 2:
            first = self._rows[0].row
            busy = [one.since for one in self._consumers if not one.lagging and one.has < first]
            left = max(busy, default=-_PATIENCE_S) + _PATIENCE_S - loop.time()
            if left <= 0:
                return
            self._taken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._taken.wait()

    def consumer(self) -> "Consumer":
        """Somebody who wants every row once."""
        made = Consumer(self, self._journal, self._fresh)
        self._consumers.add(made)
        return made

    def took(self) -> None:
        """A consumer has got further: what all of them have is let go."""
        all_have = min((one.has for one in self._consumers), default=0)
        while self._rows and self._rows[0].row <= all_have:
            self._let_go()
        self._taken.set()

    def buffered(self, after: int, limit: int) -> list[Heard] | None:
        """Rows after that number from memory; [] where there is none yet, None where only the journal has them."""
        if after >= self._newest:
            return []
        first = self._rows[0].row if self._rows else self._newest + 1
        if after + 1 < first:
            return None
        return list(islice(self._rows, after + 1 - first, after + 1 - first + limit))

    def coming(self) -> asyncio.Event:
        """Set when the next row is published."""
        return self._arrival

    def _let_go(self) -> None:
        self._held -= 1 + len(self._rows.popleft().fates)

    def _begin(self) -> None:
        last = self._journal.last()
        self._newest = last.number if last else 0
        self._head.stand(self._journal, self._newest)


class Consumer:
    """One consumer's way through the rows. `has` is the row up to which it has asked, `since` when it did."""

    def __init__(self, fan: FanOut, journal: Journal, fresh: Callable[[int], Pipeline]) -> None:
        self._fan = fan
        self._journal = journal
        self._fresh = fresh
        self._behind: Reader | None = None
        self._reading: tuple[int, asyncio.Task[list[Heard]]] | None = None
        self._stride = 8
        self.has = -1
        self.since = 0.0

    @property
    def lagging(self) -> bool:
        """Whether it had to read the journal the last time."""
        return self._behind is not None

    async def next(self, after: int, *, limit: int = 256) -> list[Heard]:
        """The rows after that number, at least one: waits for it. Skips none, also after an error. Who gives up
        waiting and asks again goes on where they were, however long reading the journal takes.
        """
        self.has, self.since = after, asyncio.get_running_loop().time()
        self._fan.took()
        while True:
            coming = self._fan.coming()
            rows = self._fan.buffered(after, limit)
            if rows:
                self._behind = None
                return rows
            if rows is None and (found := await self._reread(after, limit)):
                return found
            await coming.wait()

    async def _reread(self, after: int, limit: int) -> list[Heard]:
        if self._reading is None or self._reading[0] != after:
            if self._behind is None or self._reading is not None:
                _log.info("a consumer reads the journal again", extra={"after": after, "newest": self._fan.newest})
                self._behind = Reader(self._fresh)  # a thread may be under way with the one before
            work = asyncio.to_thread(self._read_on, self._behind, after, min(limit, self._stride))
            self._reading = after, asyncio.create_task(work)
            self._reading[1].add_done_callback(_looked_at)
        task = self._reading[1]
        try:
            found = await asyncio.shield(task)
        except BaseException:
            if task.cancelled() or (task.done() and task.exception() is not None):
                self._reading = self._behind = None
            raise  # else it was the wait that was given up: what is read is there for who asks again
        self._reading = None
        return found

    def _read_on(self, reader: Reader, after: int, limit: int) -> list[Heard]:
        rows = self._journal.read(after, limit)
        if not rows:
            return []
        reader.stand(self._journal, after)
        heavy = sum(len(row.messages) for row in rows) > _HEAVY
        self._stride = max(1, self._stride // 2) if heavy else min(_MOST_ROWS, self._stride * 2)
        return [reader.read(row) for row in rows]


def _looked_at(reading: "asyncio.Task[list[Heard]]") -> None:
    """Take note of how it ended: who asked for it may have left, and asyncio complains of errors that nobody saw."""
    if not reading.cancelled():
        reading.exception()
