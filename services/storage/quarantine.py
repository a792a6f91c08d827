"""What was kept aside, in an SQLite file of its own: the service writes, `tidewalk quarantine` reads and asks."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

from domain.errors import ConflictError, NotFoundError, UnavailableError
from domain.messages import Flag, Message, Quarantined
from domain.readings import Millis
from ingest.oversize import is_cut

_BUSY_S: Final = 10.0
_PUT_BACK_AT_ONCE: Final = 1000
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS message (
  row INTEGER NOT NULL, place INTEGER NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL, received INTEGER NOT NULL,
  key BLOB NOT NULL, retry TEXT NOT NULL DEFAULT '', PRIMARY KEY (row, place)
) STRICT;
CREATE TABLE IF NOT EXISTS kept (
  row INTEGER NOT NULL, place INTEGER NOT NULL, quantity TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (row, place, quantity)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS asked ON message (row, place) WHERE retry = 'asked';
CREATE INDEX IF NOT EXISTS age ON message (received);
CREATE INDEX IF NOT EXISTS class ON kept (substr(reason, 1, instr(reason || ':', ':') - 1), row, place, quantity);
"""
_CLASS: Final = "substr(reason, 1, instr(reason || ':', ':') - 1)"  # as in the index
# Counted as they come and go, because there may be millions. The class is `ingest.quarantine.class_of` in SQL.
_COUNTED: Final = """
CREATE TABLE counted (class TEXT NOT NULL PRIMARY KEY, entries INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counted SELECT substr(reason, 1, instr(reason || ':', ':') - 1), count(*) FROM kept GROUP BY 1;
CREATE TRIGGER came AFTER INSERT ON kept BEGIN
  INSERT INTO counted VALUES (substr(new.reason, 1, instr(new.reason || ':', ':') - 1), 1)
    ON CONFLICT DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER went AFTER DELETE ON kept BEGIN
  UPDATE counted SET entries = entries - 1 WHERE class = substr(old.reason, 1, instr(old.reason || ':', ':') - 1);
END;
CREATE TRIGGER other AFTER UPDATE OF reason ON kept BEGIN
  UPDATE counted SET entries = entries - 1 WHERE class = substr(old.reason, 1, instr(old.reason || ':', ':') - 1);
  INSERT INTO counted VALUES (substr(new.reason, 1, instr(new.reason || ':', ':') - 1), 1)
    ON CONFLICT DO UPDATE SET entries = entries + 1;
END;
"""
_PRUNED_AT_ONCE: Final = 1000  # messages; who keeps aside waits for no more than these
_ENTRY: Final = (
    "SELECT row, place, quantity, reason, topic, payload, received, key FROM kept JOIN message USING (row, place)"
)


class SqliteQuarantine:
    """`domain.ports.Quarantine`, and trying again. Blocking; any thread and any number of processes may call it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None  # the one that writes
        self._lock = Lock()  # for writing; readers wait for nobody
        self._readers: list[sqlite3.Connection] = []  # those that are at rest
        self._handed: list[tuple[int, int]] = []  # what `take_retries` gave out last

    def keep(self, kept: Sequence[Quarantined]) -> None:
        """Keyed on (row, place, quantity): twice leaves one, with the later reason."""
        if not kept:
            return
        with self._changing() as db:
            db.executemany(
                "INSERT INTO message (row, place, topic, payload, received, key) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                ((q.row, q.place, q.topic, q.payload, q.received, q.key) for q in kept),
            )
            db.executemany(
                "INSERT INTO kept VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET reason = excluded.reason",
                ((q.row, q.place, q.quantity, q.reason) for q in kept),
            )

    def list(self, *, newest: int, reason: str | None = None) -> Sequence[Quarantined]:
        """The newest ones, newest first; only those whose reason starts with `reason`, where given."""
        query = f"{_ENTRY} WHERE substr(reason, 1, ?) = ? ORDER BY row DESC, place DESC, quantity LIMIT ?"
        return self._entries(query, len(reason or ""), reason or "", newest)

    def page(self, *, newest: int, kind: str = "", after: tuple[int, int, str] | None = None) -> Sequence[Quarantined]:
        """The newest ones, newest first; of one class of reason, and after a (row, place, quantity), where given."""
        query, given = f"{_ENTRY} WHERE true", list[int | str]()
        if kind:
            query, given = f"{query} AND {_CLASS} = ?", [*given, kind]
        if after is not None:
            query, given = f"{query} AND (row, place, quantity) < (?, ?, ?)", [*given, *after]
        return self._entries(f"{query} ORDER BY row DESC, place DESC, quantity DESC LIMIT ?", *given, newest)

    def get(self, row: int, place: int) -> Sequence[Quarantined]:
        """What was kept of one message. Raises NotFoundError."""
        found = self._entries(f"{_ENTRY} WHERE row = ? AND place = ? ORDER BY quantity", row, place)
        if not found:
            raise NotFoundError(f"nothing is kept aside of message {row}/{place}")
        return found

    def entries(self) -> Sequence[tuple[int, int, str, bytes]]:
        """(row, place, quantity, key) of everything, without topics and payloads."""
        with self._reading() as db:
            return db.execute("SELECT row, place, quantity, key FROM kept JOIN message USING (row, place)").fetchall()

    def counts(self) -> dict[str, int]:
        """How many entries there are by class of reason, most first."""
        with self._reading() as db:
            return dict(
                db.execute(
                    "SELECT class, entries FROM counted WHERE entries > 0 ORDER BY entries DESC, class"
                ).fetchall()
            )

    def retried(self, row: int, place: int) -> str:
        """Empty where nobody asked to try it again; `asked` until the service takes it; then `taken`."""
        with self._reading() as db:
            found = db.execute("SELECT retry FROM message WHERE row = ? AND place = ?", (row, place)).fetchone()
        return str(found[0]) if found else ""

    def ask_retry(self, row: int, place: int) -> None:
        """Ask the service to put it back into the journal. Raises NotFoundError; ConflictError for one that was cut."""
        first = self.get(row, place)[0]
        if is_cut(first.key, first.payload):
            raise ConflictError("only the first 4 KiB of it were kept: it must be published again, in smaller parts")
        with self._changing() as db:
            db.execute("UPDATE message SET retry = 'asked' WHERE row = ? AND place = ?", (row, place))

    def take_retries(self) -> Sequence[Message]:
        """What was asked for since, oldest first, with the first receive times. To call again is to say that those of
        the call before are in the journal; after a crash in between they are given once more, which is harmless.
        """
        with self._reading() as db:
            found = db.execute(
                "SELECT row, place, topic, payload, received FROM message WHERE retry = 'asked'"
                " ORDER BY row, place LIMIT ?",
                (_PUT_BACK_AT_ONCE + len(self._handed),),
            ).fetchall()
        if self._handed:
            with self._changing() as db:
                db.executemany("UPDATE message SET retry = 'taken' WHERE row = ? AND place = ?", self._handed)
        again = [one for one in found if one[:2] not in self._handed]
        self._handed = [one[:2] for one in again]
        return [Message(topic, payload, received, Flag.RETRY) for _, _, topic, payload, received in again]

    def prune(self, *, before: Millis) -> int:
        """Forget messages received before then. How many went."""
        gone = 0
        while True:
            with self._changing() as db:
                old = db.execute(
                    "SELECT row, place FROM message WHERE received < ? ORDER BY received LIMIT ?",
                    (before, _PRUNED_AT_ONCE),
                ).fetchall()
                for table in ("kept", "message"):
                    db.executemany(f"DELETE FROM {table} WHERE row = ? AND place = ?", old)  # noqa: S608 (our own names)
            gone += len(old)
            if len(old) < _PRUNED_AT_ONCE:
                return gone

    def close(self) -> None:
        """Leave the file in order. A later call opens it again."""
        with self._lock:
            while self._readers:
                self._readers.pop().close()
            if self._db is not None:
                self._db.close()
                self._db = None

    def _entries(self, query: str, *parameters: int | str) -> Sequence[Quarantined]:
        with self._reading() as db:
            return [Quarantined(*one) for one in db.execute(query, parameters)]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that waits for no writer. A file that is not there reads as empty; looking makes none."""
        with _honest(self._path):
            there = self._path.exists()
            db = self._reader() if there else _empty()
            try:
                yield db
            except BaseException:
                db.close()
                raise
            if there:
                self._readers.append(db)
            else:
                db.close()

    def _reader(self) -> sqlite3.Connection:
        with suppress(IndexError):
            return self._readers.pop()
        if self._db is None:
            with self._lock:
                self._connected()  # then the tables are there, as this version wants them
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=_BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        with self._lock, _honest(self._path):
            db = self._connected()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _connected(self) -> sqlite3.Connection:
        if self._db is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            _make_tables(db)
            self._db = db
        return self._db


def _empty() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    _make_tables(db)
    return db


def _make_tables(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        made = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'counted'").fetchone()
        script = _TABLES if made else _TABLES + _COUNTED
        for statement in _statements(script):
            db.execute(statement)
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """One at a time: `executescript` would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _honest(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.DatabaseError, OSError) as wrong:
        raise UnavailableError(f"the quarantine {path} cannot be used now: {wrong}") from wrong
