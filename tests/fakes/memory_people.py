"""People in memory, as `services.storage.people` keeps them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from domain.errors import UnavailableError
from domain.readings import Millis
from services.people.roles import Account, Entry, Numbered, Roster, Session, Token


class MemoryPeople:
    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._tokens: dict[str, Token] = {}
        self._sessions: dict[str, Session] = {}
        self._generations: dict[str, int] = {}
        self._trail: list[Numbered] = []
        self._changes = 0
        self.away = False
        self.asked = 0

    def version(self) -> bytes:
        self.asked += 1
        if self.away:
            raise UnavailableError("the database is away")
        return b"%d" % self._changes if self._changes else b""

    def roster(self, now: Millis) -> Roster:
        there = tuple(one for one in self._sessions.values() if one.expires > now)
        accounts, tokens = tuple(self._accounts.values()), tuple(self._tokens.values())
        return Roster(self.version(), accounts, tokens, there, dict(self._generations))

    def begin_session(self, session: Session, entry: Entry) -> None:
        self._sessions = {d: one for d, one in self._sessions.items() if one.expires > session.created}
        self._sessions[session.digest] = session
        self._changed(entry)

    def end_sessions(self, digests: Collection[str], entry: Entry) -> None:
        self._sessions = {d: one for d, one in self._sessions.items() if d not in digests}
        self._changed(entry)

    def put_account(self, account: Account, entry: Entry, *, ends_sessions: bool) -> None:
        self._accounts[account.name] = account
        if ends_sessions:
            self._sessions = {d: one for d, one in self._sessions.items() if one.name != account.name}
        self._changed(entry)

    def put_token(self, token: Token, entry: Entry) -> None:
        self._tokens[token.id] = token
        if token.revoked is not None:
            self._sessions = {d: one for d, one in self._sessions.items() if one.token != token.id}
        self._changed(entry)

    def raise_generation(self, crew: str, entry: Entry) -> int:
        self._generations[crew] = self._generations.get(crew, 0) + 1
        self._changed(entry)
        return self._generations[crew]

    def note(self, entries: Sequence[Entry]) -> None:
        if self.away:
            raise UnavailableError("the database is away")
        for entry in entries:
            self._trail.append(Numbered(self._trail[-1].number + 1 if self._trail else 1, replace(entry)))

    def entries(self, *, newest: int, before: int | None = None, who: str = "") -> list[Numbered]:
        found = [one for one in reversed(self._trail) if before is None or one.number < before]
        return [one for one in found if who in ("", one.entry.who)][:newest]

    def prune(self, before: int) -> None:
        self._trail = [one for one in self._trail if one.entry.at >= before]

    def close(self) -> None:
        """Nothing is open."""

    def _changed(self, entry: Entry) -> None:
        self._changes += 1
        self.note([entry])
