"""Stops of work in a zone, because of tide or wind."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from services.api import problems
from services.api.answering import Answer, found
from services.api.named import V1
from services.api.scoping import Asking, Left
from services.api.stopping import StopAsked, Stopping, StopSaid, StopsShown
from services.api.word import answers, tell_standing

BAD, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE


def router(stopping: Stopping) -> APIRouter:
    """`/stops`."""
    made = APIRouter(prefix=V1)

    @made.get(
        "/stops",
        tags=["coast"],
        response_model=StopsShown,
        responses=found(StopsShown, "Where work stands") | problems.responses(BAD, AWAY),
    )
    def stops(answer: Answer, asking: Asking) -> Response:
        """Stops of work that are in force, one a zone."""
        return answer(stopping.stops(asking))

    @made.post("/stops", tags=["actions"], response_description="Judged, and in force", responses=answers(StopSaid))
    async def say(asked: StopAsked, asking: Asking, left: Left, response: Response) -> StopSaid:
        """Stop work in a zone until a time, or let it go on (停工、复工): orders there are held, their clocks stand.

        It is written into the journal before anything comes of it. The same id again does nothing and is answered the
        same. 409 where tide or wind are not such that work is stopped for them.
        """
        said = await stopping.say(asked, asking)
        left.after = f"{asked.action} {asked.zone}: {said.standing}"
        tell_standing(said.standing, response)
        return said

    return made
