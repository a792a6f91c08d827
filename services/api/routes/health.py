"""How the service stands: alive, ready, and in numbers."""

import asyncio
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from services.api import problems
from services.api.seams import Behind
from services.api.status import Status, status_of
from services.api.watch import Readiness, Ready, Watch

AWAY = HTTPStatus.SERVICE_UNAVAILABLE


class Alive(BaseModel):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "alive"}]})

    status: Literal["alive"] = "alive"


def router(behind: Behind, watch: Watch, version: str) -> APIRouter:
    """`/healthz`, `/readyz` and `/status`."""
    made = APIRouter(tags=["health"])

    @made.get("/healthz", response_description="It is alive")
    async def healthz() -> Alive:
        """The process is alive, and no more than that. Asked without a token."""
        return Alive()

    @made.get(
        "/readyz",
        response_description="Ready, or degraded: what is not ok waits, and nothing is lost",
        responses={int(AWAY): {"model": Ready, "description": "The door or the judge is not ready"}},
    )
    async def readyz(response: Response) -> Ready:
        """Which part works, why not, since when. Asked without a token.

        503 without the door (nothing is heard) or the judge (nothing comes of it). With the store or the dispatcher
        away it is 200 and `degraded`: what they are to do waits and is done when the other side is back. A node that
        waits while another leads says 503 and `standby`, in its one part `lease` who leads, and 503 to all else.
        """
        ready = watch.ready()
        if ready.status is Readiness.NOT_READY:
            response.status_code = AWAY
        return ready

    @made.get("/status", response_description="In numbers", responses=problems.responses(AWAY))
    async def status() -> Status:
        """How fast, how far, how far behind, and what waits."""
        counts = await asyncio.to_thread(behind.counts)
        return status_of(behind, watch, counts, version)

    return made
