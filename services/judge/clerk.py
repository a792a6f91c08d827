"""What crews and operators say, carried out on the book: each once, and whoever says it learns what became of it."""

from collections.abc import Callable
from functools import partial

from domain.errors import ConflictError, NotFoundError
from domain.naming import COMMAND, OperatorAction
from domain.readings import Millis
from domain.site import Site
from ingest.codecs.replies import Command, Planned, Reply, Stopped
from services.dispatch.orders import Order, OrderState, Result
from services.judge.afield import Afield
from services.judge.answers import OF_THE_BOOK, allowed, answered, commanded, says_false
from services.judge.book import Book
from services.judge.outcome import Engine
from services.judge.receipts import Receipts


class Clerk:
    """Carries out one word at a time. In every method `row` is where it was heard, `at` when it counts, and `tick` the
    moment up to which the row decides. What cannot be done changes nothing, and the result says why.
    """

    def __init__(self, site: Site, engine: Engine, book: Book, afield: Afield, receipts: Receipts) -> None:
        self._site, self._engine = site, engine
        self._book, self._afield, self._receipts = book, afield, receipts

    def answer(self, crew: str, reply: Reply, row: int, at: Millis, tick: Millis) -> None:
        """A crew answers an order."""
        do = partial(self._answer, crew, reply, at, tick)
        self._receipts.answer(self._once(crew, reply, row, tick, do, reply.order))

    def command(self, command: Command, row: int, at: Millis, tick: Millis) -> None:
        """An operator commands an order."""
        self._once(COMMAND, command, row, tick, partial(self._command, command, at, tick), command.order)

    def stop(self, said: Stopped, row: int, at: Millis, tick: Millis) -> None:
        """An operator stops work in a zone, or lets it go on."""
        self._once(COMMAND, said, row, tick, partial(self._stop, said, at))

    def plan(self, said: Planned, row: int, at: Millis, tick: Millis) -> None:
        """An operator announces work, or ends it."""
        self._once(COMMAND, said, row, tick, partial(self._afield.plan, said, at))

    def _once(
        self,
        source: str,
        said: Reply | Command | Stopped | Planned,
        row: int,
        tick: Millis,
        do: Callable[[], None],
        order: str = "",
    ) -> Result:
        """Do what was said, unless it was said before; what became of it."""
        known = self._receipts.remembered(source, said.id, tick)
        if known is not None:
            return known
        why = ""
        try:
            do()
        except (ConflictError, NotFoundError) as error:
            why = str(error)
        result = Result(source, said.id, row, tick, order, str(said.action), not why, why)
        self._receipts.remember(result)
        return result

    def _answer(self, crew: str, reply: Reply, at: Millis, tick: Millis) -> None:
        before = self._order(reply.order, crew, tick)
        wrong = self._book.open.still_wrong(before)
        self._book.keep(before, answered(before, crew, reply, at, self._book.terms, wrong=wrong), at)
        self._heed(before, reply.why, at)

    def _command(self, command: Command, at: Millis, tick: Millis) -> None:
        before = self._order(command.order, "", tick)
        if command.action in OF_THE_BOOK:
            self._about_two(before, command, at, tick)
        else:
            self._about_one(before, command, at)
        self._heed(before, command.why, at)

    def _stop(self, said: Stopped, at: Millis) -> None:
        self._book.look_at_zone(self._book.stops.hear(said, at), at)

    def _about_one(self, before: Order, command: Command, at: Millis) -> None:
        after = commanded(before, command, at, self._book.terms, wrong=self._book.open.still_wrong(before))
        if command.action is OperatorAction.REASSIGN and command.crew:
            after = self._handed(before, after, command, at)
        self._book.keep(before, after, at, tell=command.action is not OperatorAction.NOTE)

    def _about_two(self, before: Order, command: Command, at: Millis, tick: Millis) -> None:
        allowed(before, command)
        if command.crew and command.crew not in self._site.crews:
            raise NotFoundError(f"there is no crew {command.crew}")
        if command.action is OperatorAction.MERGE:
            self._book.merge(before, self._order(command.into, "", tick), at, who=command.by, why=command.why)
        else:
            self._book.follow_up(before, command, at)

    def _heed(self, order: Order, why: str, at: Millis) -> None:
        """Whoever calls an alarm false takes away from the record of the instruments that raised it."""
        if says_false(why) and order.subject.startswith("facility:"):
            self._engine.false_alarm(order.facility, at)

    def _handed(self, before: Order, free: Order, command: Command, at: Millis) -> Order:
        if command.crew not in self._site.crews:
            raise NotFoundError(f"there is no crew {command.crew}")
        if command.crew == before.crew and before.state is not OrderState.ON_HOLD:
            raise ConflictError(f"the order is with {command.crew} already")
        return self._book.handing.give(free, command.crew, at, who=command.by, why=command.why, anew=False)

    def _order(self, order: str, crew: str, tick: Millis) -> Order:
        """The order somebody speaks of. A crew hears nothing of orders that were never theirs."""
        found = self._book.all.remembered(order, tick)
        if found is None:
            raise NotFoundError("no such order, or it ended more than two days ago")
        told = (found.crew, self._site.desk, *(rung.crew for rung in found.rungs))
        theirs = not crew or crew in told or any(c.crew == crew for c in found.history)
        if not theirs:
            raise NotFoundError("the order is with somebody else")
        return found
