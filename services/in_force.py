"""The rules in force in a running service: changed by a row of the journal, and taken up by its judge at that row."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from domain.errors import ConflictError
from domain.messages import Heard
from domain.ports import Clock
from domain.site import Site
from rules.book import RuleBook
from rules.core.rule import Rule
from services.editions import Edition, Tell, edit
from services.outside import Ledgers
from services.reloading import in_force_at_start, rules_edited
from services.seating import seated
from services.workers import Seat

_log = logging.getLogger(__name__)


class InForce:
    """What this process judges by, or shows. With a judge here the book changes when the judge has come to the row;
    beside one, when the row is written.
    """

    def __init__(
        self,
        site: Site,
        rules: RuleBook,
        books: Ledgers,
        clock: Clock,
        tell: Tell,
        reread: Callable[[], RuleBook] | None,
        *,
        judged_here: bool,
    ) -> None:
        self.book = rules
        self._site, self._books, self._clock = site, books, clock
        self._tell, self._reread, self._judged_here = tell, reread, judged_here

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules in force, by name."""
        return self.book.rules

    async def reload(self, by: str = "", why: str = "") -> int:
        """Read the rule files again, and put them in force from the row of the journal on that says so; its number.
        Nothing is written where they are those in force: then 0. Raises ConflictError where nobody said where the files
        are, FaultyFileError, and then nothing is changed, and UnavailableError.
        """
        if self._reread is None:
            raise ConflictError("this service was not told where its rule files are")
        rules = await asyncio.to_thread(self._reread)
        if rules.version == self.book.version:
            return 0
        row = await self._tell([edit(Edition("rules", rules.version, rules.packed), self._clock, by, why)])
        await asyncio.to_thread(self._books.move, "edit.rules", row.number)
        if not self._judged_here:
            self.book = rules
        return row.number

    def seated(self) -> Seat:
        """A judge who goes on by the rules of the row that it had come to. Blocking. Raises UnavailableError."""
        return self._seated(in_force_at_start(self._books.load(), self.book))

    def edited(self, heard: Heard) -> Callable[[], Seat] | None:
        """How a judge takes up what is kept by other rules, where a row puts such in force; it blocks."""
        book = rules_edited(heard, self.book.version)
        if book is None:
            return None
        _log.info("other rules are in force", extra={"row": heard.row, "rules": book.version})
        return partial(self._seated, book)

    def _seated(self, rules: RuleBook) -> Seat:
        seat, _, _ = seated(self._books, self._site, rules)
        self.book = rules
        return seat
