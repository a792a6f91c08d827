"""Why there is an alarm, and why there is none: every rule that fits a place, laid open."""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from domain.errors import UnavailableError
from domain.ports import Point
from domain.readings import Millis, Reading
from services.api import problems
from services.api.answering import Answer, found
from services.api.named import V1, RuleName
from services.api.scoping import Asking, Whereabouts, must_see
from services.api.seams import Behind
from services.explain.explaining import explained_now, reach
from services.explain.shown import AnswerShown, answer_shown
from services.explain.subjects import meant

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE
What = Annotated[
    str,
    Query(
        min_length=1,
        max_length=128,
        description="A facility by id, 灯杆号 or part code; a gateway, device or alarm by id; an order by id or 案号",
        examples=["bin-hand"],
    ),
]


def router(behind: Behind) -> APIRouter:
    """`/explain`."""
    made = APIRouter(prefix=V1, tags=["rules"])
    site, where = behind.site, Whereabouts(behind.site)

    @made.get(
        "/explain",
        response_model=AnswerShown,
        responses=found(AnswerShown, "Each rule that fits it")
        | problems.responses(NONE, BAD, AWAY, HTTPStatus.CONFLICT),
    )
    async def explain(of: What, answer: Answer, asking: Asking, rule: RuleName = None) -> Response:
        """Why there is an alarm of a place, or why there is none: which clause, how far off, since when, what is next.
        As of the rule engine's last commit, with the readings that are stored.
        """
        asked = await asyncio.to_thread(meant, site, behind.cases, of)
        must_see(asking, where.zones(asked.place))
        now = behind.clock.now()
        readings = await _lately(behind, asked.place, now)
        only = rule or (asked.alarm.rule if asked.alarm is not None else None)
        states = behind.cases.subjects_named
        told = await asyncio.to_thread(explained_now, site, behind.rules, asked, states, readings, now, rule=only)
        return answer(answer_shown(told))

    return made


async def _lately(behind: Behind, place: str, now: Millis) -> list[Reading]:
    """What its devices said lately; nothing while the store is away: then it is said that nothing is known."""
    facility = behind.site.facilities.get(place)
    if facility is None:
        return []
    since = now - reach(behind.site, behind.rules, place)
    try:
        points = await behind.history.points(facility.kind, since, now + 1, facility=place)
    except UnavailableError:
        return []
    return [_reading(one) for one in points]


def _reading(point: Point) -> Reading:
    facility, device, kind, zone, at, values, quality, seq = point
    return Reading(facility, device, kind, zone, at, values, quality, seq, at)
