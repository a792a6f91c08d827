"""What the API stands before: small needs, and the values it shows of a running service."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from domain.alarms import AlarmState
from domain.messages import Message, Quarantined, Row
from domain.naming import Priority
from domain.ports import Clock, Point
from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from services.buckets import Bucketed
from services.dispatch.orders import Alarm, Order, OrderState, Result
from services.dispatch.post import Posted
from services.live.changes import Change, Snapshot

Spot = tuple[Millis, str]  # of an alarm or order in its list: when it was opened, and its id


class Cases(Protocol):
    """Alarms, orders and answers as they are kept. Blocking. Raises UnavailableError."""

    def alarms(
        self,
        *,
        state: AlarmState | None = None,
        facility: str | Collection[str] | None = None,
        rule: str | None = None,
        newest: int = 200,
        after: Spot | None = None,
    ) -> list[Alarm]:
        """The newest alarms, newest first, of one facility or any of several; those that come after a place in that
        list, where one is given.
        """
        ...

    def orders(
        self,
        *,
        states: Collection[OrderState] | None = None,
        crew: str | None = None,
        zone: str | Collection[str] | None = None,
        facility: str | None = None,
        newest: int = 200,
        after: Spot | None = None,
    ) -> list[Order]:
        """The newest orders, newest first, without their history, of one zone or any of several; after a place in that
        list, where one is given.
        """
        ...

    def order(self, order: str) -> Order:
        """One order with its history, by id or 案号. Raises NotFoundError."""
        ...

    def alarm(self, alarm: str) -> Alarm:
        """One alarm. Raises NotFoundError."""
        ...

    def subjects_named(self, subjects: Collection[str]) -> Mapping[str, bytes]:
        """The rule engine's state of some subjects; what has none is not there."""
        ...

    def result(self, source: str, given: str) -> Result | None:
        """What became of a command; None while it is not judged."""
        ...

    def noted(self, name: str) -> bytes:
        """What the judge keeps under a name, beside alarms and orders; empty where nothing is."""
        ...


class Tallies(Protocol):
    """What is counted and gathered of alarms and orders. Blocking. Raises UnavailableError."""

    def touching(self, facility: str) -> tuple[list[Alarm], list[Order]]:
        """The open alarms of a facility, its own and those of groups it belongs to, and the orders not ended that
        answer them or are about it; without their history.
        """
        ...

    def at_work(self) -> Mapping[str, int]:
        """How many orders each crew has at work."""
        ...

    def orders_counted(self) -> Mapping[tuple[OrderState, Priority], int]:
        """How many orders there are, of each state and priority."""
        ...

    def alarms_counted(self) -> Mapping[str, int]:
        """How many alarms of each rule are open."""
        ...


class Aside(Protocol):
    """What was kept aside. Blocking. Raises UnavailableError."""

    def page(self, *, newest: int, kind: str = "", after: tuple[int, int, str] | None = None) -> Sequence[Quarantined]:
        """The newest ones, newest first; of one class of reason, and after a (row, place, quantity), where given."""
        ...

    def get(self, row: int, place: int) -> Sequence[Quarantined]:
        """What was kept of one message. Raises NotFoundError."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Entries by class of reason."""
        ...

    def retried(self, row: int, place: int) -> str:
        """Empty where nobody asked to try it again; `asked` until it is; then `taken`."""
        ...


class History(Protocol):
    """Readings as they are stored. Raises UnavailableError."""

    async def points(self, kind: str, since: Millis, until: Millis, *, facility: str | None = None) -> Sequence[Point]:
        """All points of a kind, or of one facility of it, with since ≤ at < until."""
        ...

    async def latest(self, facility: str) -> Sequence[Point]:
        """The newest point of each of a facility's devices."""
        ...

    async def buckets(
        self, kind: str, facility: str, since: Millis, until: Millis, width: Millis
    ) -> Mapping[str, Sequence[Bucketed]]:
        """What each quantity of a facility came to in each `width` ms from `since` on, before `until`; without the
        empty ones.
        """
        ...

    def source(self, since: Millis, until: Millis, width: Millis) -> str:
        """What such buckets are drawn from: a roll-up, such as `1h`, or `services.buckets.READINGS`."""
        ...


class Live(Protocol):
    """What changes, as it does (`services.live.hub.Hub`)."""

    def snapshot(self) -> Snapshot:
        """Everything, as it is after the newest change."""
        ...

    def changes(self, after: int) -> AsyncIterator[tuple[Change, ...]]:
        """What changes after that number; ends where that is remembered no more."""
        ...


class Sent(Protocol):
    """Letters to contacts, as they are kept. Blocking. Raises UnavailableError."""

    def posted(self, *, state: str = "", newest: int = 100, before: Spot | None = None) -> list[Posted]:
        """The newest ones, newest first; those in a state, and after a place (at, key) in that list, where given."""
        ...

    def stuck(self) -> list[Posted]:
        """Messages over MQTT that can never be sent."""
        ...

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many letters there are, by channel and state."""
        ...

    def one(self, key: str) -> Posted:
        """One message by its key. Raises NotFoundError."""
        ...

    def again(self, key: str, who: str) -> Posted:
        """Have a dead message tried again. Raises NotFoundError, ConflictError."""
        ...

    def discard(self, key: str, who: str, why: str, at: Millis) -> Posted:
        """Let a dead message be. Raises NotFoundError, ConflictError."""
        ...


class Reach(NamedTuple):
    """How far a consumer of the journal has come, and why it stands still; "" where it does not."""

    row: int
    at: Millis
    waiting_for: str


class Away(NamedTuple):
    """Why nobody does the work of a role, and since when."""

    why: str
    since: Millis


@dataclass(frozen=True, slots=True)
class Pulse:
    """A running service at one moment. `link` is the newest state of our connection to the broker (`naming.LINK`)."""

    link: str
    trouble: str  # why the journal cannot be written; "" where it can
    messages: int  # since the start
    held: int  # heard and not yet in the journal
    row: int  # the newest of the journal
    at: Millis
    judge: Reach
    committed: int
    store: Reach
    written: int
    pending: int
    refused: int
    retries: int
    quarantine: int  # row
    dispatch: str  # why nothing goes out; "" while it does
    down: Mapping[str, tuple[Millis, str]] = field(default_factory=dict)  # contacts that take nothing: since when, why
    stepping: bool = False  # time moves by the simulators' clock messages alone
    away: Mapping[str, Away] = field(default_factory=dict)  # roles that should be other processes, and are not there


class Counts(NamedTuple):
    """What is counted only when somebody asks."""

    outbox: Mapping[str, int]  # by state: pending, sent, dead
    quarantine: Mapping[str, int]  # by class of reason


@dataclass(frozen=True, slots=True)
class Behind:
    """All that the API needs of a service, wherever its parts run. `tell` puts messages into the journal; `counts`
    blocks; `clock` is the domain clock and `wall` the time of day.
    """

    site: Site
    in_force: Callable[[], RuleBook]
    cases: Cases
    tallies: Tallies
    aside: Aside
    history: History
    live: Live
    tell: Callable[[Sequence[Message]], Awaitable[Row]]
    look: Callable[[], Pulse]
    counts: Callable[[], Counts]
    clock: Clock
    wall: Clock
    post: Sent | None = None
    shadow: Callable[[], Mapping[str, Any]] | None = None  # what shadow rules do otherwise, where some run. Blocking
    reload: Callable[[str, str], Awaitable[int]] | None = None  # rule files, (by, why) → row; 0: they are as they were

    @property
    def rules(self) -> RuleBook:
        """The rules in force just now."""
        return self.in_force()
