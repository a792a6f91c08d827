"""The page of a demo: an address on this machine that is free, and the API and page of the stage behind it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from socket import socket
from typing import Final

from domain.errors import ConflictError
from domain.ports import Clock
from services.api.over import open_to_http
from services.api.server import bound
from services.console.over import page_over
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
async def page_of(stage: Show, door: socket, wall: Clock, folder: Path) -> AsyncIterator[str]:
    """Serve them while this lasts. `folder` has the site's files."""
    mounting = page_over(stage.service, wall, load_scenery(folder), breaks=Breaking(stage))
    async with open_to_http(stage.service, door, wall, mounting=mounting) as url:
        yield url
