"""The schema, brought up to date at start. Revisions are in `migrations/versions`, one file each, never edited."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from services.storage import engines

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to a revision. Safe to call at every start. Blocking.

    Raises UnavailableError where the database cannot be had.
    """
    engine = engines.writer(url)
    try:
        with engines.tried(), engine.begin() as connection:
            command.upgrade(configured(connection), revision)
    finally:
        engine.dispose()


def configured(connection: object) -> Config:
    """Alembic's settings, on a connection of ours."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
