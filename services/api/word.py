"""A word of a person to the judge: who says it, a row of the journal first, and what became of it."""

import asyncio
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import Response
from pydantic import BaseModel, Field

from domain.errors import ConflictError
from domain.messages import Message
from domain.naming import COMMAND
from domain.readings import Millis
from ingest.codecs.replies import Planned, Stopped
from services.api import problems
from services.api.awaiting import judged
from services.api.guard import Caller
from services.api.seams import Behind

By = Annotated[
    str,
    Field(
        max_length=128,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*$",
        description="The person, where there are no tokens; with a token its name stands here instead",
    ),
]


class Standing(StrEnum):
    """What became of it."""

    WAITING = "waiting"  # kept, and not judged yet
    DONE = "done"
    REFUSED = "refused"


class Verdict(NamedTuple):
    """How it stands, and when it was judged."""

    standing: Standing
    at: Millis | None


def by_whom(caller: Caller, said: str) -> str:
    """Who says it: whoever showed a token, else the name that was said. Raises ConflictError where there is neither."""
    by = caller.by or said.strip()
    if not by:
        raise ConflictError("say who you are in `by`, or show a token")
    return by


async def put(behind: Behind, word: Planned | Stopped, wait_s: float) -> Verdict:
    """Have the judge come to it; waiting, where that takes longer. Put again, nothing is done again. Raises
    ConflictError where it was refused, or the id was another word's, and UnavailableError.
    """
    result = await asyncio.to_thread(behind.cases.result, COMMAND, word.id)
    if result is None:
        await behind.tell([Message(COMMAND, msgspec.json.encode(word), behind.clock.now())])
        result = await judged(behind.cases, COMMAND, word.id, wait_s)
    if result is None:
        return Verdict(Standing.WAITING, None)
    if result.action != word.action:
        raise ConflictError(f"the id {word.id} was given to another word: make one for each")
    if not result.ok:
        raise ConflictError(result.why)
    return Verdict(Standing.DONE, result.at)


def answers(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What a route answers beside 200 to a word that a list shows later, for the OpenAPI document."""
    kept = {"model": model, "description": "Kept, and not judged within two seconds; the list will show it"}
    not_now, bad = HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY
    others = (HTTPStatus.NOT_FOUND, not_now, bad, HTTPStatus.SERVICE_UNAVAILABLE)
    return problems.responses(*others, *problems.OF_BODIES) | {int(HTTPStatus.ACCEPTED): kept}


def tell_standing(standing: Standing, response: Response) -> None:
    """202 where it waits."""
    if standing is Standing.WAITING:
        response.status_code = HTTPStatus.ACCEPTED
