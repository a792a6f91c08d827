"""Server-sent events: what changes, as it does."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from services.api import problems
from services.api.access import Access
from services.api.hearing import Hearing
from services.api.listening import Listeners
from services.api.named import V1
from services.api.scoping import Asking
from services.api.seams import Behind
from services.live.changes import What

BAD, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
MEDIA: Final = "text/event-stream"
EVENT: Final[Any] = {
    "type": "object",
    "description": "One event of the stream",
    "properties": {
        "event": {"type": "string", "enum": ["start", "reset", *What]},
        "id": {"type": "string", "description": "For `Last-Event-ID`"},
        "data": {
            "type": "string",
            "description": "JSON: `epoch` and `number` of `start` and `reset`; `id` and `body` of what changed",
        },
    },
    "required": ["event", "id", "data"],
}
EXAMPLE: Final = {
    "event": "order",
    "id": "9f3c21aa-1042",
    "data": '{"id":"8f5bd1a4f7f5a2c0","body":{"case":"SN-20261001-0007","state":"accepted"}}',
}
Whats = Annotated[list[What] | None, Query(description="Only these. Default: all", max_length=len(What))]
After = Annotated[
    str,
    Header(
        alias="Last-Event-ID",
        max_length=64,
        description="The `id` of the last event you had: what came since is told first",
        examples=["9f3c21aa-1041"],
    ),
]


class EventStream(StreamingResponse):
    """Frames of server-sent events."""

    media_type = MEDIA


def router(behind: Behind, listeners: Listeners, access: Access) -> APIRouter:
    """`/events`."""
    made = APIRouter(prefix=V1, tags=["events"])
    told: dict[str, Any] = {
        "description": "Events, while you listen",
        "content": {MEDIA: {"schema": EVENT, "example": EXAMPLE}},
    }

    @made.get(
        "/events",
        response_class=EventStream,
        responses={**problems.responses(BAD, AWAY), int(HTTPStatus.OK): told},
    )
    async def events(
        asking: Asking,
        request: Request,
        what: Whats = None,
        last_event_id: After = "",
        accept: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> EventStream:
        """What changes: `facility`, `alarm`, `order`, `element`, `status`, each with its `id` and `body` (null where it
        is no longer kept).

        It begins with `start`, or goes on after `Last-Event-ID`. `reset` says that something was missed: read anew what
        you hold, then go on. A comment comes every fifteen seconds. It stays open where `text/event-stream` is accepted
        by name, as `EventSource` does, for ten minutes: come again then with `Last-Event-ID`, as `EventSource` does by
        itself. For others it ends with what has changed by now.
        """
        ear = Hearing(behind.site, asking, access, request.headers, behind.clock)
        address = access.proxies.address(request.scope)
        frames = listeners.listen(last_event_id, frozenset(what or What), ear, stays=MEDIA in accept, address=address)
        return EventStream(frames, headers={"X-Accel-Buffering": "no"})

    return made
