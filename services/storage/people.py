"""People, tokens, sessions and the audit trail in SQL, beside alarms and orders. Blocking: call in a thread."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from secrets import token_bytes
from threading import Lock
from typing import Any, Final

import sqlalchemy as sa

from domain.readings import Millis
from services.people.roles import Account, Entry, Numbered, Role, Roster, Session, Token
from services.storage import engines, people_tables
from services.storage.tables import meta

_VERSION: Final = "people.version"


class PeopleStore:
    """`services.people.ports.Kept`. The schema is there before (`services.storage.schema.upgrade`)."""

    def __init__(self, url: str) -> None:
        self._writer, self._reader = engines.writer(url), engines.reader(url)
        self._turn = Lock()

    def close(self) -> None:
        """Let go of every connection."""
        self._reader.dispose()
        self._writer.dispose()

    # --- who is known

    def version(self) -> bytes:
        """Another one after every change of the roster."""
        with engines.tried(), self._reader.begin() as asked:
            return self._version(asked)

    def roster(self, now: Millis) -> Roster:
        """Everybody; without the sessions that are over."""
        sessions = people_tables.sessions
        with engines.tried(), self._reader.begin() as asked:
            version = self._version(asked)  # first: what changes meanwhile is then read again, and never missed
            found = {
                table.name: asked.execute(sa.select(table)).mappings().all()
                for table in (people_tables.accounts, people_tables.tokens, people_tables.generations)
            }
            there = asked.execute(sa.select(sessions).where(sessions.c.expires > now)).mappings().all()
        return Roster(
            version,
            tuple(_account(row) for row in found["accounts"]),
            tuple(_token(row) for row in found["access_tokens"]),
            tuple(Session(**row) for row in there),
            {row["crew"]: row["generation"] for row in found["crew_links"]},
        )

    # --- sessions

    def begin_session(self, session: Session, entry: Entry) -> None:
        """Keep it, and forget those that ran out before it began."""
        table = people_tables.sessions
        with engines.tried(), self._turn, self._writer.begin() as writing:
            writing.execute(sa.delete(table).where(table.c.expires <= session.created))
            writing.execute(sa.insert(table), [asdict(session)])
            self._changed(writing, entry)

    def end_sessions(self, digests: Collection[str], entry: Entry) -> None:
        """Forget them."""
        table = people_tables.sessions
        with engines.tried(), self._turn, self._writer.begin() as writing:
            writing.execute(sa.delete(table).where(table.c.digest.in_(tuple(digests))))
            self._changed(writing, entry)

    # --- changes of accounts, tokens and links

    def put_account(self, account: Account, entry: Entry, *, ends_sessions: bool) -> None:
        """Keep it, in place of the one of that name; and end its sessions where asked."""
        table, sessions = people_tables.accounts, people_tables.sessions
        row = asdict(account) | {"role": str(account.role), "zones": _zones(account.zones)}
        with engines.tried(), self._turn, self._writer.begin() as writing:
            writing.execute(sa.delete(table).where(table.c.name == account.name))
            writing.execute(sa.insert(table), [row])
            if ends_sessions:
                writing.execute(sa.delete(sessions).where(sessions.c.name == account.name))
            self._changed(writing, entry)

    def put_token(self, token: Token, entry: Entry) -> None:
        """Keep it, in place of the one of that id; where it is revoked, the sessions that came of it end."""
        table, sessions = people_tables.tokens, people_tables.sessions
        role = None if token.role is None else str(token.role)
        with engines.tried(), self._turn, self._writer.begin() as writing:
            writing.execute(sa.delete(table).where(table.c.id == token.id))
            writing.execute(sa.insert(table), [asdict(token) | {"role": role, "zones": _zones(token.zones)}])
            if token.revoked is not None:
                writing.execute(sa.delete(sessions).where(sessions.c.token == token.id))
            self._changed(writing, entry)

    def raise_generation(self, crew: str, entry: Entry) -> int:
        """Make all links of a crew void; the generation of those to come."""
        table = people_tables.generations
        with engines.tried(), self._turn, self._writer.begin() as writing:
            before = writing.execute(sa.select(table.c.generation).where(table.c.crew == crew)).scalar() or 0
            writing.execute(sa.delete(table).where(table.c.crew == crew))
            writing.execute(sa.insert(table), [{"crew": crew, "generation": before + 1}])
            self._changed(writing, entry)
            return before + 1

    # --- the trail

    def note(self, entries: Sequence[Entry]) -> None:
        """Add them."""
        if entries:
            with engines.tried(), self._turn, self._writer.begin() as writing:
                writing.execute(sa.insert(people_tables.trail), [asdict(one) for one in entries])

    def entries(self, *, newest: int, before: int | None = None, who: str = "") -> list[Numbered]:
        """The newest, newest first; those before a number, and of one person, where given."""
        table = people_tables.trail
        wanted = sa.select(table).order_by(table.c.number.desc()).limit(newest)
        if before is not None:
            wanted = wanted.where(table.c.number < before)
        if who:
            wanted = wanted.where(table.c.who == who)
        with engines.tried(), self._reader.begin() as asked:
            found = asked.execute(wanted).mappings().all()
        return [Numbered(row["number"], Entry(**{k: v for k, v in row.items() if k != "number"})) for row in found]

    def prune(self, before: Millis) -> None:
        """Forget lines of before then."""
        table = people_tables.trail
        with engines.tried(), self._turn, self._writer.begin() as writing:
            writing.execute(sa.delete(table).where(table.c.at < before))

    def _version(self, asked: sa.Connection) -> bytes:
        found = asked.execute(sa.select(meta.c.value).where(meta.c.name == _VERSION)).scalar()
        return bytes(found or b"")

    def _changed(self, writing: sa.Connection, entry: Entry) -> None:
        """Every process that knows the roster is to read it again."""
        writing.execute(sa.delete(meta).where(meta.c.name == _VERSION))
        writing.execute(sa.insert(meta), [{"name": _VERSION, "value": token_bytes(8)}])
        writing.execute(sa.insert(people_tables.trail), [asdict(entry)])


def _zones(zones: Collection[str]) -> str:
    return json.dumps(sorted(zones))


def _account(row: sa.RowMapping) -> Account:
    told: dict[str, Any] = {**row, "role": Role(row["role"]), "zones": frozenset(json.loads(row["zones"]))}
    return Account(**told)


def _token(row: sa.RowMapping) -> Token:
    role = None if row["role"] is None else Role(row["role"])
    told: dict[str, Any] = {**row, "role": role, "zones": frozenset(json.loads(row["zones"]))}
    return Token(**told)
