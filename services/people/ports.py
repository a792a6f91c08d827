"""What this package needs of a database. Every change comes with its entry of the trail, and both are kept or neither.

All of it blocks, and raises UnavailableError where the database cannot be had.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from domain.readings import Millis
from services.people.roles import Account, Entry, Numbered, Roster, Session, Token


class Rosters(Protocol):
    """Who is known."""

    def version(self) -> bytes:
        """Another one after every change of a roster."""
        ...

    def roster(self, now: Millis) -> Roster:
        """Everybody; without the sessions that are over."""
        ...


class Sessions(Protocol):
    """Browsers that signed in."""

    def begin_session(self, session: Session, entry: Entry) -> None:
        """Keep it, and forget those that ran out before it began."""
        ...

    def end_sessions(self, digests: Collection[str], entry: Entry) -> None:
        """Forget them."""
        ...


class Registry(Protocol):
    """Where accounts and tokens are changed."""

    def put_account(self, account: Account, entry: Entry, *, ends_sessions: bool) -> None:
        """Keep it, in place of the one of that name; and end its sessions where asked."""
        ...

    def put_token(self, token: Token, entry: Entry) -> None:
        """Keep it, in place of the one of that id."""
        ...

    def raise_generation(self, crew: str, entry: Entry) -> int:
        """Make all links of a crew void; the generation of those to come."""
        ...


class Trail(Protocol):
    """The audit trail: lines are added, none is changed; the oldest go."""

    def note(self, entries: Sequence[Entry]) -> None:
        """Add them."""
        ...

    def entries(self, *, newest: int, before: int | None = None, who: str = "") -> Sequence[Numbered]:
        """The newest, newest first; those before a number, and of one person, where given."""
        ...

    def prune(self, before: Millis) -> None:
        """Forget lines of before then."""
        ...


class Kept(Rosters, Sessions, Registry, Trail, Protocol):
    """All of it, as one database has it."""
