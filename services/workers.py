"""The consumers behind the door, each with its own cursor: the judge's hands, and the keeper of the quarantine."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from domain.errors import UnavailableError
from domain.messages import Heard, Quarantined
from domain.readings import Millis
from services.judge import Engine, Judge, Outcome, Saved

_log = logging.getLogger(__name__)

COMMIT_S: Final = 2.0  # dirty states wait no longer than this
DIRTY: Final = 5_000  # readings since the last commit: no more subjects than that can have changed
_PAUSE_S: Final = (0.2, 10.0)

Feed = Callable[[int], Awaitable[Sequence[Heard]]]


class Keeping(Engine, Protocol):
    """A rule engine whose state can be put away and taken up again."""

    def drain_dirty(self) -> dict[str, bytes]:
        """Subjects whose state changed since the last call, serialized."""
        ...


class Books(Protocol):
    """Where what the judge comes to is kept. Blocking. Raises UnavailableError."""

    def commit(self, outcome: Outcome, subjects: Mapping[str, bytes]) -> None:
        """All of it, with the cursor, or none."""
        ...


class JudgeWorker:
    """Feeds the judge, commits what it comes to, and tells the others.

    States wait in memory until an alarm or order changed, two seconds went by, or too many are dirty; then one short
    transaction holds them all with the cursor. `committed` is called after each, `judged` for a clock step.
    """

    def __init__(
        self,
        judge: Judge,
        engine: Keeping,
        books: Books,
        feed: Feed,
        *,
        saved: Saved,
        keep: Callable[[Sequence[Quarantined]], None],
        committed: Callable[[], None],
        judged: Callable[[int], Awaitable[None]],
    ) -> None:
        self._judge, self._engine, self._books, self._feed = judge, engine, books, feed
        self._keep, self._committed, self._judged = keep, committed, judged
        self.cursor = saved.row  # judged
        self.at: Millis = saved.at
        self.kept_to = saved.row  # committed
        self.waiting_for = ""
        self._moved = asyncio.Condition()

    async def run(self) -> None:
        """Judge for ever; cancel it to end. What was not committed is judged again at the next start."""
        loop = asyncio.get_running_loop()
        due = loop.time() + COMMIT_S
        dirty = 0
        while True:
            for heard in await self._next(due):
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
                return await self._feed(self.cursor)
        except TimeoutError:
            return ()

    async def _commit(self, outcome: Outcome) -> None:
        subjects = self._engine.drain_dirty()
        pause, longest = _PAUSE_S
        while True:
            try:
                if outcome.quarantined:
                    await asyncio.to_thread(self._keep, outcome.quarantined)
                await asyncio.to_thread(self._books.commit, outcome, subjects)
            except UnavailableError as away:
                if not self.waiting_for:
                    _log.critical("alarms and orders cannot be kept: dispatch stands still", extra={"why": str(away)})
                self.waiting_for = str(away)
                await asyncio.sleep(away.retry_after or pause)
                pause = min(pause * 2, longest)
            else:
                break
        self.waiting_for = ""
        self.kept_to = outcome.row
        self._committed()

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()


class QuarantineKeeper:
    """Puts aside what the pipeline refused. `save` moves its cursor; twice leaves one, so it need not be exact."""

    def __init__(
        self,
        feed: Feed,
        keep: Callable[[Sequence[Quarantined]], None],
        save: Callable[[int], None],
        *,
        cursor: int,
    ) -> None:
        self._feed, self._keep, self._save = feed, keep, save
        self.cursor = self._saved = cursor
        self.kept = 0
        self._moved = asyncio.Condition()

    async def run(self) -> None:
        """Keep for ever; cancel it to end."""
        pause, longest = _PAUSE_S
        while True:
            rows = await self._feed(self.cursor)
            found = [one for heard in rows for one in heard.quarantined]
            try:
                if found:
                    await asyncio.to_thread(self._keep, found)
                if found or rows[-1].row - self._saved > 1000:
                    await asyncio.to_thread(self._save, rows[-1].row)
                    self._saved = rows[-1].row
            except UnavailableError as away:
                _log.warning("the quarantine cannot be written", extra={"why": str(away)})
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)
                continue
            pause = _PAUSE_S[0]
            self.kept += len(found)
            async with self._moved:
                self.cursor = rows[-1].row
                self._moved.notify_all()

    async def drain(self, upto: int) -> None:
        """Return when what was refused up to that row is put aside."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.cursor >= upto)
