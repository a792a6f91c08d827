"""The API over a service of this process, whichever of its roles run here and whichever beside it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any

from domain.ports import Clock
from services.api.access import LOCAL, Access
from services.api.actions import Actions
from services.api.app import Mounted, build
from services.api.live import fed, hub_of
from services.api.seams import Behind, Counts, Live
from services.api.server import serving, url_of
from services.api.watch import Watch
from services.live.hub import Hub
from services.pulse import pulse_of
from services.service import Service
from services.shadow.report import reported
from services.shadow.running import Shadow

Mounting = Callable[[Hub], Sequence[Mounted]]


def nothing(_: Hub) -> Sequence[Mounted]:
    """No pages beside the API."""
    return ()


@asynccontextmanager
async def open_to_http(
    service: Service, door: socket.socket, wall: Clock, access: Access = LOCAL, mounting: Mounting = nothing
) -> AsyncIterator[str]:
    """Serve the API of this service while this lasts, at the URL that is yielded. `mounting` says what else is served
    there, of the hub of what changes.
    """
    watch = Watch(lambda: pulse_of(service), wall, monotonic)
    hub = hub_of(service, lambda: watch.ready().model_dump(mode="json"))
    behind = behind_api(service, wall, hub)
    app = build(behind, watch, Actions(behind), access=access, mounts=mounting(hub))
    watching = asyncio.create_task(watch.run(), name="watch")
    try:
        async with fed(hub, service), serving(app, door):
            yield url_of(door)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def behind_api(service: Service, wall: Clock, live: Live) -> Behind:
    """What the API needs of it."""
    return Behind(
        site=service.site,
        in_force=lambda: service.in_force.book,
        cases=service.books,
        tallies=service.books,
        aside=service.quarantine,
        history=service.outside.history,
        live=live,
        tell=service.tell,
        look=lambda: pulse_of(service),
        counts=lambda: Counts(service.books.outbox_counts(), service.quarantine.counts()),
        clock=service.clock,
        wall=wall,
        post=None if service.outside.post is None else service.outside.post.box,
        shadow=None if service.shadow is None else partial(_shadowed, service, service.shadow),
        reload=service.in_force.reload,
    )


def _shadowed(service: Service, shadow: Shadow) -> Mapping[str, Any]:
    return reported(
        service.books, shadow.books, {n: r.version for n, r in service.in_force.rules.items()}, shadow.rules
    )
