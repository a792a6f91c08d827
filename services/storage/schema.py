"""The schema, brought up to date at start. What a revision of `migrations/versions` does never changes."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from domain.errors import ConflictError
from services.storage import engines, lease_table, letter_tables, people_tables  # noqa: F401  # tables of the schema

MIGRATIONS = Path(__file__).parent / "migrations"
_TURN: Final = 7_491_002  # of those who migrate a PostgreSQL; SQLite's BEGIN IMMEDIATE is one by itself


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to a revision. Safe to call at every start, also by several at once. Blocking.

    Raises UnavailableError where the database cannot be had, ConflictError where it is none.
    """
    engine = engines.writer(url)
    try:
        with engines.tried(), engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_TURN})"))
            command.upgrade(configured(connection), revision)
    finally:
        engine.dispose()


def readable(url: str) -> None:
    """Return where the database is of our version; changes nothing. Blocking. Raises ConflictError where it is older or
    newer, and UnavailableError.
    """
    there = revision_of(url)
    known = [one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    if there == known[0]:
        return
    if there in known or not there:
        raise ConflictError(
            f"the database of alarms and orders is of an older version ({there or 'none'}, this is {known[0]}): start"
            " the service once, which brings it up to date; nothing was changed"
        )
    raise ConflictError(
        f"the database of alarms and orders is of a newer version ({there}) than this program ({known[0]}): use the"
        " program that the service runs"
    )


def revision_of(url: str) -> str:
    """The revision that the database is at; "" where it has none. Raises like `readable`."""
    engine = engines.reader(url)
    try:
        with engines.tried(), engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""
    finally:
        engine.dispose()


def newest_revision() -> str:
    """The revision of this program."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""


def configured(connection: object) -> Config:
    """Alembic's settings, on a connection of ours."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
