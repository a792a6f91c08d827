"""What a node answers while another leads: that it is alive, and stands by. Asked without a token; it knows no more."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.ports import Clock
from services.api.problems import answer
from services.api.server import serving
from services.api.watch import Part, Readiness, Ready

AWAY: Final = 503
_ANY: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class _Nobody:
    """Listens."""

    def leave(self) -> None:
        """There is nobody to leave."""


class Standing:
    """Why this node waits, and since when."""

    def __init__(self, wall: Clock, why: str) -> None:
        self._wall = wall
        self.waits(why)

    def waits(self, why: str) -> None:
        """It waits, because of this."""
        self._part = Part(ok=False, why=why, since=self._wall.now())

    def ready(self) -> Ready:
        """That it is not."""
        return Ready(status=Readiness.STANDBY, parts={"lease": self._part})


@asynccontextmanager
async def standing_by(door: socket.socket, standing: Standing) -> AsyncIterator[None]:
    """Answer at this door while this lasts, and leave the door open."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        return Response(standing.ready().model_dump_json(), AWAY, media_type="application/json")

    async def elsewhere(asked: Request) -> Response:
        return answer(AWAY, standing.ready().parts["lease"].why, asked.url.path, headers={"Retry-After": "5"})

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/{path:path}", elsewhere, methods=_ANY)],
    )
    app.state.listeners = _Nobody()
    async with serving(app, door.dup()):
        yield
