"""Who is known, in memory: read again where the database says that something changed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.errors import UnavailableError
from domain.ports import Clock
from domain.readings import Millis
from services.people.ports import Rosters
from services.people.roles import Account, Person, Roster, Session, Token
from services.people.secret import Key

FRESH_S: Final = 2.0  # what is revoked is refused after that, at the latest
STALE_S: Final = 30.0  # so long what was known holds while the database is away


@dataclass(frozen=True, slots=True)
class Shown:
    """Who showed a token or a session: the person, and until when."""

    person: Person
    expires: Millis
    session: str = ""  # its digest
    token: str = ""  # its id


class Known:
    """Everybody, by what they show. A question costs no database: however many wrong tokens are shown, it is asked once
    in two seconds whether anything changed. `beat` is a clock that never jumps, in seconds.
    """

    def __init__(self, kept: Rosters, key: Key, wall: Clock, beat: Callable[[], float]) -> None:
        self._kept, self._key, self._wall, self._beat = kept, key, wall, beat
        self._roster = Roster()
        self._accounts: Mapping[str, Account] = {}
        self._tokens: Mapping[str, Token] = {}
        self._by_id: Mapping[str, Token] = {}
        self._sessions: Mapping[str, Session] = {}
        self._read = float("-inf")
        self._reading = asyncio.Lock()

    def load(self) -> None:
        """Read it again where it changed. Blocking. Raises UnavailableError."""
        began = self._beat()
        if self._read == float("-inf") or self._kept.version() != self._roster.version:
            self._take(self._kept.roster(self._wall.now()))
        self._read = began

    async def fresh(self, *, now: bool = False) -> None:
        """See to it that what is known is no older than two seconds; `now`: that it is as it is this moment. Raises
        UnavailableError where the database has been away for too long.
        """
        age = self._beat() - self._read
        if not now and (age < FRESH_S or (self._reading.locked() and age < STALE_S)):
            return
        async with self._reading:
            if not now and self._beat() - self._read < FRESH_S:
                return
            try:
                await asyncio.to_thread(self.load)
            except UnavailableError:
                if now or age >= STALE_S:
                    raise

    @property
    def anybody(self) -> bool:
        """Whether people have to say who they are: there is an account or a token, even one that is no good now."""
        return bool(self._accounts or self._tokens)

    def account(self, name: str) -> Account | None:
        """The account of that name."""
        return self._accounts.get(name)

    def by_token(self, text: str) -> Shown | None:
        """Whose token that is; None where it is nobody's, has expired or was revoked."""
        return self._of_token(self._tokens.get(self._key.digest(text)))

    def by_session(self, text: str) -> Shown | None:
        """Whose session that is; None where it is nobody's, or over."""
        found = self._sessions.get(self._key.digest(text))
        if found is None or found.expires <= self._wall.now():
            return None
        person = self._person(found)
        return None if person is None else Shown(person, found.expires, session=found.digest, token=found.token)

    def generation(self, crew: str) -> int:
        """Of a crew's links."""
        return self._roster.generations.get(crew, 0)

    def _person(self, session: Session) -> Person | None:
        if session.token:
            shown = self._of_token(self._by_id.get(session.token))
            return None if shown is None else shown.person
        account = self._accounts.get(session.name)
        return None if account is None or account.disabled else account.person

    def _of_token(self, token: Token | None) -> Shown | None:
        if token is None or token.revoked is not None or token.expires <= self._wall.now():
            return None
        if token.role is not None:
            return Shown(Person(token.name, token.role, token.zones), token.expires, token=token.id)
        account = self._accounts.get(token.name)
        if account is None or account.disabled:
            return None
        return Shown(account.person, token.expires, token=token.id)

    def _take(self, roster: Roster) -> None:
        self._roster = roster
        self._accounts = {one.name: one for one in roster.accounts}
        self._tokens = {one.digest: one for one in roster.tokens}
        self._by_id = {one.id: one for one in roster.tokens}
        self._sessions = {one.digest: one for one in roster.sessions}
