"""Alarms: what rules found to be wrong."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from domain.alarms import AlarmState
from services.api import problems
from services.api.answering import Answer, found
from services.api.named import V1, RuleName, SiteId
from services.api.paging import BY_TIME, Cursor, Limit, page, place_of
from services.api.scoping import Asking, Whereabouts
from services.api.seams import Behind
from services.api.shown import Alarms, alarm_shown

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE


def router(behind: Behind) -> APIRouter:
    """`/alarms`."""
    made = APIRouter(prefix=V1, tags=["cases"])
    where = Whereabouts(behind.site)

    @made.get(
        "/alarms",
        response_model=Alarms,
        responses=found(Alarms, "A page of alarms", linked=True) | problems.responses(NONE, BAD, AWAY),
    )
    def alarms(
        answer: Answer,
        asking: Asking,
        state: Annotated[AlarmState | None, Query(description="Open, or cleared")] = None,
        facility: SiteId = None,
        rule: RuleName = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Response:
        """The newest alarms, newest first; of one state, facility or rule."""
        rows = behind.cases.alarms(
            state=state,
            facility=where.places(asking, facility),
            rule=rule,
            newest=limit + 1,
            after=place_of(cursor, BY_TIME),
        )
        shown, after = page(rows, limit, lambda one: (one.opened, one.id))
        return answer(Alarms(alarms=[alarm_shown(one) for one in shown], next=after), after=after)

    return made
