"""What a service stands between: its machines, whichever they are, as it needs them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from domain.messages import Message
from domain.ports import Journal, Publisher, Quarantine, ReadingHistory, ReadingStore, Source
from domain.readings import Millis
from ingest.lockstep import DomainClock
from services.api.seams import Aside as Shown
from services.api.seams import Cases, History, Tallies
from services.crew.ports import Photos
from services.dispatch.dispatcher import Outbox
from services.dispatch.orders import Alarm, Order
from services.dispatch.post import Posted
from services.dispatch.postman import Channel, Letterbox
from services.influx.chronicle import Chronicle
from services.influx.rollups import RollUps
from services.judge import Saved
from services.leading import Leading
from services.people.ports import Trail
from services.workers import Books


class Ledgers(Books, Outbox, Cases, Tallies, Protocol):
    """Everything that is kept in SQL. Blocking. Raises UnavailableError."""

    def load(self) -> Saved:
        """Where the judge stood at its last commit."""
        ...

    def subjects(self) -> list[tuple[str, bytes]]:
        """The rule engine's state."""
        ...

    def cursor(self, name: str) -> int:
        """How far a consumer of the journal has come; `judge` is the judge's own."""
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


class Box(Letterbox, Protocol):
    """Letters to contacts, and what people may look at and do there. Blocking. Raises UnavailableError."""

    def posted(self, *, state: str = "", newest: int = 100, before: tuple[Millis, str] | None = None) -> list[Posted]:
        """What was to be sent to contacts, newest first; after a place (at, key) in that list, where given."""
        ...

    def stuck(self) -> list[Posted]:
        """Messages over MQTT that can never be sent."""
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

    def counts(self) -> dict[str, dict[str, int]]:
        """How many letters there are, by channel and state."""
        ...

    def prune(self, before: Millis) -> None:
        """Forget letters that ended before then."""
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """How people are reached beside MQTT: what is to be sent, over what, and where they answer (crew, order → URL)."""

    box: Box
    channels: Mapping[str, Channel]
    links: Callable[[str, str], str]


class Aside(Quarantine, Shown, Protocol):
    """The quarantine, and what people asked to have tried again."""

    def ask_retry(self, row: int, place: int) -> None:
        """Ask for it. Raises NotFoundError, ConflictError."""
        ...

    def take_retries(self) -> Sequence[Message]:
        """What to try again; asking again says that those before are in the journal."""
        ...

    def counts(self) -> dict[str, int]:
        """Entries by class of reason."""
        ...

    def prune(self, *, before: Millis) -> int:
        """Forget messages received before then."""
        ...


class Past(ReadingHistory, History, Protocol):
    """Reading back, point by point and drawn together."""


class Rows(Journal, Protocol):
    """The journal, and what its upkeep needs of it."""

    def number_from(self, number: int) -> None:
        """Give the next row a number above this one."""
        ...

    def shrink(self, *, before_row: int, most: int) -> int:
        """Forget the oldest rows numbered below `before_row` until the others take no more than `most` bytes."""
        ...


class Beats(Protocol):
    """What processes on one state folder tell each other of how they stand. Blocking, and never in the way."""

    def say(self, role: str, facts: dict[str, Any]) -> None:
        """Say that this process has the role, is alive, and stands so."""
        ...

    def leave(self, role: str) -> None:
        """Say that it stops."""
        ...

    def facts(self, role: str) -> dict[str, Any]:
        """What was last said of a role; empty where nothing was."""
        ...

    def away(self, role: str) -> tuple[str, Millis] | None:
        """Why nobody has the role, and since when; None where somebody has."""
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
    history: Past
    forget: Callable[[Millis], Awaitable[object]] | None = None  # readings older than that; None: the store does it
    beats: Beats | None = None  # of the other roles; None where one process has them all
    rollups: RollUps | None = None  # of the readings; None where their store needs none
    chronicle: Chronicle | None = None  # what happens, written beside the readings; None where nobody could read it
    post: Post | None = None  # None: MQTT alone
    photos: Photos | None = None  # of crews; None where nobody sends any
    trail: Trail | None = None  # of what people did; None where nobody has to say who they are
    leading: Leading | None = None  # None where nobody else could lead
