"""The quarantine: what was heard and could not be believed, why, and having it tried again."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.errors import ConflictError
from domain.messages import Message, Quarantined
from domain.naming import RETRY
from ingest.oversize import is_cut
from ingest.quarantine import class_of
from services.api import problems
from services.api.answering import Answer, found
from services.api.named import V1
from services.api.paging import BY_ROW, Cursor, Limit, page, place_of
from services.api.scoping import Asking, Left
from services.api.seams import Behind
from services.api.shown import Next, Time
from services.api.word import By, by_whom

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE
WAIT_S: Final = 2.0
PAUSE_S: Final = 0.05
SHOWN_BYTES: Final = 4096
ENTRY: dict[str, Any] = {
    "row": 17,
    "place": 0,
    "quantity": "",
    "class": "unknown device",
    "reason": "unknown device: bin-061-s; add it to devices.csv",
    "topic": "tidewalk/shinan/qingdaowan/bin/bin-061-s/up",
    "received": "2026-10-01T12:31:00.000Z",
}
WHOLE: dict[str, Any] = {
    "row": 17,
    "place": 0,
    "topic": ENTRY["topic"],
    "received": ENTRY["received"],
    "key": "6fe1a0c2b39d4e77",
    "reasons": {"": ENTRY["reason"]},
    "bytes": 30,
    "text": '{"values": {"fill_level": 40}}',
    "hex": "7b2276616c756573223a207b2266696c6c5f6c6576656c223a2034307d7d",
    "cut": False,
    "retry": "",
}
RowNumber = Annotated[int, Path(ge=0, le=2**53, description="The row of the journal", examples=[17])]
Placed = Annotated[int, Path(ge=0, le=2**31, description="Where in that row", examples=[0])]


class Entry(BaseModel):
    """A message that was refused, or (with a `quantity`) one value of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [ENTRY]})

    row: int
    place: int
    quantity: str
    kind: str = Field(serialization_alias="class", description="The class of reason: what stands before the colon")
    reason: str
    topic: str
    received: Time


class Entries(BaseModel):
    """A page of what was kept aside, newest first, and how much there is of each class in all."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"counts": {"unknown device": 3}, "entries": [ENTRY], "next": ""}]}
    )

    counts: Mapping[str, int]
    entries: list[Entry]
    next: Next = ""


class MessageShown(BaseModel):
    """One message with all reasons, by quantity ("" is the whole of it), and what it said: at most the first 4 KiB."""

    model_config = ConfigDict(json_schema_extra={"examples": [WHOLE]})

    row: int
    place: int
    topic: str
    received: Time
    key: str
    reasons: Mapping[str, str]
    length: int = Field(serialization_alias="bytes")
    text: str | None = Field(description="Null where it is not text")
    hex: str
    cut: bool = Field(description="It was too large to keep: only its beginning is here, and it cannot be tried again")
    retry: str = Field(description="`asked` from when somebody asked to try it again; `taken` once it was tried")


class Again(BaseModel):
    """Why a message is to be tried again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "id": "0d7c8a56-55b5-4f8e-8a1f-3a2c9d0f6f11",
                    "by": "Li Wei",
                    "reason": "bin-061-s is in devices.csv now",
                }
            ]
        },
    )

    id: UUID = Field(description="Made by whoever asks, anew for each time")
    by: By = ""
    reason: str = Field("", max_length=2000)


def router(behind: Behind) -> APIRouter:
    """`/quarantine`, one of it, and trying it again."""
    made = APIRouter(prefix=V1, tags=["quarantine"])
    aside = behind.aside

    @made.get(
        "/quarantine",
        response_model=Entries,
        responses=found(Entries, "A page of entries", linked=True) | problems.responses(NONE, BAD, AWAY),
    )
    def entries(
        answer: Answer,
        kind: Annotated[
            str,
            Query(
                alias="class",
                max_length=200,
                pattern=r"^[^\x00-\x1f\x7f]*$",
                description="Of this class of reason alone",
                examples=["unknown device"],
            ),
        ] = "",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Response:
        """What was kept aside, newest first: a whole message, or one value of it, with the reason."""
        rows = aside.page(newest=limit + 1, kind=kind, after=place_of(cursor, BY_ROW))
        shown, after = page(rows, limit, lambda one: (one.row, one.place, one.quantity))
        return answer(Entries(counts=aside.counts(), entries=[_entry(one) for one in shown], next=after), after=after)

    @made.get(
        "/quarantine/{row}/{place}",
        response_model=MessageShown,
        responses=found(MessageShown, "The message") | problems.responses(NONE, BAD, AWAY),
    )
    def one(row: RowNumber, place: Placed, answer: Answer) -> Response:
        """One message: why it was kept aside, what to do, and what it said."""
        return answer(_whole(aside.get(row, place), aside.retried(row, place)))

    @made.post(
        "/quarantine/{row}/{place}/retries",
        response_description="Asked for: the door will take it",
        responses=problems.responses(NONE, HTTPStatus.CONFLICT, BAD, AWAY, *problems.OF_BODIES)
        | {int(HTTPStatus.ACCEPTED): {"model": MessageShown, "description": "Kept, and not yet seen to"}},
    )
    async def again(
        row: RowNumber, place: Placed, asked: Again, asking: Asking, left: Left, response: Response
    ) -> MessageShown:
        """Have a message tried again, with the time at which it first came.

        It is a row of the journal first. What is stored then is marked as backfill: it completes the record and pages
        nobody. What is refused again is kept under a new number.
        """
        kept = await asyncio.to_thread(aside.get, row, place)
        if is_cut(kept[0].key, kept[0].payload):
            raise ConflictError("only the first 4 KiB of it were kept: it must be published again, in smaller parts")
        by = by_whom(asking, asked.by)
        before = await asyncio.to_thread(aside.retried, row, place)
        told = {"id": str(asked.id), "row": row, "place": place, "by": by, "reason": asked.reason}
        await behind.tell([Message(RETRY, msgspec.json.encode(told), behind.clock.now())])
        seen = await _seen(behind, row, place, before)
        if not seen:
            response.status_code = HTTPStatus.ACCEPTED
        left.before, left.after = before, await asyncio.to_thread(aside.retried, row, place)
        return _whole(kept, left.after)

    return made


async def _seen(behind: Behind, row: int, place: int, before: str) -> bool:
    """Whether it was seen to within two seconds. One that was tried before cannot be told from one that is again."""
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                now = await asyncio.to_thread(behind.aside.retried, row, place)
                if now != before or now == "asked":
                    return True
                await asyncio.sleep(PAUSE_S)
    except TimeoutError:
        return False


def _entry(one: Quarantined) -> Entry:
    return Entry(
        row=one.row,
        place=one.place,
        quantity=one.quantity,
        kind=class_of(one.reason),
        reason=one.reason,
        topic=one.topic,
        received=one.received,
    )


def _whole(kept: Sequence[Quarantined], retry: str) -> MessageShown:
    first = kept[0]
    cut = is_cut(first.key, first.payload)
    payload = first.payload[16:] if cut else first.payload
    try:
        text: str | None = payload[:SHOWN_BYTES].decode()
    except UnicodeDecodeError:
        text = None
    return MessageShown(
        row=first.row,
        place=first.place,
        topic=first.topic,
        received=first.received,
        key=first.key.hex(),
        reasons={one.quantity: one.reason for one in kept},
        length=len(payload),
        text=text,
        hex=payload[:SHOWN_BYTES].hex(),
        cut=cut,
        retry=retry,
    )
