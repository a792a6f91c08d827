"""One service: the door, the consumers behind it and the dispatcher, joined; start-up is recovery."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from domain.errors import UnavailableError
from domain.messages import Heard, Message, Quarantined, Row
from domain.naming import EDIT, LINK, judged_topic
from domain.ports import Journal, Publisher, Quarantine, ReadingHistory, ReadingStore, Source
from domain.readings import Millis
from domain.site import Site
from ingest.batching import Door
from ingest.fanout import FanOut
from ingest.lockstep import DomainClock
from ingest.pipeline import Pipeline
from rules.book import RuleBook
from rules.context.sun import sun_over
from rules.core.rule import Rule
from rules.runners.live import Live
from services.api.seams import Cases
from services.dispatch.dispatcher import Dispatcher, Outbox
from services.dispatch.orders import Alarm, Order
from services.housekeeping import DAY, FOREVER, MB, Chore, Housekeeping, Keep, older
from services.judge import Judge, Outcome, Saved
from services.workers import Books, JudgeWorker, QuarantineKeeper
from services.writing import StoreWriter, WriterSeams

_log = logging.getLogger(__name__)

HELD: Final = 50_000  # messages of one lock-step step; less than what a source takes unacknowledged
LEAVE_S: Final = 5.0  # how long a graceful stop waits for stores and channels


class Ledgers(Books, Outbox, Cases, Protocol):
    """Everything that is kept in SQL. Blocking. Raises UnavailableError."""

    def load(self) -> Saved:
        """Where the judge stood at its last commit."""
        ...

    def subjects(self) -> list[tuple[str, bytes]]:
        """The rule engine's state."""
        ...

    def cursor(self, name: str) -> int:
        """How far a consumer of the journal has come."""
        ...

    def move(self, name: str, row: int) -> None:
        """Remember it."""
        ...

    def prune(self, before: Millis) -> None:
        """Forget sent messages older than `before`."""
        ...

    def outbox_counts(self) -> dict[str, int]:
        """How many messages are pending, sent and dead."""
        ...

    def everything(self) -> tuple[list[Alarm], list[Order]]:
        """Every alarm, and every order with its history."""
        ...


class Aside(Quarantine, Protocol):
    """The quarantine, and what people asked to have tried again."""

    def take_retries(self) -> Sequence[Message]:
        """What to try again; asking again says that those before are in the journal."""
        ...

    def counts(self) -> dict[str, int]:
        """Entries by class of reason."""
        ...

    def prune(self, *, before: Millis) -> int:
        """Forget messages received before then."""
        ...


class Rows(Journal, Protocol):
    """The journal, and what its upkeep needs of it."""

    def number_from(self, number: int) -> None:
        """Give the next row a number above this one."""
        ...

    def shrink(self, *, before_row: int, most: int) -> int:
        """Forget the oldest rows numbered below `before_row` until the others take no more than `most` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """The machines of one service, whichever they are. `publisher` speaks to crews."""

    source: Source
    publisher: Publisher
    clock: DomainClock
    journal: Rows
    quarantine: Aside
    books: Ledgers
    store: ReadingStore
    history: ReadingHistory
    forget: Callable[[Millis], Awaitable[object]] | None = None  # readings older than that; None: the store does it


@dataclass(frozen=True, slots=True)
class Edition:
    """Files as they are in force: what they are (site, rules), their content hash, and all of their text."""

    what: str
    hash: str
    text: str


class Service:
    """All parts, joined. `run` until `stop`; start-up is recovery."""

    def __init__(
        self, site: Site, rules: RuleBook, outside: Outside, keep: Keep = FOREVER, editions: Sequence[Edition] = ()
    ) -> None:
        self.site, self.outside = site, outside
        self.clock, self.journal = outside.clock, outside.journal
        self.books, self.quarantine = outside.books, outside.quarantine
        self.rules: Mapping[str, Rule] = rules.rules
        self._editions = editions
        self.fan = FanOut(self.journal, lambda _: Pipeline(site, retention=keep.readings * DAY))
        retries = self.quarantine.take_retries
        self.on_heard: list[Callable[[Heard], None]] = []  # told of every row that is read
        self.on_kept: list[Callable[[Outcome], None]] = []  # told of alarms and orders that changed, once committed
        self.link = ""  # the newest state of our connection to the broker; "" before the first
        self.door = Door(
            outside.source,
            self.journal,
            self.clock,
            site,
            self._row,
            retries=retries,
            eased=self.fan.eased,
            held=HELD,
        )
        self.engine = Live(rules, site, sun_over(site))
        saved = self.books.load()
        self.judge = Judge(site, rules.rules, self.engine)
        self.engine.load(self.books.subjects())
        self.judge.load(saved)
        self.dispatcher = Dispatcher(self.books, outside.publisher, self.clock)
        self.judging = JudgeWorker(
            self.judge,
            self.engine,
            self.books,
            self.fan.consumer().next,
            saved=saved,
            committed=self.dispatcher.wake,
            judged=self._judged,
            kept=self._kept,
        )
        self.keeping = QuarantineKeeper(
            self.fan.consumer().next,
            self.quarantine.keep,
            lambda row: self.books.move("quarantine", row),
            cursor=self.books.cursor("quarantine"),
        )
        self.writing = StoreWriter(outside.store, self._writer_seams())
        self.housekeeping = Housekeeping(self._chores(keep), self.clock)
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`, or until a part fails for good: then its error is raised."""
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._begin()
            for name, work in (
                ("door", self.door.run()),
                ("judge", self.judging.run()),
                ("quarantine", self.keeping.run()),
                ("store", self.writing.run()),
                ("dispatch", self.dispatcher.run()),
                ("housekeeping", self.housekeeping.run()),
            ):
                tasks.append(asyncio.create_task(work, name=name))
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            await self._finish()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._ended.set()

    async def listening(self) -> None:
        """Return when the source hears the broker and the back-log has passed."""
        await self.door.caught_up.wait()

    async def stop(self) -> None:
        """Leave in order: what was heard is kept, judged and, if the stores are there, written and sent."""
        await self.door.close()
        await self._ended.wait()

    async def drain(self) -> None:
        """Return when all that was heard up to now is judged, stored, put aside and sent."""
        newest = self.fan.newest
        await self.judging.drain(newest)
        await self.dispatcher.drained()
        await self.keeping.drain(newest)
        await self.writing.drain(newest)

    async def _begin(self) -> None:
        """Before anything is heard: number rows on from what the books have, stand at the end, note the editions."""
        reached = await asyncio.to_thread(self._reached)
        last = await asyncio.to_thread(self.journal.last)
        newest = last.number if last else 0
        if newest < reached:
            self.journal.number_from(reached)
            _log.critical(
                "the journal is younger than the books: rows that they have seen are not here, and numbers go on above",
                extra={"first": newest + 1, "last": reached},
            )
        await self.fan.begin()
        await self._note_editions()

    def _reached(self) -> int:
        """The last row that anybody has taken from the journal."""
        names = ("store", "quarantine", *(f"edit.{edition.what}" for edition in self._editions))
        aside: Sequence[Quarantined] = ()
        with suppress(UnavailableError):  # its keeper says so, and waits
            aside = self.quarantine.list(newest=1)
        return max(self.judging.kept_to, *(self.books.cursor(name) for name in names), *(one.row for one in aside))

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_S):
                await self.drain()
        except TimeoutError:
            _log.warning("leaving with work undone; it is taken up at the next start", extra={"row": self.fan.newest})

    async def _note_editions(self) -> None:
        """Journal the files in force where they are not those of the last edit row, so that a replay has them too."""
        for edition in self._editions:
            cursor = f"edit.{edition.what}"
            number = await asyncio.to_thread(self.books.cursor, cursor)
            before = await asyncio.to_thread(self.journal.read, number - 1, 1) if number else ()
            if any(edition.hash.encode() in m.payload for row in before for m in row.messages if m.topic == EDIT):
                continue
            told = msgspec.json.encode({"what": edition.what, "hash": edition.hash, "text": edition.text})
            row = await self.door.write([Message(EDIT, told, self.clock.now())])
            await asyncio.to_thread(self.books.move, cursor, row.number)

    async def _row(self, row: Row) -> None:
        heard = self.fan.hear(row)
        for note in heard.notes:
            if note.topic == LINK:
                self.link = str(msgspec.json.decode(note.payload)["state"])
        for tell in self.on_heard:
            tell(heard)

    def _kept(self, outcome: Outcome) -> None:
        for tell in self.on_kept:
            tell(outcome)

    async def _judged(self, step: int) -> None:
        """Answer a clock step: everything it led to has been taken by the other side."""
        await self.dispatcher.drained()
        payload = msgspec.json.encode({"step": step})
        while True:
            try:
                await self.outside.publisher.publish(judged_topic(self.site.id), payload)
            except UnavailableError as away:
                await asyncio.sleep(away.retry_after or 0.2)
            else:
                return

    def _writer_seams(self) -> WriterSeams:
        journal, books = self.journal, self.books

        def message(row: int, place: int) -> Message:
            return journal.read(row - 1, 1)[0].messages[place]

        async def keep(kept: Sequence[Quarantined]) -> None:
            await asyncio.to_thread(self.quarantine.keep, kept)

        return WriterSeams(
            feed=self.fan.consumer().next,
            load=lambda: asyncio.to_thread(books.cursor, "store"),
            save=lambda row: asyncio.to_thread(books.move, "store", row),
            message=lambda row, place: asyncio.to_thread(message, row, place),
            keep=keep,
        )

    def _chores(self, keep: Keep) -> tuple[Chore, ...]:
        """Journal rows go only where every consumer has passed them."""

        async def rows(before: Millis) -> None:
            await asyncio.to_thread(self.journal.prune, before_row=self._passed(), before=before)

        async def more_rows(_: Millis) -> None:
            await asyncio.to_thread(self.journal.shrink, before_row=self._passed(), most=keep.journal_mb * MB)

        async def kept_aside(before: Millis) -> None:
            await asyncio.to_thread(self.quarantine.prune, before=before)

        async def letters(before: Millis) -> None:
            await asyncio.to_thread(self.books.prune, before)

        return (
            *older(keep.journal, "journal", rows),
            *((Chore("journal", more_rows),) if keep.journal_mb else ()),
            *older(keep.journal, "quarantine", kept_aside),
            *older(keep.journal, "letters", letters),
            *(older(keep.readings, "readings", self.outside.forget) if self.outside.forget else ()),
        )

    def _passed(self) -> int:
        """The first row that not every consumer has behind it."""
        return min(self.judging.kept_to, self.writing.status.cursor, self.keeping.cursor)
