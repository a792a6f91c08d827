"""Proving orders from the state of a service: its journal against its books."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import Protocol

from domain.errors import RejectedError
from domain.messages import Row
from domain.ports import Journal
from domain.site import Site
from ingest.fanout import replayed
from rules.runners.live import Live
from services.dispatch.orders import Addressed, Alarm, Order
from services.explain.beside import Given, Noting, bearing_on
from services.explain.bundle import Gathering, write_bundle
from services.explain.derivation import Derivation, Edited, edited_by
from services.explain.proof import Difference, Proof, Recorded, devices_of, prove, same

_HEAD = 8  # rows within which a journal that nobody has pruned says what is in force


class Books(Protocol):
    """What is recorded. Blocking. Raises UnavailableError."""

    def order(self, order: str) -> Order:
        """One order with its history, by id or 案号. Raises NotFoundError."""
        ...

    def alarm(self, alarm: str) -> Alarm:
        """One alarm. Raises NotFoundError."""
        ...

    def addressed(self, order: str) -> list[Addressed]:
        """What was to be sent to crews about an order, as far as it is still kept."""
        ...

    def cursor(self, name: str) -> int:
        """The last row that a consumer of the journal has worked on."""
        ...


def recorded(books: Books, order: str) -> Recorded:
    """What the books say of an order. Raises NotFoundError."""
    found = books.order(order)
    return Recorded(found, tuple(books.alarm(one) for one in found.alarms), tuple(books.addressed(found.id)))


class Proving:
    """Derives the journal once, for some orders."""

    def __init__(
        self, journal: Journal, books: Books, editions: Callable[[], Sequence[Edited]], *, retention_days: int = 0
    ) -> None:
        """`editions` are asked for where the journal does not say what was in force at its beginning."""
        self._journal, self._books, self._editions = journal, books, editions
        self._days = retention_days
        self._gathering = Gathering()
        self._given: list[Given] = []
        self._bearing: tuple[object, frozenset[str]] = (None, frozenset())
        self.caveats: list[str] = []

    def span(self) -> tuple[int, int]:
        """The rows to be gone through: the first that is there, and the last that is judged."""
        first = self._journal.read(0, 1)
        return (first[0].number if first else 0), self._books.cursor("judge")

    def prove(
        self, wanted: Sequence[Recorded], *, bundle: Path | None = None, on_row: Callable[[int], None] | None = None
    ) -> list[Proof]:
        """A proof of each, and a bundle of the first. `on_row` hears how far it is. Raises ConflictError."""
        first, last = self.span()
        alarms = [alarm for one in wanted for alarm in one.alarms]
        editions = self._in_force(first)
        derivation = Derivation(
            editions,
            retention_days=self._days,
            watch=lambda site: devices_of(site, alarms),
            engine=lambda live: _noting(live, self._given),
        )
        try:
            self._derive(derivation, wanted, last, gather=bundle is not None, on_row=on_row)
        except RejectedError as damaged:
            return [_broken(one, derivation, str(damaged), self.caveats) for one in wanted]
        proofs = [prove(derivation, one, [*self.caveats, *_lacking(one)]) for one in wanted]
        if bundle is not None and derivation.site is not None:
            site, days = derivation.site.id, self._days
            write_bundle(bundle, self._gathering, editions, wanted[0], proofs[0], site, retention_days=days)
        return proofs

    def _derive(
        self,
        derivation: Derivation,
        wanted: Sequence[Recorded],
        last: int,
        *,
        gather: bool,
        on_row: Callable[[int], None] | None,
    ) -> None:
        subjects = frozenset(alarm.subject for one in wanted for alarm in one.alarms)
        rows = takewhile(lambda row: row.number <= last, replayed(self._journal, 0))
        for row, heard, outcome in derivation.each(rows):
            given = self._given.pop()
            if gather:
                bearing, site = self._bears(derivation, subjects)
                self._gathering.add(row, heard, given, bearing, site.id, changed=outcome.changed)
            if on_row is not None:
                on_row(row.number)
            if outcome.changed and all(same(derivation.decided, one) for one in wanted):
                return

    def _bears(self, derivation: Derivation, subjects: frozenset[str]) -> tuple[frozenset[str], Site]:
        site, rules = derivation.site, derivation.rules
        assert site is not None  # noqa: S101  # a row was heard
        assert rules is not None  # noqa: S101
        if self._bearing[0] != (site.hash, rules.version):
            more = bearing_on(site, rules, subjects)
            self._bearing = ((site.hash, rules.version), self._bearing[1] | more)
        return self._bearing[1], site

    def _in_force(self, first: int) -> Sequence[Edited]:
        """What is in force at the beginning, where no row says so."""
        said = {one.what for one in _said(islice(self._journal.read(0, _HEAD), _HEAD))}
        if first > 1:
            self.caveats.append(f"the journal begins with row {first}: what was heard before is not there")
        if {"site", "rules"} <= said:
            return ()
        self.caveats.append(
            "no row says which site and rules were in force at the beginning: the present ones are taken"
        )
        return self._editions()


def _noting(live: Live, given: list[Given]) -> Noting:
    return Noting(live, given)


def _said(rows: Collection[Row] | Iterator[Row]) -> Iterator[Edited]:
    return (found for row in rows for message in row.messages if (found := edited_by(message)) is not None)


def _lacking(one: Recorded) -> Sequence[str]:
    revisions = {sent.revision for sent in one.sent}
    if len(revisions) < one.order.revision:
        return (f"{one.order.revision - len(revisions)} of {one.order.revision} revisions are no more in the outbox",)
    return ()


def _broken(one: Recorded, derivation: Derivation, why: str, caveats: Sequence[str]) -> Proof:
    """The journal cannot be read to the end: what was derived until then is not the whole."""
    steps = prove(derivation, one).steps if derivation.site is not None and derivation.rules is not None else ()
    return Proof(one.order.id, one.order.case, steps, Difference("the journal", why, None), tuple(caveats))
