"""Who leads, in PostgreSQL: a lease with a fencing token. Blocking: call in a thread.

Times are the database's, so that nodes whose clocks differ agree about them. A transaction that writes looks at the
token first and holds that row (FOR SHARE) to its end; whoever takes the lease changes the row, and so waits for it: a
leader's commit is whole before another leads, or refused. A leader that is stopped in the middle of a transaction, or
whose machine has gone, is thrown out by the server once it has been idle in it for a span.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from domain.errors import ConflictError
from services.leading import Leader
from services.storage import engines
from services.storage.lease_table import lease

NAME: Final = "service"
_IDLE: Final = "idle_in_transaction_session_timeout"
_NOW: Final = sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger)
_MINE: Final = lease.c.name == NAME
_LOOK: Final = sa.select(lease, _NOW.label("now")).where(_MINE)

Fence = Callable[[sa.Connection], None]


class SqlLease:
    """The lease of one database, as one process of a node sees it. `node` is one machine and state folder of it."""

    def __init__(self, url: str, *, site: str, node: str, known_as: str, span_s: float, shares: bool = False) -> None:
        """`shares` is for one of several processes that are one service: those of a node lead together."""
        self._engine = engines.reader(url)
        self._site, self._node, self._known_as, self._shares = site, node, known_as, shares
        self._span = round(span_s * 1000)
        self._held: Leader | None = None
        idle = _for_now(_IDLE, self._span)
        self._fencing = sa.select(lease.c.token, lease.c.known_as, idle).where(_MINE).with_for_update(read=True)

    @property
    def held(self) -> Leader | None:
        """As it was taken; None before."""
        return self._held

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def take(self) -> Leader:
        """Have it, where nobody else has; who has it then. Raises ConflictError where another site has it."""
        with engines.tried(), self._engine.begin() as asked:
            self._made(asked)
            there = _leader(asked.execute(_LOOK).mappings().one())
            if there.leads and there.node != self._node:
                return self._other(there)
            self._hurry(asked)
            there = _leader(asked.execute(_LOOK.with_for_update()).mappings().one())
            if there.leads and there.node != self._node:
                return self._other(there)
            taken = self._taken(there)
            words = {name: value for name, value in taken._asdict().items() if name != "now"}
            asked.execute(sa.update(lease).where(_MINE).values(words))
        self._held = taken
        return taken

    def renew(self) -> None:
        """Have it for another span. Raises ConflictError where another has had it since."""
        with engines.tried(), self._engine.begin() as asked:
            self._hurry(asked)
            mine = sa.update(lease).where(_MINE & (lease.c.token == self._token)).values(until=_NOW + self._span)
            if not asked.execute(mine).rowcount:
                raise lost(asked.execute(sa.select(lease.c.known_as).where(_MINE)).scalar())

    def release(self) -> None:
        """Let go of it, so that another need not wait; those who share it keep it until their time runs out."""
        if self._shares:
            return
        with engines.tried(), self._engine.begin() as asked:
            self._hurry(asked)
            asked.execute(sa.update(lease).where(_MINE & (lease.c.token == self._token)).values(until=0))

    def fence(self, writing: sa.Connection) -> None:
        """Let this transaction write only while nobody newer leads. Raises ConflictError."""
        found = writing.execute(self._fencing).first()
        if found is None or found[0] != self._token:
            raise lost(found[1] if found is not None else None)

    @property
    def _token(self) -> int:
        return self._held.token if self._held is not None else -1

    def _hurry(self, asked: sa.Connection) -> None:
        """Wait for nobody longer than a span, and let nobody wait longer: who has the row may be stopped here too."""
        asked.execute(sa.select(_for_now("lock_timeout", self._span), _for_now(_IDLE, self._span)))

    def _made(self, asked: sa.Connection) -> None:
        nobody = {"name": NAME, "token": 0, "run": 0, "site": "", "node": "", "known_as": "", "since": 0, "until": 0}
        if not asked.execute(sa.select(lease.c.token).where(_MINE)).first():
            asked.execute(postgresql.insert(lease).values(nobody).on_conflict_do_nothing())

    def _other(self, there: Leader) -> Leader:
        if there.site != self._site:
            raise ConflictError(
                f"the database of alarms and orders is that of the site {there.site}, which {there.known_as} runs; this"
                f" is {self._site}: name another with --sql"
            )
        return there

    def _taken(self, there: Leader) -> Leader:
        again = there.node == self._node
        joins = again and self._shares and there.leads
        return Leader(
            token=there.token if joins else there.token + 1,
            run=there.run if again else there.token + 1,
            site=self._site,
            node=self._node,
            known_as=self._known_as,
            since=there.since if joins else there.now,
            until=there.now + self._span,
            now=there.now,
        )


def lost(known_as: str | None) -> ConflictError:
    """What is said by a leader that is none any more."""
    return ConflictError(
        f"{known_as or 'another node'} leads now: this one was away for longer than its lease, and ends; nothing that"
        " it had not committed is written. Start it again, and it stands by"
    )


def leader_of(url: str) -> Leader | None:
    """Who leads on this database, or led last; None where nobody ever has. Raises UnavailableError."""
    engine = engines.reader(url)
    try:
        with engines.tried(), engine.begin() as asked:
            found = asked.execute(_LOOK).mappings().first()
            return _leader(found) if found is not None and found["token"] else None
    finally:
        engine.dispose()


def clock_of(url: str) -> int:
    """What time the database has. Raises UnavailableError."""
    engine = engines.reader(url)
    try:
        with engines.tried(), engine.begin() as asked:
            return int(asked.execute(sa.select(_NOW)).scalar_one())
    finally:
        engine.dispose()


def there(url: str) -> bool:
    """Whether the database has a table for it. Raises UnavailableError."""
    engine = engines.reader(url)
    try:
        with engines.tried(), engine.connect() as asked:
            return bool(sa.inspect(asked).has_table(lease.name))
    finally:
        engine.dispose()


def _for_now(setting: str, span: int) -> sa.Function[Any]:
    """The setting, in ms, for this transaction alone."""
    return sa.func.set_config(setting, str(span), sa.true())


def _leader(row: Mapping[Any, Any]) -> Leader:
    return Leader(**{name: row[name] for name in Leader._fields})
