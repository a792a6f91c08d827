"""The API over a service that runs in this process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from domain.ports import Clock
from services.api.actions import Actions
from services.api.app import build
from services.api.seams import Behind, Counts
from services.api.server import serving, url_of
from services.api.watch import Watch
from services.pulse import pulse_of
from services.service import Service


@asynccontextmanager
async def open_to_http(service: Service, door: socket.socket, wall: Clock) -> AsyncIterator[str]:
    """Serve the API of this service while this lasts, at the URL that is yielded."""
    behind = behind_api(service, wall)
    watch = Watch(behind.look, wall, monotonic)
    watching = asyncio.create_task(watch.run(), name="watch")
    try:
        async with serving(build(behind, watch, Actions(behind)), door):
            yield url_of(door)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def behind_api(service: Service, wall: Clock) -> Behind:
    """What the API needs of it."""
    return Behind(
        site=service.site,
        cases=service.books,
        tell=service.tell,
        look=lambda: pulse_of(service),
        counts=lambda: Counts(service.books.outbox_counts(), service.quarantine.counts()),
        clock=service.clock,
        wall=wall,
    )
