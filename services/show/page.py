"""The page of a demo: an address on this machine that is free, and the API and page of the stage behind it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from socket import socket
from typing import Final

from domain.errors import ConflictError
from domain.ports import Clock
from domain.site import Site
from services import wiring
from services.api.access import LOCAL
from services.api.over import open_to_http
from services.api.server import bound, url_of
from services.console.over import page_over
from services.crew.links import DAY, CrewLinks
from services.crew.over import crew_over
from services.settings import Settings
from services.show.breaking import Breaking
from services.show.stage import Show
from services.site.scenery import load_scenery

_ANY: Final = "127.0.0.1:0"


@contextmanager
def address(settings: Settings) -> Iterator[socket]:
    """The one of the settings, or where that is taken, or not of this machine, any free one. Whoever comes before there
    is anything to see waits.
    """
    with ExitStack() as held:
        try:
            door = held.enter_context(bound(settings.api or _ANY))
        except ConflictError:
            door = held.enter_context(bound(_ANY))
        yield door


@asynccontextmanager
async def page_of(settings: Settings, stage: Show, door: socket, wall: Clock, folder: Path) -> AsyncIterator[str]:
    """Serve them while this lasts, and yield where one crew has its page. `folder` has the site's files."""
    page = page_over(stage.service, wall, load_scenery(folder), breaks=Breaking(stage))
    with wiring.reception_of(settings, wall) as reception:
        crews = crew_over(stage.service, wall, reception, url_of(door), LOCAL)
        async with open_to_http(stage.service, door, wall, mounting=lambda hub: (*page(hub), *crews(hub))):
            yield CrewLinks(reception.links(), url_of(door), wall).given(_crew(stage.service.site), DAY).url


def _crew(site: Site) -> str:
    """The one that a visitor may be: whoever has most to do on a coast, collects."""
    return next((one.id for one in site.crews.values() if "collection" in one.trades), site.desk)
