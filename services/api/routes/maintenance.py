"""Planned work: what rules that ask for `maintenance` know of."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.api import problems
from services.api.answering import Answer, found
from services.api.named import V1
from services.api.planning import Announced, Ending, Planning, Said, Works
from services.api.scoping import Asking, Left
from services.api.word import answers, tell_standing

BAD, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
PlanId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9-]+$",
        max_length=64,
        description="The id that it was announced with",
        examples=["7d0c1c9e-8a39-4e0e-9b53-0b8f8a1d7c11"],
    ),
]


def router(planning: Planning) -> APIRouter:
    """`/maintenance` and one of it."""
    made = APIRouter(prefix=V1)

    @made.get(
        "/maintenance",
        tags=["coast"],
        response_model=Works,
        responses=found(Works, "What is planned") | problems.responses(BAD, AWAY),
    )
    def works(answer: Answer, asking: Asking) -> Response:
        """Planned work, what is under way, and what was over within the last two days."""
        return answer(planning.works(asking))

    @made.post("/maintenance", tags=["actions"], response_description="Judged, and announced", responses=answers(Said))
    async def announce(asked: Announced, asking: Asking, left: Left, response: Response) -> Said:
        """Announce work on a facility or in a zone: rules that ask for `maintenance` know of it while it lasts.

        It is written into the journal before anything comes of it. The same id again does nothing and is answered the
        same.
        """
        said = await planning.announce(asked, asking)
        left.after = f"{asked.facility or asked.zone}: {said.standing}"
        tell_standing(said.standing, response)
        return said

    @made.post(
        "/maintenance/{plan}/end", tags=["actions"], response_description="Judged, and ended", responses=answers(Said)
    )
    async def end(plan: PlanId, asked: Ending, asking: Asking, left: Left, response: Response) -> Said:
        """End planned work before its time; what had not begun is taken back. 409 where it is over, or not known."""
        said = await planning.end(plan, asked, asking)
        left.after = f"end: {said.standing}"
        tell_standing(said.standing, response)
        return said

    return made
