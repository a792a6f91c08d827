"""What an operator does to an order."""

from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Header, Path, Request, Response

from services.api import problems
from services.api.actions import Acted, Actions, Asked
from services.api.named import V1, OrderName
from services.api.scoping import Asking, Left
from services.api.word import Standing

BAD, NONE, NOT_NOW = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
AWAY, CHANGED = HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.PRECONDITION_FAILED
KEPT: Final = {
    "model": Acted,
    "description": "Kept, and not judged within two seconds: ask at Location",
    "headers": {
        "Location": {
            "description": "Where to ask what became of it",
            "schema": {"type": "string"},
            "example": "/api/v1/orders/SN-20261001-0007/actions/5f0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11",
        }
    },
}

IfMatch = Annotated[
    str, Header(max_length=1024, description="The ETag of the order as you saw it: 412 where it is another by now")
]
Given = Annotated[
    UUID, Path(description="The id that the action was sent with", examples=["5f0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11"])
]


def router(doing: Actions) -> APIRouter:
    """`/orders/{order}/actions`."""
    made = APIRouter(prefix=V1, tags=["actions"])

    @made.post(
        "/orders/{order}/actions",
        response_description="Judged, and done",
        responses=problems.responses(NONE, NOT_NOW, CHANGED, BAD, AWAY, *problems.OF_BODIES)
        | {int(HTTPStatus.ACCEPTED): KEPT},
    )
    async def act(
        order: OrderName,
        asked: Asked,
        asking: Asking,
        left: Left,
        request: Request,
        response: Response,
        if_match: IfMatch = "",
    ) -> Acted:
        """Close an order as it stands, confirm safety work, reassign, or note.

        It is written into the journal before anything comes of it. The same id again does nothing and is answered the
        same; what does not fit the order's state is 409 and says what would.
        """
        acted = await doing.act(order, asked, asking, left, if_match=if_match)
        if acted.standing is Standing.WAITING:
            response.status_code = HTTPStatus.ACCEPTED
            path = request.url.path.rpartition("/orders/")[0]
            response.headers["Location"] = f"{path}/orders/{quote(order)}/actions/{acted.id}"
        return acted

    @made.get(
        "/orders/{order}/actions/{given}",
        response_description="What became of it",
        responses=problems.responses(NONE, BAD, AWAY),
    )
    async def became(order: OrderName, given: Given, asking: Asking) -> Acted:
        """What became of an action: waiting, done, or refused and why."""
        return await doing.became(order, given, asking)

    return made
