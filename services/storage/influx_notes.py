"""What the roll-up job must not forget, in an SQLite file of its own; any thread and any process may call."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

from domain.errors import UnavailableError
from domain.readings import Millis
from services.influx.rollups import Late
from services.influx.windows import ABOVE

_BUSY_S: Final = 10.0
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS reached (level TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS late (
  level TEXT NOT NULL, begin INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (level, begin, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS numbered (newest INTEGER NOT NULL) STRICT;
INSERT INTO numbered SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM numbered);
"""


class RollupNotes:
    """`services.influx.rollups.Notes`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._lock = Lock()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def reached(self, level: str) -> Millis | None:
        """Up to where a level is drawn; None where it never began."""
        with self._opened() as db:
            row = db.execute("SELECT until FROM reached WHERE level = ?", (level,)).fetchone()
        return None if row is None else int(row[0])

    def reach(self, level: str, until: Millis) -> None:
        """It is drawn up to there."""
        with self._opened() as db:
            put = "INSERT INTO reached VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until"
            db.execute(put, (level, until))

    def note(self, level: str, windows: Iterable[tuple[Millis, str]]) -> None:
        """Windows (begin, kind) are to be drawn again."""
        with self._opened() as db:
            _note(db, level, windows)

    def late(self, level: str, most: int) -> Sequence[Late]:
        """The earliest of them."""
        asked = "SELECT begin, kind, number FROM late WHERE level = ? ORDER BY begin, kind LIMIT ?"
        with self._opened() as db:
            return [Late(*row) for row in db.execute(asked, (level, most))]

    def settle(self, level: str, drawn: Sequence[Late], above: Iterable[tuple[Millis, str]]) -> None:
        """These are drawn, unless they were noted again since; note those of the level above. All or nothing."""
        gone = "DELETE FROM late WHERE level = ? AND begin = ? AND kind = ? AND number = ?"
        with self._opened() as db:
            db.executemany(gone, ((level, *one) for one in drawn))
            _note(db, ABOVE.get(level, level), above)

    def waiting(self) -> int:
        """How many windows are to be drawn again, of all levels."""
        with self._opened() as db:
            return int(db.execute("SELECT count(*) FROM late").fetchone()[0])

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        try:
            with self._lock:
                if self._db is None:
                    self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
                    self._db = _open(self._path)
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    yield self._db
        except (sqlite3.Error, OSError) as error:
            raise UnavailableError(f"{self._path} cannot be used: {error}") from error


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.executescript(_TABLES)
    return db


def _note(db: sqlite3.Connection, level: str, windows: Iterable[tuple[Millis, str]]) -> None:
    """Each note has a number of its own, so that one that comes while its window is drawn is not settled with it."""
    (number,) = db.execute("UPDATE numbered SET newest = newest + 1 RETURNING newest").fetchone()
    db.executemany(
        "INSERT INTO late VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET number = excluded.number",
        ((level, begin, kind, number) for begin, kind in windows),
    )
