"""Alarms and orders as they are shown: by the API, and by `tidewalk orders --json`. The keys are stable."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from domain.alarms import AlarmState
from domain.naming import Element, Kind, Matter, Priority
from domain.readings import Millis
from services.api.examples import ALARM, ORDER, WHOLE, shown
from services.dispatch.legal import commands
from services.dispatch.orders import Alarm, Change, Order, OrderState, Pause, Step
from services.dispatch.when import rfc3339

Time = Annotated[
    Millis,
    PlainSerializer(rfc3339, return_type=str),
    Field(json_schema_extra={"format": "date-time", "examples": ["2026-10-01T08:00:00.000Z"]}),
]

Next = Annotated[str, Field(description="The cursor of the next page; empty where this is the last")]


class AlarmShown(BaseModel):
    """An alarm. `why` is what made it so, and `cleared_why` what ended it; times are event times."""

    model_config = ConfigDict(json_schema_extra=shown(ALARM))

    id: str
    rule: str
    state: AlarmState
    subject: str
    facility: str
    members: tuple[str, ...]
    cause: Time
    since: Time
    opened: Time
    until: Time | None
    why: Mapping[str, Any]
    cleared_why: Mapping[str, Any] | None
    order: str = Field(description="The order that answers it; empty where its rule asks for none")


class LimitsShown(BaseModel):
    """Until when; null where there is no limit, or it does not run."""

    accept: Time | None
    arrive: Time | None
    finish: Time | None
    verify: Time | None


class HoldShown(BaseModel):
    """Until when an order is held, and why: parked (挂账), window (作业窗口), stop (停工)."""

    reason: Pause
    until: Time | None


class AskedShown(BaseModel):
    """More time that a crew asks for (延时申请)."""

    by: str
    at: Time
    until: Time
    why: str


class RungShown(BaseModel):
    """Who was told that the order is late (升级), of which limit, and when."""

    limit: str
    level: str
    party: str
    crew: str
    at: Time


class ResponsibleShown(BaseModel):
    """The parties that answer for it: 属地 of the place, 属事 of the matter, 末端 on the spot, 权属 who owns it."""

    territorial: str
    functional: str
    execution: str
    owner: str


class OrderShown(BaseModel):
    """A work order without its history. `desk`: the duty desk has it beside its crew. `held` is null while its clock
    runs, `asked` while nobody asks for more time.
    """

    model_config = ConfigDict(json_schema_extra=shown(ORDER))

    id: str
    case: str = Field(description="案号")
    state: OrderState
    revision: int
    priority: Priority
    element: Element
    kind: Kind
    rule: str
    safety: bool = Field(description="A person confirms it; the sensors never close it")
    subject: str
    facility: str
    zone: str
    members: tuple[str, ...]
    alarms: tuple[str, ...]
    why: Mapping[str, Any]
    crew: str
    desk: bool
    since: Time
    opened: Time
    dispatched: Time | None
    accepted: Time | None
    arrived: Time | None
    done: Time | None
    closed: Time | None
    closed_by: str
    limits: LimitsShown
    recovered: bool
    escalated: bool
    overdue: bool
    reworks: int
    matter: Matter = Field(description="component 部件: its owner first; event 事件: the place first")
    responsible: ResponsibleShown
    yellow: LimitsShown = Field(description="When each limit turns yellow: at 80 % of its time")
    held: HoldShown | None = None
    asked: AskedShown | None = None
    extensions: int
    returns: int = Field(description="How often it was given back (推诿)")
    rungs: list[RungShown]
    merged_into: str = Field(description="The order that it ended in (并案); empty where it did not")
    follows: str = Field(description="The order that it follows (续办); empty where it follows none")
    followed_by: tuple[str, ...]


class ChangeShown(BaseModel):
    """One line of an order's history: who, when, why, from what, to what, and who had it afterwards."""

    at: Time
    who: str
    step: Step
    why: str
    before: OrderState
    after: OrderState
    crew: str


class OrderWhole(OrderShown):
    """A work order with its whole history, oldest first, and what an operator may now do."""

    model_config = ConfigDict(json_schema_extra=shown(WHOLE))

    history: tuple[ChangeShown, ...]
    legal: tuple[str, ...]


class Alarms(BaseModel):
    """A page of alarms, newest first."""

    model_config = ConfigDict(json_schema_extra=shown({"alarms": [ALARM], "next": ""}))

    alarms: list[AlarmShown]
    next: Next = ""


class Orders(BaseModel):
    """A page of orders, newest first."""

    model_config = ConfigDict(json_schema_extra=shown({"orders": [ORDER], "next": ""}))

    orders: list[OrderShown]
    next: Next = ""


def alarm_shown(alarm: Alarm) -> AlarmShown:
    """An alarm as it is shown."""
    return AlarmShown(**{name: getattr(alarm, name) for name in AlarmShown.model_fields})


def order_shown(order: Order) -> OrderShown:
    """An order as it is shown in a list."""
    return OrderShown(**_facts(order))


def order_whole(order: Order) -> OrderWhole:
    """An order as it is shown alone."""
    history = tuple(_line(change) for change in order.history)
    return OrderWhole(**_facts(order), history=history, legal=commands(order.state))


def _facts(order: Order) -> dict[str, Any]:
    made = {
        "limits": LimitsShown(**order.limits._asdict()),
        "yellow": LimitsShown(**order.yellow._asdict()),
        "responsible": ResponsibleShown(**order.responsible._asdict()),
        "held": None if order.held_for is None else HoldShown(reason=order.held_for, until=order.held_until),
        "asked": None if order.asked is None else AskedShown(**order.asked._asdict()),
        "rungs": [RungShown(**{k: v for k, v in rung._asdict().items() if k != "step"}) for rung in order.rungs],
        "returns": len(order.declined),
    }
    return {name: getattr(order, name) for name in OrderShown.model_fields if name not in made} | made


def _line(change: Change) -> ChangeShown:
    return ChangeShown(**change._asdict())
