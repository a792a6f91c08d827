"""The first door over HTTP: how the service stands, alarms, orders, and what an operator does to an order."""

import asyncio
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, FastAPI, Path, Query, Response

from domain.alarms import AlarmState
from services.api import problems
from services.api.actions import Acted, Actions, Asked, Standing
from services.api.guard import Guard
from services.api.seams import Behind
from services.api.shown import Alarms, Orders, OrderWhole, alarm_shown, order_shown, order_whole
from services.api.status import Status, status_of
from services.api.watch import Readiness, Ready, Watch
from services.dispatch.orders import OrderState

ABOUT = """Tidewalk's API. Times are RFC 3339 in UTC; errors are problem details (RFC 9457). Until tokens exist it is
served to this machine alone, and `by` of an action is taken as it is said."""

BAD, NONE, NOT_NOW = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
AWAY = HTTPStatus.SERVICE_UNAVAILABLE

Newest = Annotated[int, Query(ge=1, le=1000, description="At most so many, the newest")]
SiteId = Annotated[str | None, Query(pattern=r"^[a-z0-9-]+$", max_length=128)]
OrderName = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]+$", max_length=64, description="The order's id, or its 案号")]


def build(behind: Behind, watch: Watch, actions: Actions) -> FastAPI:
    """The app over a service. It begins nothing: whoever serves it runs the watch."""
    app = FastAPI(
        title="Tidewalk",
        description=ABOUT,
        version=version("tidewalk"),
        docs_url=None,  # its page would be fetched from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=problems.responses(HTTPStatus.INTERNAL_SERVER_ERROR),
    )
    problems.install(app)
    app.add_middleware(Guard)
    app.include_router(_health(behind, watch))
    app.include_router(_cases(behind))
    app.include_router(_actions(actions))
    return app


def _health(behind: Behind, watch: Watch) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is alive, and no more than that."""
        return {"status": "alive"}

    @router.get("/readyz", responses={int(AWAY): {"model": Ready, "description": "The door or the judge is not ready"}})
    async def readyz(response: Response) -> Ready:
        """Which part works, why not, since when.

        503 without the door (nothing is heard) or the judge (nothing comes of it). With the store or the dispatcher
        away it is 200 and `degraded`: what they are to do waits and is done when the other side is back.
        """
        ready = watch.ready()
        if ready.status is Readiness.NOT_READY:
            response.status_code = AWAY
        return ready

    @router.get("/status", responses=problems.responses(AWAY))
    async def status() -> Status:
        """How fast, how far, how far behind, and what waits."""
        counts = await asyncio.to_thread(behind.counts)
        return status_of(behind, watch, counts, version("tidewalk"))

    return router


def _cases(behind: Behind) -> APIRouter:
    router = APIRouter(tags=["cases"])
    cases = behind.cases

    @router.get("/alarms", responses=problems.responses(BAD, AWAY))
    def alarms(state: AlarmState | None = None, facility: SiteId = None, limit: Newest = 100) -> Alarms:
        """The newest alarms, newest first."""
        found = cases.alarms(state=state, facility=facility, newest=limit)
        return Alarms(alarms=[alarm_shown(one) for one in found])

    @router.get("/orders", responses=problems.responses(BAD, AWAY))
    def orders(
        state: Annotated[list[OrderState] | None, Query(description="Any of these")] = None,
        crew: SiteId = None,
        zone: SiteId = None,
        limit: Newest = 100,
    ) -> Orders:
        """The newest orders, newest first."""
        found = cases.orders(states=state, crew=crew, zone=zone, newest=limit)
        return Orders(orders=[order_shown(one) for one in found])

    @router.get("/orders/{order}", responses=problems.responses(NONE, BAD, AWAY))
    def order(order: OrderName) -> OrderWhole:
        """One order with its whole history, and what an operator may now do."""
        return order_whole(cases.order(order))

    return router


def _actions(actions: Actions) -> APIRouter:
    router = APIRouter(tags=["actions"])
    kept = {"model": Acted, "description": "Kept, and not judged within two seconds: ask at Location"}

    @router.post(
        "/orders/{order}/actions",
        responses=problems.responses(NONE, NOT_NOW, BAD, AWAY) | {int(HTTPStatus.ACCEPTED): kept},
    )
    async def act(order: OrderName, asked: Asked, response: Response) -> Acted:
        """Close an order as it stands, confirm safety work, reassign, or note.

        It is written into the journal before anything comes of it. The same id again does nothing and is answered the
        same; what does not fit the order's state is 409 and says what would.
        """
        acted = await actions.act(order, asked)
        if acted.standing is Standing.WAITING:
            response.status_code = HTTPStatus.ACCEPTED
            response.headers["Location"] = f"/orders/{quote(order)}/actions/{acted.id}"
        return acted

    @router.get("/orders/{order}/actions/{given}", responses=problems.responses(NONE, BAD, AWAY))
    async def became(order: OrderName, given: UUID) -> Acted:
        """What became of an action: waiting, done, or refused and why."""
        return await actions.became(order, given)

    return router
