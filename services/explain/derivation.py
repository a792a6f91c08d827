"""What rows of the journal come to, derived anew: a fresh pipeline, fresh rules and a fresh judge, and no store.

Edit rows change site and rules between two rows, as a restart of the service does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from domain.alarms import AlarmState
from domain.errors import NotFoundError, RejectedError
from domain.messages import Heard, Message, Row
from domain.naming import EDIT
from domain.readings import Millis, Reading
from domain.site import Site
from ingest.pipeline import Pipeline
from rules.book import RuleBook, read_rules
from rules.context.all import surroundings
from rules.runners.editing import begun_anew, versions
from rules.runners.live import Live
from services.dispatch.orders import Addressed, Alarm, Order, Result
from services.judge import Engine, Judge, Outcome, Saved
from services.judge.outcome import MEMORY_MS
from services.site import parse, unpack

DAY: Final = 86_400_000


class Edited(msgspec.Struct, frozen=True):
    """What an edit row says is in force from then on."""

    what: str
    hash: str
    text: str


class Evidence(NamedTuple):
    """A reading, and the message that brought it: where in the journal that lies, and its key."""

    row: int
    place: int
    key: bytes
    reading: Reading


@dataclass(slots=True)
class Decided:
    """All that was decided so far, as the books would have it."""

    row: int = 0
    at: Millis = 0
    alarms: dict[str, Alarm] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    sent: dict[str, Addressed] = field(default_factory=dict)
    results: dict[tuple[str, str], Result] = field(default_factory=dict)
    meta: dict[str, bytes] = field(default_factory=dict)
    alarm_rows: dict[str, int] = field(default_factory=dict)  # alarm → the row that opened it
    order_rows: dict[str, int] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """What one row came to."""
        self.row, self.at = outcome.row, outcome.at
        for alarm in outcome.alarms:
            known = self.alarms.get(alarm.id)
            self.alarms[alarm.id] = alarm
            if known is None:
                self.alarm_rows[alarm.id] = outcome.row
        for order in outcome.orders:
            self.orders[order.id] = order
            self.order_rows.setdefault(order.id, outcome.row)
        self.sent.update((one.key, one) for one in outcome.outbox)
        self.results.update(((one.source, one.id), one) for one in outcome.results)
        self.meta.update(outcome.meta)

    def saved(self) -> Saved:
        """What a judge starts from after a restart here."""
        recent = self.at - MEMORY_MS
        return Saved(
            self.row,
            self.at,
            tuple(one for one in self.alarms.values() if one.state is AlarmState.OPEN),
            tuple(one for one in self.orders.values() if one.closed is None or one.closed >= recent),
            tuple(one for one in self.results.values() if one.at >= recent),
            dict(self.meta),
        )


class Derivation:
    """Hears rows in order. `editions` are the site and rules in force before any edit row says so; without them such
    rows must come first, else NotFoundError.
    """

    def __init__(
        self,
        editions: Iterable[Edited] = (),
        *,
        retention_days: int = 0,
        watch: Callable[[Site], frozenset[str]] = lambda _: frozenset(),
        engine: Callable[[Live], Engine] = lambda live: live,
    ) -> None:
        """`watch` names the devices of which the readings are wanted afterwards, with the messages that brought them.
        `engine`: what the judge asks instead of the rules alone.
        """
        self.site: Site | None = None
        self.rules: RuleBook | None = None
        self.decided = Decided()
        self.editions: dict[str, Edited] = {}
        self._watch, self._watched = watch, frozenset[str]()
        self.evidence: list[Evidence] = []
        self._retention, self._engine = retention_days * DAY, engine
        self._pipeline: Pipeline | None = None
        self._judge: Judge | None = None
        self._live: Live | None = None
        self._states: dict[str, bytes] = {}
        self._edit(editions)

    def run(self, rows: Iterable[Row], *, until: Callable[[Decided], bool] | None = None) -> Decided:
        """Hear rows to their end, or until that is so after one of them."""
        for _, _, outcome in self.each(rows):
            if until is not None and outcome.changed and until(self.decided):
                break
        return self.decided

    def each(self, rows: Iterable[Row]) -> Iterator[tuple[Row, Heard, Outcome]]:
        """Hear rows to their end, and say of each what it was and what it came to."""
        for row in _with_editions_first(rows, self._edit):
            yield row, *self.hear(row)

    def hear(self, row: Row) -> tuple[Heard, Outcome]:
        """One row."""
        if self._pipeline is None or self._judge is None:
            self._begin()
        assert self._pipeline is not None  # noqa: S101
        assert self._judge is not None  # noqa: S101
        heard = self._pipeline.read(row)
        if self._watched:
            self.evidence += (one for one in evidence_of(heard) if one.reading.device in self._watched)
        outcome = self._judge.fold(heard)
        self.decided.add(outcome)
        return heard, outcome

    def states(self) -> Mapping[str, bytes]:
        """The rule engine's memory as it is now, as the books keep it."""
        if self._live is not None:
            self._states.update(self._live.drain_dirty())
        return self._states

    def _edit(self, editions: Iterable[Edited]) -> None:
        for edited in editions:
            self.editions[edited.what] = edited
            if edited.what == "site" and (self.site is None or self.site.hash != edited.hash):
                self.site = parse(unpack(edited.text)).site
                self._states = dict(self.states())
            elif edited.what == "rules" and (self.rules is None or self.rules.version != edited.hash):
                before = {} if self.rules is None else versions(self.rules)
                self.rules = read_rules(msgspec.json.decode(edited.text, type=dict[str, str]))
                self._states = dict(self.states())
                self._states.update(begun_anew(self._states.items(), before, self.rules))
            else:
                continue
            self._live = self._judge = None

    def _begin(self) -> None:
        """Take up, as a service does at its start, what there is already."""
        if self.site is None or self.rules is None:
            lacks = "site" if self.site is None else "rules"
            raise NotFoundError(f"no row says which {lacks} were in force: name them with --{lacks}")
        self._watched = self._watch(self.site)
        before = self._pipeline
        self._pipeline = Pipeline(self.site, retention=self._retention)
        if before is not None:
            self._pipeline.take_over(before)
        self._live = Live(self.rules, self.site, surroundings(self.site, self.rules))
        self._judge = Judge(self.site, self.rules.rules, self._engine(self._live))
        if self.decided.row:
            self._live.load(self._states.items(), self.decided.row)
            self._judge.load(self.decided.saved())


def evidence_of(heard: Heard) -> Iterator[Evidence]:
    """The readings of a row, each with its message."""
    readings = iter(heard.readings)
    for place, fate in enumerate(heard.fates):
        for _ in range(fate.points):
            yield Evidence(heard.row, place, fate.key, next(readings))


def edited_by(message: Message) -> Edited | None:
    """What a message of an edit row says; None where it is another."""
    if message.topic != EDIT:
        return None
    try:
        return msgspec.json.decode(message.payload, type=Edited)
    except msgspec.DecodeError as wrong:
        raise RejectedError(f"an edit row cannot be read: {wrong}") from wrong


def _with_editions_first(rows: Iterable[Row], edit: Callable[[Iterable[Edited]], None]) -> Iterator[Row]:
    """Each row, after it and the edit rows that follow it at once were said to be in force: a service starts with all
    of them.
    """
    held: list[Row] = []
    said: list[Edited] = []
    for row in rows:
        found = [one for message in row.messages if (one := edited_by(message)) is not None]
        if found:
            held.append(row)
            said += found
            continue
        if held:
            edit(said)
            yield from held
            held, said = [], []
        yield row
    if held:
        edit(said)
        yield from held
