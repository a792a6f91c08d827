"""Orders: what crews were asked to do, and everything that happened since."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.api import problems
from services.api.answering import Answer, found
from services.api.named import V1, OrderName, SiteId
from services.api.paging import BY_TIME, Cursor, Limit, page, place_of
from services.api.scoping import Asking, Whereabouts, must_see
from services.api.seams import Behind
from services.api.shown import Orders, OrderWhole, order_shown, order_whole
from services.dispatch.orders import OrderState

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE


def router(behind: Behind) -> APIRouter:
    """`/orders` and one of them."""
    made = APIRouter(prefix=V1, tags=["cases"])
    cases, where = behind.cases, Whereabouts(behind.site)

    @made.get(
        "/orders",
        response_model=Orders,
        responses=found(Orders, "A page of orders", linked=True) | problems.responses(NONE, BAD, AWAY),
    )
    def orders(
        answer: Answer,
        asking: Asking,
        state: Annotated[list[OrderState] | None, Query(description="Any of these", max_length=len(OrderState))] = None,
        crew: SiteId = None,
        zone: SiteId = None,
        facility: SiteId = None,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Response:
        """The newest orders, newest first, without their history; of some states, a crew, a zone or a facility."""
        rows = cases.orders(
            states=state,
            crew=crew,
            zone=where.chosen(asking, zone),
            facility=facility,
            newest=limit + 1,
            after=place_of(cursor, BY_TIME),
        )
        shown, after = page(rows, limit, lambda one: (one.opened, one.id))
        return answer(Orders(orders=[order_shown(one) for one in shown], next=after), after=after)

    @made.get(
        "/orders/{order}",
        response_model=OrderWhole,
        responses=found(OrderWhole, "The order") | problems.responses(NONE, BAD, AWAY),
    )
    def order(order: OrderName, answer: Answer, asking: Asking) -> Response:
        """One order with its whole history, and what an operator may do. Its ETag is an action's `If-Match`."""
        found = cases.order(order)
        must_see(asking, {found.zone})
        return answer(order_whole(found))

    return made
