"""What is sent to people beside MQTT: what waits, what is dead and why, which contact is down; what may be done."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.errors import NotFoundError, RejectedError
from services.api import problems
from services.api.answering import Answer, found
from services.api.named import V1
from services.api.paging import BY_TIME, Cursor, Limit, page, place_of
from services.api.scoping import Asking, Left
from services.api.seams import Behind, Sent
from services.api.shown import Next, Time
from services.api.word import By, by_whom
from services.dispatch.post import Posted

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE
LETTER: dict[str, Any] = {
    "key": "6f2c9d1a0b7e4c55:1:collect-w1:0",
    "order": "6f2c9d1a0b7e4c55",
    "revision": 1,
    "to": "collect-w1",
    "channel": "wecom",
    "address": "env:TIDEWALK_WECOM_WEST",
    "priority": "P1",
    "state": "dead",
    "attempts": 1,
    "why": "wecom answers 93000 invalid webhook url",
    "who": "",
    "at": "2026-10-01T12:31:00.000Z",
    "ended": "2026-10-01T12:31:01.500Z",
}
DOWN: dict[str, Any] = {
    "target": "wecom env:TIDEWALK_WECOM_WEST",
    "since": "2026-10-01T12:31:01.500Z",
    "why": "wecom answers 93000 invalid webhook url",
}
Key = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9:?._-]+$", max_length=300, description="The message's key", examples=[LETTER["key"]]),
]


class State(StrEnum):
    """What became of a letter."""

    PENDING = "pending"
    SENT = "sent"
    COVERED = "covered"  # a newer one about the same order went instead
    DEAD = "dead"  # given up over this contact
    DISCARDED = "discarded"  # a person let it be


class Letter(BaseModel):
    """One message over one contact. `address` names where the address is, where it is a secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [LETTER]})

    key: str
    order: str
    revision: int
    to: str = Field(description="The crew or party")
    channel: str
    address: str
    priority: str
    state: str
    attempts: int
    why: str = Field(description="Of the last failure, or of who discarded it")
    who: str = Field(description="Who had it tried again, or discarded it")
    at: Time | None = Field(description="When it was decided; null where that is not known (MQTT)")
    ended: Time | None


class Down(BaseModel):
    """A channel and address that takes nothing just now."""

    model_config = ConfigDict(json_schema_extra={"examples": [DOWN]})

    target: str
    since: Time
    why: str


class Outbox(BaseModel):
    """A page of letters, newest first; what is down; and messages over MQTT that can never be sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "counts": {"wecom": {"sent": 412, "dead": 1}},
                    "down": [DOWN],
                    "letters": [LETTER],
                    "mqtt": [],
                    "next": "",
                }
            ]
        }
    )

    counts: Mapping[str, Mapping[str, int]] = Field(description="Letters by channel and state")
    down: list[Down]
    letters: list[Letter]
    mqtt: list[Letter] = Field(description="With `state=dead` or none, on the first page")
    next: Next = ""


class Deed(StrEnum):
    """What a person may do about a dead message."""

    RETRY = "retry"
    DISCARD = "discard"


class Wanted(BaseModel):
    """What is to become of a dead message, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"action": "discard", "by": "Li Wei", "reason": "told by telephone"}]},
    )

    action: Deed
    by: By = ""
    reason: str = Field("", max_length=2000, description="Needed for `discard`")


def router(behind: Behind) -> APIRouter:
    """`/outbox`, and what may be done about a dead message."""
    made = APIRouter(prefix=V1, tags=["outbox"])

    @made.get(
        "/outbox",
        response_model=Outbox,
        responses=found(Outbox, "A page of letters", linked=True) | problems.responses(NONE, BAD, AWAY),
    )
    def outbox(
        answer: Answer,
        state: Annotated[State | None, Query(description="In this state alone")] = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Response:
        """What is sent to contacts: robots of group chats, e-mail, webhooks. Orders over MQTT are not here but dead."""
        post = _post(behind)
        rows = post.posted(state=state or "", newest=limit + 1, before=place_of(cursor, BY_TIME))
        shown, after = page(rows, limit, lambda one: (one.at, one.key))
        told = Outbox(
            counts=post.counts(),
            down=[Down(target=target, since=since, why=why) for target, (since, why) in behind.look().down.items()],
            letters=[_letter(one) for one in shown],
            mqtt=[_letter(one) for one in post.stuck()] if not cursor and state in (None, State.DEAD) else [],
            next=after,
        )
        return answer(told, after=after)

    @made.post(
        "/outbox/{key}/actions",
        response_model=Letter,
        response_description="The message as it is now",
        responses=problems.responses(NONE, HTTPStatus.CONFLICT, BAD, AWAY, *problems.OF_BODIES),
    )
    def act(key: Key, wanted: Wanted, asking: Asking, left: Left) -> Letter:
        """Have a dead message tried again, once what it failed of is mended; or let it be, with a reason."""
        post = _post(behind)
        post.one(key)
        by = by_whom(asking, wanted.by)
        if wanted.action is Deed.DISCARD and not wanted.reason.strip():
            raise RejectedError("discard needs a reason")
        left.before = f"{key}: dead"
        if wanted.action is Deed.RETRY:
            now = post.again(key, by)
        else:
            now = post.discard(key, by, wanted.reason.strip(), behind.clock.now())
        left.after = f"{key}: {now.state}"
        return _letter(now)

    return made


def _post(behind: Behind) -> Sent:
    if behind.post is None:
        raise NotFoundError("this service reaches nobody but over MQTT")
    return behind.post


def _letter(one: Posted) -> Letter:
    return Letter(**one._asdict())
