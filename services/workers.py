"""The consumers behind the door, each with its own cursor: the judge's hands, and the keeper of the quarantine."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple, Protocol

import msgspec

from domain.errors import ConflictError, NotFoundError
from domain.messages import Heard, Message, Quarantined
from domain.naming import RETRY
from domain.readings import Millis, Reading
from services.judge import Engine, Judge, Outcome, Saved
from services.patience import Patience

_log = logging.getLogger(__name__)

COMMIT_S: Final = 2.0  # dirty states wait no longer than this
DIRTY: Final = 5_000  # readings since the last commit: no more subjects than that can have changed
_SAVED_EVERY: Final = 1_000  # rows after which a cursor is saved that had nothing to put aside
NEEDED: Final = "needed"  # what the judge must find again: `JudgeWorker.needed_after`
_LOUD: Final = logging.CRITICAL

Feed = Callable[[int], Awaitable[Sequence[Heard]]]


class Keeping(Engine, Protocol):
    """A rule engine whose state can be put away and taken up again."""

    @property
    def needed_after(self) -> int:
        """What was put away lacks something of the rows above this one: they must be heard again after a start."""
        ...

    def drain_dirty(self, row: int | None = None) -> dict[str, bytes]:
        """What is to be put away now, serialized, with all that `row`, the last one heard, decided; None: everything,
        so that nothing is needed again.
        """
        ...

    def hear_again(self, row: int, readings: Sequence[Reading]) -> None:
        """A row that was judged and committed before: nothing is decided."""
        ...


class Books(Protocol):
    """Where what the judge comes to is kept. Blocking. Raises UnavailableError."""

    def commit(self, outcome: Outcome, subjects: Mapping[str, bytes]) -> None:
        """All of it, with the cursor, or none."""
        ...


class Beside(NamedTuple):
    """What is to be kept beside what the judge comes to."""

    subjects: Mapping[str, bytes]
    meta: Mapping[str, bytes]


NOTHING: Final = Beside({}, {})


class Seat(NamedTuple):
    """A judge and its engine, as they take up what is kept."""

    judge: Judge
    engine: Keeping
    beside: Beside


class JudgeWorker:
    """Feeds the judge, commits what it comes to, and tells the others.

    States wait in memory until an alarm or order changed, two seconds went by, or too many are dirty; then one short
    transaction holds them all with the cursor. `committed` is called after each, `kept` with what changed, and `judged`
    for a clock step.
    """

    def __init__(
        self,
        judge: Judge,
        engine: Keeping,
        books: Books,
        feed: Feed,
        *,
        saved: Saved,
        committed: Callable[[], None],
        judged: Callable[[int], Awaitable[None]],
        kept: Callable[[Outcome], None] | None = None,
        beside: Beside = NOTHING,
        edited: Callable[[Heard], Callable[[], Seat] | None] = lambda _: None,
    ) -> None:
        """`beside` is kept with the first commit. `edited` says whether a row puts other rules in force, and then how
        to take up under them what is kept; that blocks.
        """
        self._beside, self._edited = beside, edited
        self._judge, self._engine, self._books, self._feed = judge, engine, books, feed
        self._committed, self._judged, self._kept = committed, judged, kept
        self.cursor = saved.row  # judged
        self.at: Millis = saved.at
        self.kept_to = saved.row  # committed
        self.needed_after = int(saved.meta.get(NEEDED, saved.row))  # rows above it are needed again after a start
        self._reading = Patience(_log, "the judge cannot read the journal", "the judge reads again", level=_LOUD)
        self._keeping = Patience(
            _log,
            "alarms and orders cannot be kept: dispatch stands still",
            "alarms and orders are kept again",
            level=_LOUD,
        )
        self._moved = asyncio.Condition()

    @property
    def waiting_for(self) -> str:
        """Why it stands still; "" where it does not."""
        return self._keeping.waiting_for or self._reading.waiting_for

    async def run(self) -> None:
        """Judge for ever; cancel it to end. What was not committed is judged again at the next start."""
        await self._catch_up()
        loop = asyncio.get_running_loop()
        due = loop.time() + COMMIT_S
        dirty = 0
        while True:
            for heard in await self._next(due):
                if heard.notes and (seat := self._edited(heard)) is not None:
                    await self._change(seat)
                outcome = self._judge.fold(heard)
                dirty += len(heard.readings)
                if outcome.changed or outcome.steps or dirty >= DIRTY:
                    await self._commit(outcome)
                    due, dirty = loop.time() + COMMIT_S, 0
                self.cursor, self.at = outcome.row, outcome.at  # not before: `drain` promises that it can be sent
                for step in outcome.steps:
                    await self._judged(step)
            if loop.time() >= due:
                if self.kept_to < self.cursor:
                    await self._commit(Outcome(self.cursor, self.at))
                due, dirty = loop.time() + COMMIT_S, 0
            await self._tell()

    async def drain(self, upto: int) -> None:
        """Return when every row up to that number is judged, and what it changed is committed."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.cursor >= upto)

    async def _next(self, due: float) -> Sequence[Heard]:
        try:
            async with asyncio.timeout_at(due):
                return await self._reading.until_available(lambda: self._feed(self.cursor))
        except TimeoutError:
            return ()

    async def _catch_up(self) -> None:
        """Give the engine what it had heard and not put away. Rows that the journal lost are lost to it too."""
        row = self.needed_after
        while row < self.kept_to:
            for heard in await self._reading.until_available(partial(self._feed, row)):
                row = heard.row
                if row <= self.kept_to:
                    self._engine.hear_again(row, self._judge.readings_of(heard))

    async def _change(self, seat: Callable[[], Seat]) -> None:
        """Other rules are in force from the next row on: all that was heard is kept, and taken up under them."""
        await self._commit(Outcome(self.cursor, self.at), whole=True)
        taken = await self._keeping.until_available(lambda: asyncio.to_thread(seat))
        self._judge, self._engine, self._beside = taken

    async def _commit(self, outcome: Outcome, *, whole: bool = False) -> None:
        drained = self._engine.drain_dirty(None if whole else outcome.row)
        needed = outcome.row if whole else self._engine.needed_after
        subjects = {**self._beside.subjects, **drained}
        noted = {**self._beside.meta, **outcome.meta, NEEDED: b"%d" % needed}
        made = replace(outcome, meta=noted)
        await self._keeping.until_available(lambda: asyncio.to_thread(self._books.commit, made, subjects))
        self._beside = NOTHING
        self.kept_to, self.needed_after = outcome.row, needed
        self._committed()
        if self._kept is not None and outcome.changed:
            self._kept(outcome)

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()


class QuarantineKeeper:
    """Puts aside what the pipeline refused, and has tried again what operators ask for. `save` moves its cursor; twice
    leaves one, so it need not be exact.
    """

    def __init__(
        self,
        feed: Feed,
        keep: Callable[[Sequence[Quarantined]], None],
        save: Callable[[int], None],
        *,
        cursor: int,
        again: Callable[[int, int], None],
    ) -> None:
        self._feed, self._keep, self._save, self._again = feed, keep, save, again
        self.cursor = self._saved = cursor
        self.kept = 0
        self._patience = Patience(_log, "nothing can be put aside", "what is refused is put aside again")
        self._moved = asyncio.Condition()

    async def run(self) -> None:
        """Keep for ever; cancel it to end."""
        while True:
            rows = await self._patience.until_available(lambda: self._feed(self.cursor))
            await self._patience.until_available(partial(self._put_aside, rows))
            async with self._moved:
                self.cursor = rows[-1].row
                self._moved.notify_all()

    async def drain(self, upto: int) -> None:
        """Return when what was refused up to that row is put aside."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.cursor >= upto)

    async def _put_aside(self, rows: Sequence[Heard]) -> None:
        found = [one for heard in rows for one in heard.quarantined]
        wanted = [note for heard in rows for note in heard.notes if note.topic == RETRY]
        if found:
            await asyncio.to_thread(self._keep, found)
        for one in wanted:
            await asyncio.to_thread(_ask_again, one, self._again)
        if found or wanted or rows[-1].row - self._saved > _SAVED_EVERY:
            await asyncio.to_thread(self._save, rows[-1].row)
            self._saved = rows[-1].row
        self.kept += len(found)


class _Wanted(msgspec.Struct, frozen=True):
    """Which message an operator wants tried again."""

    row: int
    place: int


_wanted = msgspec.json.Decoder(_Wanted)


def _ask_again(note: Message, again: Callable[[int, int], None]) -> None:
    """What is no longer there, or was cut, cannot be: whoever asked was told so, unless it went in between."""
    one = _wanted.decode(note.payload)
    with suppress(NotFoundError, ConflictError):
        again(one.row, one.place)
