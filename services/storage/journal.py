"""The journal: everything heard, one durable row a batch, in an SQLite file of its own.

WAL with `synchronous=FULL`: what `append` returned survives a crash of the process and of the machine. Any number of
readers, also in other processes, never wait for the writer nor make it wait.
"""

import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from domain.errors import RejectedError, UnavailableError
from domain.messages import Message, Row
from domain.readings import Millis
from ingest.oversize import kept

_FIRST: Final = 1
_PRUNED_AT_ONCE: Final = 200  # rows; the writer waits for no more than these
_SHRUNK_AT_ONCE: Final = 20  # rows; one can hold megabytes, and no more should go than must
_EVER: Final = 1 << 62
_BUSY_S: Final = 10.0
_SETTINGS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA journal_size_limit=67108864",
)
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS row (
  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, count INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL
) STRICT
"""
_ROW: Final = "SELECT number, at, count, checksum, body FROM row"
_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(tuple[Message, ...]).decode


class DamagedRowError(RejectedError):
    """A row of the journal is not what was written. Nothing after it can be derived until somebody looks."""


class SqliteJournal:
    """`domain.ports.Journal` in one file. Blocking; every method may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []  # those that are at rest
        self._passed = _FIRST - 1  # numbers up to here are never given

    def append(self, messages: Sequence[Message], at: Millis) -> Row:
        """Keep them as one row. Payloads above 256 KiB are cut as `domain.messages.Flag.TRUNCATED` says."""
        whole, body = _keepable(messages)
        with self._writing, _honest(self._path):
            try:
                number, at = self._insert(body, len(whole), at)
            except BaseException:
                self._leave_writer()
                raise
        return Row(number, at, whole)

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Up to `limit` rows after that number. Raises DamagedRowError, naming the row."""
        found = self._found(
            "SELECT number, at, count, checksum, body FROM row WHERE number > ? ORDER BY number LIMIT ?", after, limit
        )
        return [self._checked(*one) for one in found]

    def last(self) -> Row | None:
        """The newest row, None when empty."""
        found = self._found(f"{_ROW} ORDER BY number DESC LIMIT 1")
        return self._checked(*found[0]) if found else None

    def flow(self, rows: int) -> tuple[int, Millis]:
        """How many messages the newest rows hold, and how much time lies between the first and the last of them."""
        found = self._found(f"{_ROW.replace(', body', ', NULL')} ORDER BY number DESC LIMIT ?", rows)
        return sum(one[2] for one in found), found[0][1] - found[-1][1] if found else 0

    def number_from(self, number: int) -> None:
        """Give the next row a number above this one: others have come so far, and wait for what comes after."""
        self._passed = max(self._passed, number)

    def prune(self, *, before_row: int, before: Millis) -> int:
        """Forget old rows; the newest row always stays, because numbers and time go on from it."""
        gone = 0
        while True:
            went = self._forget(before_row, before, _PRUNED_AT_ONCE)
            gone += went
            if went < _PRUNED_AT_ONCE:
                return gone

    def shrink(self, *, before_row: int, most: int) -> int:
        """Forget the oldest rows numbered below `before_row` until the others take no more than `most` bytes. The file
        keeps its size, and new rows fill the room. How many went.
        """
        gone = 0
        while self._used() > most:
            went = self._forget(before_row, _EVER, _SHRUNK_AT_ONCE)
            gone += went
            if went < _SHRUNK_AT_ONCE:
                break
        return gone

    def size(self) -> int:
        """Bytes on the disk."""
        return sum(f.stat().st_size for f in (self._path, Path(f"{self._path}-wal")) if f.exists())

    def close(self) -> None:
        """Leave the file in order. A later call opens it again."""
        with self._writing:
            while self._readers:  # first: the last to leave folds the write-ahead log in, and a reader may not
                self._readers.pop().close()
            self._leave_writer()

    def _forget(self, before_row: int, before: Millis, limit: int) -> int:
        with self._writing, _honest(self._path):
            return (
                self._connected()
                .execute(
                    "DELETE FROM row WHERE number IN (SELECT number FROM row WHERE number < ? AND at < ?"
                    " AND number < (SELECT max(number) FROM row) ORDER BY number LIMIT ?)",
                    (before_row, before, limit),
                )
                .rowcount
            )

    def _used(self) -> int:
        """Bytes that rows take in the file."""
        with self._writing, _honest(self._path):
            db = self._connected()
            pages, free, size = (
                int(db.execute(f"PRAGMA {what}").fetchone()[0])
                for what in ("page_count", "freelist_count", "page_size")
            )
        return (pages - free) * size

    def _insert(self, body: bytes, count: int, at: Millis) -> tuple[int, Millis]:
        db = self._connected()
        db.execute("BEGIN IMMEDIATE")
        last = db.execute("SELECT number, at FROM row ORDER BY number DESC LIMIT 1").fetchone()
        number, at = (last[0], max(at, last[1])) if last else (_FIRST - 1, at)
        number = max(number, self._passed) + 1
        db.execute(
            "INSERT INTO row VALUES (?, ?, ?, ?, ?)", (number, at, count, _checksum(number, at, count, body), body)
        )
        db.execute("COMMIT")
        return number, at

    def _connected(self) -> sqlite3.Connection:
        """The writer's own connection, made when first needed and again after every failure."""
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            self._writer = db
            for setting in _SETTINGS:
                db.execute(setting)
            db.execute(_TABLE)
        return self._writer

    def _leave_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _found(self, query: str, *parameters: int) -> list[tuple[int, Millis, int, int, bytes]]:
        if not self._path.exists():
            return []
        with _honest(self._path):
            db = self._reader()
            try:
                found: list[tuple[int, Millis, int, int, bytes]] = db.execute(query, parameters).fetchall()
            except sqlite3.OperationalError as wrong:
                db.close()
                if "no such table" in str(wrong):  # the writer is just making it
                    return []
                raise
            self._readers.append(db)
            return found

    def _reader(self) -> sqlite3.Connection:
        with suppress(IndexError):
            return self._readers.pop()
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=_BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )

    def _checked(self, number: int, at: Millis, count: int, checksum: int, body: bytes) -> Row:
        if checksum != _checksum(number, at, count, body):
            raise DamagedRowError(
                f"row {number} of {self._path} fails its checksum: the disk or somebody changed it; stop the service,"
                " check the disk, and put the journal back from a copy"
            )
        return Row(number, at, _unpacked(body))


class MemoryJournal:
    """`domain.ports.Journal` without a file, for tests and for virtual runs that leave nothing behind."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._lock = threading.Lock()
        self._passed = _FIRST - 1

    def append(self, messages: Sequence[Message], at: Millis) -> Row:
        """Keep them until the process ends."""
        with self._lock:
            last = self._rows[-1] if self._rows else Row(_FIRST - 1, at, ())
            row = Row(max(last.number, self._passed) + 1, max(at, last.at), _keepable(messages)[0])
            self._rows.append(row)
            return row

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Up to `limit` rows after that number."""
        with self._lock:
            start = bisect_right(self._rows, after, key=lambda row: row.number)
            return self._rows[start : start + limit]

    def last(self) -> Row | None:
        """The newest row."""
        with self._lock:
            return self._rows[-1] if self._rows else None

    def number_from(self, number: int) -> None:
        """Give the next row a number above this one."""
        self._passed = max(self._passed, number)

    def shrink(self, *, before_row: int, most: int) -> int:
        """Nothing: memory has no size that anybody could set."""
        del before_row, most
        return 0

    def prune(self, *, before_row: int, before: Millis) -> int:
        """Forget old rows; the newest one always stays."""
        with self._lock:
            gone = sum(1 for row in self._rows[:-1] if row.number < before_row and row.at < before)
            del self._rows[:gone]  # numbers and times rise together
            return gone


def _keepable(messages: Sequence[Message]) -> tuple[tuple[Message, ...], bytes]:
    """The messages as they are kept, and packed."""
    whole = tuple(kept(message) for message in messages)
    try:
        return whole, _packed(whole)
    except UnicodeEncodeError:  # a topic that is no Unicode is written out: it must not cost the messages beside it
        whole = tuple(m._replace(topic=m.topic.encode("utf-8", "backslashreplace").decode()) for m in whole)
        return whole, _packed(whole)


def _checksum(number: int, at: Millis, count: int, body: bytes) -> int:
    return crc32(body, crc32(f"{number} {at} {count}".encode()))


@contextmanager
def _honest(path: Path) -> Iterator[None]:
    """Say UnavailableError where SQLite says full, gone, busy or I/O; a file that is no journal is said as it is."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as wrong:
        raise UnavailableError(f"the journal {path} cannot be used now: {wrong}") from wrong
    except sqlite3.DatabaseError as wrong:
        raise DamagedRowError(f"{path} is damaged, or is no journal: {wrong}; put it back from a copy") from wrong
