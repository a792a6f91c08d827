"""The rules in force: their text as it was written, its hash, and how much each has open."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from domain.errors import ConflictError, FaultyFileError, NotFoundError, RejectedError
from domain.naming import Element, Kind, Priority
from rules.core.rule import Rule
from services.api import problems
from services.api.answering import Answer, found
from services.api.coast import Named, named
from services.api.named import V1
from services.api.scoping import Asking, Left
from services.api.seams import Behind
from services.api.word import By

BAD, NONE, AWAY = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE
RULE: dict[str, Any] = {
    "id": "R07",
    "name": "bin-full",
    "hash": "0f6b1c22d9ae",
    "kind": "bin",
    "subject": "facility",
    "title": {"en": "Bin full", "zh": "果皮箱满溢"},
    "element": "sanitation",
    "priority": "P3",
    "safety": False,
    "open": 2,
}
WANTED: dict[str, Any] = {
    "id": "2b6c8a56-55b5-4f8e-8a1f-3a2c9d0f6f11",
    "by": "Li Wei",
    "reason": "bins earlier in the holidays",
}
TEXT = "id: R07\nname: bin-full\nkind: bin\nwhen:\n  - if: fill_level >= 90\n"
Name = Annotated[
    str, Path(pattern=r"^[a-z0-9-]+$", max_length=128, description="The rule's name", examples=["bin-full"])
]


class RuleShown(BaseModel):
    """A rule in force. `element`, `priority` and `safety` are of the order it asks for; null where it asks for none."""

    model_config = ConfigDict(json_schema_extra={"examples": [RULE]})

    id: str
    name: str
    hash: str = Field(description="Of what it says: comments make no difference")
    kind: Kind | None = Field(description="Of the facilities it is about; null: all kinds")
    subject: str = Field(description="facility, device, feeder or gateway")
    title: Named
    element: Element | None
    priority: Priority | None
    safety: bool | None
    open: int = Field(description="Its open alarms")


class RuleWhole(RuleShown):
    """A rule with its text, as it was written."""

    model_config = ConfigDict(json_schema_extra={"examples": [RULE | {"text": TEXT}]})

    text: str


class Rules(BaseModel):
    """All rules in force, by name; `hash` is of all of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"hash": "5d0a77aa12c4", "rules": [RULE]}]})

    hash: str
    rules: tuple[RuleShown, ...]


class Wanted(BaseModel):
    """Who wants the rule files read again, and why: it is kept with the row. Asked twice it is done once."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [WANTED]})

    id: UUID = Field(description="Made by whoever asks")
    by: By = ""
    reason: str = Field("", max_length=2000)


class Reloaded(BaseModel):
    """What came of reading the rule files again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"row": 5311, "changed": True}]})

    row: int = Field(description="Of the journal: from it on they are in force; 0 where they are as they were")
    changed: bool


def router(behind: Behind) -> APIRouter:
    """`/rules` and one of them."""
    made = APIRouter(prefix=V1, tags=["rules"])

    @made.get("/rules", response_model=Rules, responses=found(Rules, "All rules") | problems.responses(BAD, AWAY))
    def rules(answer: Answer) -> Response:
        """All rules in force, by name, with how many alarms each has open."""
        book, counted = behind.rules, behind.tallies.alarms_counted()
        return answer(
            Rules(hash=book.version, rules=tuple(RuleShown(**_facts(rule, counted)) for rule in book.rules.values()))
        )

    @made.get(
        "/rules/{rule}",
        response_model=RuleWhole,
        responses=found(RuleWhole, "The rule") | problems.responses(NONE, BAD, AWAY),
    )
    def rule(rule: Name, answer: Answer) -> Response:
        """One rule with its text. Its alarms: `/alarms?rule=`."""
        book = behind.rules
        if rule not in book.rules:
            raise NotFoundError(f"there is no rule {rule}")
        counted = behind.tallies.alarms_counted()
        return answer(RuleWhole(**_facts(book.rules[rule], counted), text=book.text_of(rule)))

    @made.post(
        "/rules/reload",
        response_description="They are in force, from that row of the journal on",
        responses=problems.responses(HTTPStatus.CONFLICT, BAD, AWAY, *problems.OF_BODIES),
    )
    async def reload(asked: Wanted, asking: Asking, left: Left) -> Reloaded:
        """Read the rule files of the service again. Where one is faulty nothing is changed, and 422 says file and line.

        It is written into the journal before anything comes of it; what was pending goes on, or begins anew where the
        rule says `on_edit: reset`.
        """
        if behind.reload is None:
            raise ConflictError("this service was not told where its rule files are")
        left.before = behind.rules.version
        try:
            row = await behind.reload(asking.by or asked.by.strip(), asked.reason.strip())
        except FaultyFileError as faulty:
            raise RejectedError(str(faulty)) from faulty
        left.after = behind.rules.version
        return Reloaded(row=row, changed=row > 0)

    return made


def _facts(rule: Rule, counted: Mapping[str, int]) -> dict[str, Any]:
    plan = rule.order
    return {
        "id": rule.id,
        "name": rule.name,
        "hash": rule.version,
        "kind": rule.kind,
        "subject": rule.subject,
        "title": named(rule.title),
        "element": plan and plan.element,
        "priority": plan and plan.priority,
        "safety": plan and plan.safety,
        "open": counted.get(rule.name, 0),
    }
