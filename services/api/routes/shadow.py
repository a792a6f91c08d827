"""What shadow rules have done otherwise than those in force."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.errors import NotFoundError
from services.api import problems
from services.api.answering import Answer, found
from services.api.named import V1
from services.api.seams import Behind

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE
EXAMPLE: dict[str, Any] = {
    "since": "2026-10-01T08:00:00.000Z",
    "until": "2026-10-02T08:00:00.000Z",
    "shadow": "bd82b5e9631d",
    "changed_rules": ["bin-full"],
    "gone_rules": [],
    "alarms": {"live": 80, "shadow": 97},
    "orders": {"live": {"bin-full": 12}, "shadow": {"bin-full": 29}},
    "difference": {"same": 78, "appeared": 17, "vanished": 0, "moved": 2},
}


class ShadowShown(BaseModel):
    """Both, since the shadow began: how many alarms, orders by rule, and what of the alarms appeared, vanished, moved,
    by rule, by facility and one by one.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    since: str | None = Field(description="When the shadow began; null: with the service")
    until: str = Field(description="Up to when both have judged")
    shadow: str = Field(description="The version of the shadow rules")
    changed_rules: list[str] = Field(description="Those that are new, or not as in force")
    gone_rules: list[str] = Field(description="Those in force that the shadow does not have")
    alarms: Mapping[str, int]
    orders: Mapping[str, Mapping[str, int]]
    difference: Mapping[str, Any]


def router(behind: Behind) -> APIRouter:
    """`/rules/shadow`."""
    made = APIRouter(prefix=V1, tags=["rules"])

    @made.get(
        "/rules/shadow",
        response_model=ShadowShown,
        responses=found(ShadowShown, "What is different") | problems.responses(NONE, BAD, AWAY),
    )
    def shadow(answer: Answer) -> Response:
        """What the shadow rules have done otherwise than those in force, since they began."""
        if behind.shadow is None:
            raise NotFoundError("no shadow rules run: name their folder with --shadow or TIDEWALK_SHADOW")
        return answer(ShadowShown(**behind.shadow()))

    return made
