"""The HTTP door, put together: every route, who may, what goes wrong, and what it says of itself."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Final, NamedTuple

from fastapi import APIRouter, FastAPI
from starlette.routing import Match, Route
from starlette.types import Scope

from services.api import problems
from services.api.access import LOCAL, Access
from services.api.actions import Actions
from services.api.guard import Guard, needs_token
from services.api.listening import Listeners
from services.api.planning import Planning
from services.api.routes import actions as acting
from services.api.routes import (
    alarms,
    audit,
    crews,
    events,
    explain,
    facilities,
    health,
    history,
    maintenance,
    metrics,
    orders,
    outbox,
    quarantine,
    readings,
    rules,
    shadow,
    site,
    stops,
)
from services.api.seams import Behind
from services.api.stopping import Stopping
from services.api.watch import Watch

ABOUT: Final = """What Tidewalk knows of its coast, and what an operator may do about it.

* **Times** are RFC 3339 in UTC; what is sent may have any offset.
* **Errors** are problem details (RFC 9457).
* **Lists** come newest first or by id, a page at a time: `next`, and the `Link` header, lead on. A cursor stays right
  while new rows come.
* **ETags**: every answer below `/api/v1` has one; sent back as `If-None-Match` it saves the same answer again (304).
* **Tokens**: `Authorization: Bearer …` for whatever changes something, where tokens are set; for reading too, where
  the API can be reached from beyond its machine, or people are known to it. `by` of an action is then the name of the
  token, or of who signed in. A role says what somebody may do, zones say where: lists show what is in their zones,
  and anything else of another zone is 403, with what would be needed in `needs`.
"""
TAGS: Final = [
    {"name": "health", "description": "How the service stands"},
    {"name": "coast", "description": "What is looked after: site, zones, facilities and their readings, crews"},
    {"name": "cases", "description": "Alarms and the orders that answer them"},
    {
        "name": "actions",
        "description": "What an operator does; each is a row of the journal before anything comes of it",
    },
    {"name": "people", "description": "Who asks, and who did what"},
    {"name": "rules", "description": "The rules in force"},
    {"name": "quarantine", "description": "What was heard and could not be believed"},
    {"name": "outbox", "description": "What is sent to people beside MQTT, and what came of it"},
    {"name": "events", "description": "What changes, as it does"},
]


class Mounted(NamedTuple):
    """Routes of another part. Paths in `own` ask who may by themselves (`guard.allowed`): `/` alone, `/live`, or with a
    stroke at the end all that is below. Those of them that end as one of `bodies` look at what is sent by themselves.
    """

    router: APIRouter
    own: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()


def build(
    behind: Behind, watch: Watch, doing: Actions, *, access: Access = LOCAL, mounts: Sequence[Mounted] = ()
) -> FastAPI:
    """The app over a service. It begins nothing: whoever serves it runs the watch."""
    app = FastAPI(
        title="Tidewalk",
        description=ABOUT,
        version=version("tidewalk"),
        docs_url=None,  # its page would be fetched from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
        openapi_tags=TAGS,
        responses=problems.responses(*problems.ANYWHERE),
        redirect_slashes=False,
    )
    problems.install(app, security=lambda verb, path: needs_token(access, verb, path))
    app.state.listeners = listeners = Listeners(behind.live)
    counting = metrics.Counting(behind, watch, listeners, app.version)
    routers = (
        health.router(behind, watch, app.version),
        metrics.router(counting),
        site.router(behind),
        facilities.router(behind),
        history.router(behind),
        readings.router(behind),
        alarms.router(behind),
        orders.router(behind),
        acting.router(doing),
        maintenance.router(Planning(behind)),
        stops.router(Stopping(behind)),
        crews.router(behind),
        shadow.router(behind),  # before the rules: a rule might be called so
        rules.router(behind),
        explain.router(behind),
        quarantine.router(behind),
        outbox.router(behind),
        events.router(behind, listeners, access),
        audit.router(access),
        *(mounted.router for mounted in mounts),
    )
    for one in routers:
        app.include_router(one)
    app.add_middleware(metrics.Timed, counting=counting)
    own = tuple(path for mounted in mounts for path in mounted.own)
    bodies = tuple(end for mounted in mounts for end in mounted.bodies)

    every = [*app.routes, *(route for one in routers for route in one.routes)]
    routes = [one for one in every if isinstance(one, Route)]

    def found(scope: Scope) -> str | None:
        """The route that takes it, HEAD as GET."""
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        return next((route.path for route in routes if route.matches(asked)[0] is Match.FULL), None)

    app.add_middleware(Guard, access=access, own=own, bodies=bodies, found=found)
    return app
