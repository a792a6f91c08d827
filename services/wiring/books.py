"""What is kept in SQL: journal, quarantine, alarms and orders, letters, and the books of the shadow rules."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from domain.errors import NotFoundError
from services.settings import Settings
from services.shadow.running import Shadow
from services.storage.engines import parsed_url
from services.storage.journal import SqliteJournal
from services.storage.lease import Fence
from services.storage.letters import SqlLetterbox
from services.storage.people import PeopleStore
from services.storage.quarantine import SqliteQuarantine
from services.storage.schema import readable, upgrade
from services.storage.sql import JudgeStore
from services.wiring.files import shadow_rules_of

_SHADOW: Final = "shadow-"


def open_journal(settings: Settings) -> SqliteJournal:
    """Everything heard."""
    return SqliteJournal(settings.state / "journal.sqlite")


def open_quarantine(state: Path) -> SqliteQuarantine:
    """What was kept aside by the service whose state folder this is."""
    return SqliteQuarantine(state / "quarantine.sqlite")


def open_books(settings: Settings, fence: Fence | None = None) -> JudgeStore:
    """Alarms and orders, the schema brought up to date."""
    upgrade(settings.sql_url())
    return JudgeStore(settings.sql_url(), fence)


def read_books(settings: Settings) -> JudgeStore:
    """Alarms and orders, to be read. Raises ConflictError where they are of another version, and changes nothing."""
    readable(settings.sql_url())
    return JudgeStore(settings.sql_url())


def books_there(settings: Settings) -> JudgeStore:
    """The same; NotFoundError where it would be a file that nobody has made yet, and none is made."""
    url = parsed_url(settings.sql_url())
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise NotFoundError(f"{url.database} is not there")
    return read_books(settings)


def books_named(settings: Settings) -> str:
    """Where alarms and orders are kept, without the password. Raises ConflictError where that is no database."""
    return parsed_url(settings.sql_url()).render_as_string(hide_password=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a service keeps in SQL, and what people did there."""

    journal: SqliteJournal
    quarantine: SqliteQuarantine
    books: JudgeStore
    box: SqlLetterbox
    people: PeopleStore

    def upkeep(self) -> dict[str, Any]:
        """What the point of our own health tells beside a pulse. Blocking."""
        aside = sum(self.quarantine.counts().values())
        ways = {"mqtt": self.books.outbox_counts(), **self.box.counts()}
        return {"journal_bytes": self.journal.size(), "quarantined": aside, "ways": ways}


@contextmanager
def kept_of(settings: Settings, fence: Fence | None) -> Iterator[Kept]:
    """All of it, the schema brought up to date. With a fence nothing is written once another node leads."""
    with ExitStack() as stack:
        journal = stack.enter_context(closing(open_journal(settings)))
        quarantine = stack.enter_context(closing(open_quarantine(settings.state)))
        books = stack.enter_context(closing(open_books(settings, fence)))
        box = stack.enter_context(closing(SqlLetterbox(settings.sql_url(), fence)))
        people = stack.enter_context(closing(PeopleStore(settings.sql_url())))
        yield Kept(journal, quarantine, books, box, people)


@contextmanager
def shadow_of(settings: Settings) -> Iterator[Shadow | None]:
    """The shadow rules with their books; None where none are named. Raises FaultyFileError."""
    if not settings.shadow:
        yield None
        return
    with closing(open_shadow(settings)) as books:
        yield Shadow(shadow_rules_of(settings), books)


def open_shadow(settings: Settings) -> JudgeStore:
    """The books of the shadow rules: a file of their own for each version of them, of which the newest one is kept."""
    file = _shadow_file(settings)
    settings.state.mkdir(parents=True, exist_ok=True)
    for other in settings.state.glob(f"{_SHADOW}*.sqlite*"):
        if not other.name.startswith(file.name):
            other.unlink()
    upgrade(f"sqlite:///{file}")
    return JudgeStore(f"sqlite:///{file}")


def shadow_there(settings: Settings) -> JudgeStore:
    """The same, to be read. Raises NotFoundError where these rules have not run."""
    file = _shadow_file(settings)
    if not file.exists():
        raise NotFoundError(f"these rules have not run as a shadow on {settings.state}: serve --shadow FOLDER")
    readable(f"sqlite:///{file}")
    return JudgeStore(f"sqlite:///{file}")


def _shadow_file(settings: Settings) -> Path:
    return settings.state / f"{_SHADOW}{shadow_rules_of(settings).version}.sqlite"
