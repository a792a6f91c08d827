"""Serving the API inside the loop of the service."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from domain.errors import ConflictError
from services.api.access import LOCAL, Access, is_loopback
from services.api.line import Line

PING_S: Final = 15.0
LEAVE_S: Final = 3  # how long requests under way are waited for


class _Inside(uvicorn.Server):
    """Leaves signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@contextmanager
def bound(address: str, access: Access = LOCAL) -> Iterator[socket.socket]:
    """A socket at HOST:PORT; port 0 is any free one. Raises ConflictError where that cannot be, and where it could be
    reached from beyond this machine though `access` is not made for that.
    """
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ConflictError(f"--api {address}: say HOST:PORT, such as 127.0.0.1:8090")
    if not is_loopback(host) and not access.beyond:
        raise ConflictError(f"--api {address}: without tokens the API is for this machine alone; say 127.0.0.1")
    name = "127.0.0.1" if host.lower() == "localhost" else host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    # The loop sets TCP_NODELAY only where the protocol is named; without it each answer takes 40 ms more.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((name, int(port)))
            door.listen()
        except OSError as error:
            raise ConflictError(
                f"--api {address}: {error.strerror or error}; say another port, or --no-api to go without"
            ) from error
        yield door


def url_of(door: socket.socket) -> str:
    """Where it is served."""
    host, port = door.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def serving(app: FastAPI, door: socket.socket) -> AsyncIterator[None]:
    """Serve while this lasts; then take no more, and finish what is under way."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        http=Line,
        backlog=64,  # so many are accepted in one go, before the first of them can be one too many
        timeout_graceful_shutdown=LEAVE_S,
        ws_max_size=4096,  # nobody has anything to say
        ws_ping_interval=PING_S,  # a tab that does not read answers none, and is closed
        ws_ping_timeout=PING_S,
        ws_per_message_deflate=False,  # else each frame is packed anew for every tab
    )
    server = _Inside(config)
    running = asyncio.create_task(server.serve(sockets=[door]), name="api")
    try:
        yield
    finally:
        app.state.listeners.leave()
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await running
