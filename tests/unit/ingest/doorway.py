"""What stands on both sides of the door in its tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from domain.errors import UnavailableError
from domain.messages import Message, Row
from domain.ports import Arrived, SettleToken
from domain.site import Site
from ingest.batching import Door
from ingest.lockstep import DomainClock
from services.storage.journal import MemoryJournal
from tests.fakes.hand_clock import HandClock
from tests.unit.ingest.small_coast import AT, coast


class ScriptedSource:
    """Brings what the test gives it, and remembers what was settled."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Arrived | Exception | None] = asyncio.Queue()
        self._packet = 0
        self.settled: list[int] = []
        self.closed = False

    def bring(self, *messages: Message) -> int:
        self._packet += 1
        self._queue.put_nowait(Arrived(messages, SettleToken(1, (self._packet,))))
        return self._packet

    def fail(self, error: Exception) -> None:
        self._queue.put_nowait(error)

    async def batches(self) -> AsyncIterator[Arrived]:
        while (one := await self._queue.get()) is not None:
            if isinstance(one, Exception):
                raise one
            yield one

    async def settle(self, token: SettleToken) -> None:
        self.settled += token.packets

    async def close(self) -> None:
        self.closed = True
        self._queue.put_nowait(None)


class WeakJournal(MemoryJournal):
    """Refuses while `full`; dies where the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.refused = 0
        self.dies_after_append = False

    def append(self, messages: Sequence[Message], at: int) -> Row:
        if self.full:
            self.refused += 1
            raise UnavailableError("the disk is full")
        row = super().append(messages, at)
        if self.dies_after_append and messages:
            raise KilledError
        return row


class KilledError(Exception):
    """The process is gone."""


class Doorway:
    """A door with its fakes, running."""

    def __init__(self, site: Site, journal: WeakJournal, start: int | None, **options: object) -> None:
        self.hand = HandClock(AT)
        self.source = ScriptedSource()
        self.journal = journal
        self.clock = DomainClock(self.hand, start=start)
        self.rows: list[Row] = []
        self.settled_before: list[int] = []  # packets settled when each row was handed on
        self.door = Door(self.source, journal, self.clock, site, self._on_row, look_s=0.002, **options)  # type: ignore[arg-type]  # options are the test's

    async def _on_row(self, row: Row) -> None:
        self.rows.append(row)
        self.settled_before.append(len(self.source.settled))

    @property
    def filled(self) -> list[Row]:
        """Rows with something in them, without the note of the start."""
        return [r for r in self.rows[1:] if r.messages]

    async def until(self, there: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not there():  # noqa: ASYNC110  # threads are part of what is waited for
                await asyncio.sleep(0.001)

    async def a_while(self) -> None:
        """Time enough for what must not happen."""
        await asyncio.sleep(0.03)


@asynccontextmanager
async def doorway(
    *,
    simulated: bool = False,
    journal: WeakJournal | None = None,
    start: int | None = None,
    ends_with: type[Exception] | None = None,
    **options: object,
) -> AsyncIterator[Doorway]:
    """A running door, closed at the end; `ends_with` is what its run must raise."""
    way = Doorway(coast(simulated=simulated), journal or WeakJournal(), start, **options)
    running = asyncio.create_task(way.door.run())
    try:
        yield way
        if not running.done():
            await way.door.close()
        async with asyncio.timeout(5):
            done = await asyncio.gather(running, return_exceptions=True)
        assert isinstance(done[0], ends_with or type(None)), done[0]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
