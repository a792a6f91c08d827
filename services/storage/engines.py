"""Engines for the SQL store: one that writes, one that reads.

SQLite: a shared engine hands readers "database is locked", and a transaction that begins by reading and goes on to
write fails at once under a second writer; so the writer begins every transaction with BEGIN IMMEDIATE on a connection
of its own. `synchronous=NORMAL` with WAL survives the death of the process whole. A power cut may take the newest
transactions, and each takes its cursor with it: the judge then folds those rows of the journal (which is
`synchronous=FULL`) again, and what had been sent is sent again under the same key.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from domain.errors import ConflictError, UnavailableError

PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON")


def writer(url: str, fence: Callable[[Connection], None] | None = None) -> Engine:
    """The one engine that writes, with one connection. `fence` begins each transaction, and may refuse it."""
    engine = _engine(url, begin="BEGIN IMMEDIATE", pool_size=1, max_overflow=0)
    if fence is not None:
        sa.event.listen(engine, "begin", fence)
    return engine


def reader(url: str) -> Engine:
    """For everybody who only asks."""
    return _engine(url, begin="BEGIN", pool_size=4, max_overflow=4)


@contextmanager
def tried() -> Iterator[None]:
    """Turn a database that cannot be had now into UnavailableError, and a file that is none into ConflictError. A
    mistake of ours stays what it is.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:  # the very first words on a connection are not SQLAlchemy's
        raise _meaning(error) from error
    except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
        raise UnavailableError(f"database: {error.__cause__ or error}") from error
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.DatabaseError) and _is_damage(error.orig):
            raise _meaning(error.orig) from error
        if not error.connection_invalidated:
            raise
        raise UnavailableError(f"database: {error.__cause__ or error}") from error


def parsed_url(url: str) -> sa.URL:
    """The URL in its parts. Raises ConflictError, and shows nothing of it: there may be a password in it."""
    try:
        parsed = sa.make_url(url)
        parsed.get_dialect()
    except sa.exc.ArgumentError as wrong:
        raise ConflictError(
            "--sql (TIDEWALK_SQL) is not the URL of a database that we know: say sqlite:///FILE or"
            " postgresql+psycopg://USER:PASSWORD@HOST/NAME"
        ) from wrong
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConflictError(f"--sql: {parsed.get_backend_name()} is not spoken here; SQLite and PostgreSQL are")
    if parsed.get_backend_name() == "sqlite" and (not parsed.database or parsed.database == ":memory:"):
        raise ConflictError("--sql: SQLite needs a file, because several connections share it: say sqlite:///FILE")
    return parsed


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return not isinstance(error, sqlite3.OperationalError | sqlite3.IntegrityError | sqlite3.ProgrammingError)


def _meaning(error: sqlite3.DatabaseError) -> ConflictError | UnavailableError:
    if _is_damage(error):
        return ConflictError(
            f"the database of alarms and orders is damaged, or is none: {error}; put it back from a copy, or name"
            " another with --sql"
        )
    return UnavailableError(f"database: {error}")


def _engine(url: str, *, begin: str, pool_size: int, max_overflow: int) -> Engine:
    parsed = parsed_url(url)
    if parsed.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(parsed, pool_size=pool_size, max_overflow=max_overflow, pool_pre_ping=True)
        except ModuleNotFoundError as missing:
            raise ConflictError(
                f"{parsed.drivername} needs {missing.name}: pip install 'tidewalk[postgres]'"
            ) from missing
    assert parsed.database is not None  # noqa: S101  # by `parsed_url`
    try:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise ConflictError(f"--sql: no folder can be made for {parsed.database}: {refused.strerror}") from refused
    engine = sa.create_engine(
        parsed,
        poolclass=sa.pool.QueuePool,
        pool_size=pool_size,
        max_overflow=max_overflow,
        connect_args={"check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say when a transaction begins
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
