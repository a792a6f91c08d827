"""People: who is known, where they sign in, the links that crews answer by, and their photos."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from domain.errors import ConflictError, UnavailableError
from domain.ports import Clock
from services.clocks import WallClock
from services.crew.links import CrewLinks
from services.people.known import FRESH_S, Known
from services.people.links import Links
from services.people.reception import Reception
from services.people.secret import Key, key_of
from services.settings import Settings
from services.storage.engines import parsed_url
from services.storage.people import PeopleStore
from services.storage.photos import PhotoFolder
from services.storage.schema import readable, revision_of, upgrade


@contextmanager
def people_of(settings: Settings) -> Iterator[PeopleStore]:
    """People, tokens and the trail in the database of the settings, which is made where there is none. Raises
    ConflictError where it is of another version.
    """
    url = settings.sql_url()
    if not revision_of(url):
        upgrade(url)
    readable(url)
    store = PeopleStore(url)
    try:
        yield store
    finally:
        store.close()


def knows_people(settings: Settings) -> bool:
    """Whether the database of the settings is there, is of our version, and knows an account or a token."""
    url = parsed_url(settings.sql_url())
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return False
    try:
        readable(settings.sql_url())
    except ConflictError:
        return False  # of an older version, which the start brings up to date; or whoever opens it next says what it is
    store = PeopleStore(settings.sql_url())
    try:
        found = store.roster(0)
    finally:
        store.close()
    return bool(found.accounts or found.tokens)


def key_of_service(settings: Settings) -> Key:
    """From which tokens, sessions and links are made. Raises ConflictError."""
    return key_of(settings.state, settings.key.get_secret_value())


@contextmanager
def reception_of(settings: Settings, wall: Clock) -> Iterator[Reception]:
    """Where people sign in; who is known is loaded. Blocking. Raises ConflictError, UnavailableError."""
    with people_of(settings) as store:
        reception = Reception(store, key_of_service(settings), wall, time.monotonic)
        reception.known.load()
        yield reception


def photos_of(settings: Settings) -> PhotoFolder:
    """Photos of crews, beside the journal."""
    return PhotoFolder(settings.state / "photos")


@asynccontextmanager
async def answering_links(settings: Settings) -> AsyncIterator[Callable[[str, str], str]]:
    """Where a message's crew answers, while this lasts: nowhere, unless it is set where crews reach us. Links of crews
    whose links were revoked are of the new generation within some seconds; until then they open nothing.
    """
    if not settings.public_url:
        yield no_links
        return
    wall = WallClock()
    with people_of(settings) as store:
        key = key_of_service(settings)
        known = Known(store, key, wall, time.monotonic)
        await asyncio.to_thread(known.load)
        looking = asyncio.create_task(_kept_fresh(known), name="links")
        try:
            yield CrewLinks(Links(key, known.generation, wall.now), settings.crews_url(), wall).answer
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


def no_links(_crew: str, _order: str) -> str:
    """Nowhere to answer."""
    return ""


async def _kept_fresh(known: Known) -> None:
    while True:
        await asyncio.sleep(FRESH_S)
        with suppress(UnavailableError):
            await known.fresh()
