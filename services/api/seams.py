"""What the API stands before: small needs, and the values it shows of a running service."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from domain.alarms import AlarmState
from domain.messages import Message, Row
from domain.ports import Clock
from domain.readings import Millis
from domain.site import Site
from services.dispatch.orders import Alarm, Order, OrderState, Result


class Cases(Protocol):
    """Alarms, orders and answers as they are kept. Blocking. Raises UnavailableError."""

    def alarms(self, *, state: AlarmState | None = None, facility: str | None = None, newest: int = 200) -> list[Alarm]:
        """The newest alarms, newest first."""
        ...

    def orders(
        self,
        *,
        states: Collection[OrderState] | None = None,
        crew: str | None = None,
        zone: str | None = None,
        newest: int = 200,
    ) -> list[Order]:
        """The newest orders, newest first, without their history."""
        ...

    def order(self, order: str) -> Order:
        """One order with its history, by id or 案号. Raises NotFoundError."""
        ...

    def result(self, source: str, given: str) -> Result | None:
        """What became of a command; None while it is not judged."""
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
    stepping: bool = False  # time moves by the simulators' clock messages alone
    away: Mapping[str, Away] = field(default_factory=dict)  # roles that should be other processes, and are not there


class Counts(NamedTuple):
    """What is counted only when somebody asks."""

    outbox: Mapping[str, int]  # by state: pending, sent, dead
    quarantine: Mapping[str, int]  # by class of reason


@dataclass(frozen=True, slots=True)
class Behind:
    """All that the API needs of a service. `tell` puts messages into the journal; `counts` blocks; `clock` is the
    domain clock and `wall` the time of day.
    """

    site: Site
    cases: Cases
    tell: Callable[[Sequence[Message]], Awaitable[Row]]
    look: Callable[[], Pulse]
    counts: Callable[[], Counts]
    clock: Clock
    wall: Clock
