"""A journal belongs to the time in which its node led: rows that another node has numbered since are not in it, and
numbers that it gave last may have been given again. It is put aside, whole, before the node leads anew.
"""

import fcntl
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from domain.errors import ConflictError

FILE: Final = "led"  # the run of the journal beside it
FIRST: Final = 1


def journal_of(folder: Path, run: int) -> Path | None:
    """Have the journal in the folder be that of this run, as the lease counts them: one of another run is put aside,
    and where it lies then is said. Blocking. Raises ConflictError.
    """
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    journal = folder / "journal.sqlite"
    with (folder / FILE).open("a+", encoding="utf-8") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)  # processes with some roles each begin together
        mark.seek(0)
        was = int(mark.read().strip() or FIRST)
        gone = _put_aside(journal, folder / f"journal-of-run-{was}.sqlite") if was != run and journal.exists() else None
        mark.truncate(0)
        mark.write(f"{run}\n")
    return gone


def _put_aside(journal: Path, to: Path) -> Path:
    try:
        with closing(sqlite3.connect(journal)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("PRAGMA journal_mode=DELETE")  # from here on it is one file
    except sqlite3.DatabaseError as wrong:
        raise ConflictError(
            f"the journal {journal} of an earlier time cannot be put aside: {wrong}; move it"
        ) from wrong
    return journal.replace(to)
