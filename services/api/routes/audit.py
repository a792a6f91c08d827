"""The audit trail, and who is asking."""

from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.errors import NotFoundError
from services.api import problems
from services.api.access import Access
from services.api.answering import Answer, found
from services.api.named import V1
from services.api.paging import Cursor, Limit, Number, page, place_of
from services.api.scoping import Asking
from services.api.shown import Next, Time
from services.people.policy import ACTIONS, POLICY, lacks, lacks_action
from services.people.roles import Numbered, Role

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE
BY_NUMBER: Final = msgspec.json.Decoder(tuple[Number])
ENTRY: dict[str, Any] = {
    "number": 1042,
    "at": "2026-10-01T12:31:07.250Z",
    "who": "Li Wei",
    "address": "10.0.0.17",
    "what": "POST /api/v1/orders/{order}/actions",
    "about": "/api/v1/orders/SN-20261001-0007/actions",
    "before": "close SN-20261001-0007: dispatched, collect-w1",
    "after": "close SN-20261001-0007: closed, collect-w1",
    "result": "200 OK",
}
ME: dict[str, Any] = {
    "name": "Li Wei",
    "role": "dispatcher",
    "zones": ["qingdaowan"],
    "may": ["GET /api/v1/orders", "POST /api/v1/orders/{order}/actions"],
    "actions": ["confirm", "note", "others"],
}


class EntryShown(BaseModel):
    """Who did what to what, from where, how it was before and after, and what came of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [ENTRY]})

    number: int
    at: Time
    who: str = Field(description="Empty: somebody we do not know, or on this machine where nobody has to say who")
    address: str = Field(description="From where; `command` is a command on the service's machine")
    what: str
    about: str
    before: str
    after: str
    result: str


class Entries(BaseModel):
    """A page of the trail, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"entries": [ENTRY], "next": ""}]})

    entries: list[EntryShown]
    next: Next = ""


class Me(BaseModel):
    """Who asks. No zones: the whole coast. `may` are the routes, `actions` what they may do to orders."""

    model_config = ConfigDict(json_schema_extra={"examples": [ME]})

    name: str = Field(description="Empty where nobody has to say who they are, and nobody did")
    role: Role
    zones: list[str]
    may: list[str]
    actions: list[str] = Field(description="`others` are all that the table does not name")


def router(access: Access) -> APIRouter:
    """`/audit` and `/me`."""
    made = APIRouter(prefix=V1, tags=["people"])

    @made.get(
        "/audit",
        response_model=Entries,
        responses=found(Entries, "A page of entries", linked=True) | problems.responses(NONE, BAD, AWAY),
    )
    def trail(
        answer: Answer,
        who: Annotated[
            str, Query(max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$", description="Of them alone", examples=["Li Wei"])
        ] = "",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Response:
        """Who changed what, who signed in, and who was refused, newest first."""
        before = place_of(cursor, BY_NUMBER)
        if access.reception is None:
            raise NotFoundError("no trail is kept here: nobody has to say who they are")
        rows = access.reception.entries(newest=limit + 1, before=None if before is None else before[0], who=who)
        shown, after = page(rows, limit, lambda one: (one.number,))
        return answer(Entries(entries=[_entry(one) for one in shown], next=after), after=after)

    @made.get("/me", response_model=Me, responses=found(Me, "Who asks") | problems.responses(BAD))
    async def me(answer: Answer, asking: Asking) -> Response:
        """Who asks, and what they may."""
        person = asking.person
        may = [route for route, deed in POLICY.items() if lacks(person, deed) is None]
        actions = [one for one in (*sorted(ACTIONS), "others") if lacks_action(person, one) is None]
        return answer(Me(name=person.name, role=person.role, zones=sorted(person.zones), may=may, actions=actions))

    return made


def _entry(one: Numbered) -> EntryShown:
    told = {name: getattr(one.entry, name) for name in EntryShown.model_fields if name != "number"}
    return EntryShown(number=one.number, **told)
