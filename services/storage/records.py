"""Alarms and orders as rows of their tables, and back."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import msgspec
from sqlalchemy import RowMapping

from domain.alarms import AlarmState, Correction, Hindsight
from services.dispatch.orders import Addressed, Alarm, Change, Order, OrderState, Result, Step
from services.judge.outcome import Outcome

_order = msgspec.json.Decoder(Order)
_reasons = msgspec.json.Decoder(dict[str, Any])
_members = msgspec.json.Decoder(tuple[str, ...])
Row = RowMapping


def alarm_row(alarm: Alarm) -> dict[str, Any]:
    """An alarm as a row of `alarms`."""
    return {
        "id": alarm.id,
        "rule": alarm.rule,
        "version": alarm.version,
        "subject": alarm.subject,
        "state": str(alarm.state),
        "cause": alarm.cause,
        "since": alarm.since,
        "opened": alarm.opened,
        "until": alarm.until,
        "facility": alarm.facility,
        "members": _json(alarm.members),
        "why": _json(alarm.why),
        "cleared_why": None if alarm.cleared_why is None else _json(alarm.cleared_why),
        "order_id": alarm.order,
        "level": alarm.level,
    }


def alarm_of(row: Row) -> Alarm:
    """A row of `alarms` as an alarm."""
    return Alarm(
        id=row["id"],
        rule=row["rule"],
        version=row["version"],
        subject=row["subject"],
        state=AlarmState(row["state"]),
        cause=row["cause"],
        since=row["since"],
        opened=row["opened"],
        until=row["until"],
        facility=row["facility"],
        members=_members.decode(row["members"]),
        why=_reasons.decode(row["why"]),
        cleared_why=None if row["cleared_why"] is None else _reasons.decode(row["cleared_why"]),
        order=row["order_id"],
        level=row["level"] or 0,
    )


def correction_row(correction: Correction) -> dict[str, Any]:
    """A correction as a row of `corrections`."""
    return {**asdict(correction), "what": str(correction.what), "why": _json(correction.why)}


def correction_of(row: Row) -> Correction:
    """A row of `corrections` as a correction."""
    return Correction(**{**row, "what": Hindsight(row["what"]), "why": _reasons.decode(row["why"])})


def order_row(order: Order) -> dict[str, Any]:
    """An order as a row of `orders`; its history is kept apart."""
    accept_by, arrive_by, finish_by, verify_by = order.limits
    return {
        "id": order.id,
        "case_number": order.case,
        "rule": order.rule,
        "subject": order.subject,
        "facility": order.facility,
        "kind": str(order.kind),
        "element": str(order.element),
        "zone": order.zone,
        "priority": str(order.priority),
        "crew": order.crew,
        "state": str(order.state),
        "revision": order.revision,
        "safety": order.safety,
        "counted": order.counted,
        "recovered": order.recovered,
        "reworks": order.reworks,
        "opened": order.opened,
        "dispatched": order.dispatched,
        "accepted": order.accepted,
        "arrived": order.arrived,
        "done": order.done,
        "closed": order.closed,
        "closed_by": order.closed_by,
        "accept_by": accept_by,
        "arrive_by": arrive_by,
        "finish_by": finish_by,
        "verify_by": verify_by,
        "matter": str(order.matter),
        **order.responsible._asdict(),
        "held_for": None if order.held_for is None else str(order.held_for),
        "held_until": order.held_until,
        "merged_into": order.merged_into or None,
        "follows": order.follows or None,
        "returns": len(order.declined),
        "extensions": order.extensions,
        "document": _json(replace(order, history=())),
    }


def order_of(document: str, history: Sequence[Row] = ()) -> Order:
    """The document of a row of `orders`, with its history where that was asked for."""
    order = _order.decode(document)
    return replace(order, history=tuple(change_of(row) for row in history)) if history else order


def change_row(order: str, number: int, change: Change) -> dict[str, Any]:
    """A line of an order's history as a row of `order_changes`."""
    words = {name: str(value) for name, value in change._asdict().items() if name != "at"}
    return {"order_id": order, "number": number, "at": change.at, **words}


def change_of(row: Row) -> Change:
    """A row of `order_changes` as a line of history."""
    before, after = OrderState(row["before"]), OrderState(row["after"])
    return Change(row["at"], row["who"], Step(row["step"]), row["why"], before, after, row["crew"])


def touched_rows(outcome: Outcome) -> list[dict[str, Any]]:
    """Which alarms and orders an outcome changed, as rows of `touched`."""
    named = {("alarm", alarm.id) for alarm in outcome.alarms}
    named |= {("order", order.id) for order in outcome.orders} | {("order", line[0]) for line in outcome.history}
    return [{"what": what, "id": one, "journal_row": outcome.row} for what, one in sorted(named)]


def outbox_row(addressed: Addressed, journal_row: int) -> dict[str, Any]:
    """A message to send as a row of `outbox`."""
    return {
        "key": addressed.key,
        "order_id": addressed.order,
        "revision": addressed.revision,
        "topic": addressed.topic,
        "payload": addressed.payload,
        "retain": addressed.retain,
        "priority": str(addressed.priority),
        "state": "pending",
        "attempts": 0,
        "error": "",
        "journal_row": journal_row,
        "sent_at": None,
    }


def addressed_of(row: Row) -> Addressed:
    """A row of `outbox` as a message to send."""
    payload = bytes(row["payload"])
    return Addressed(
        row["key"], row["order_id"], row["revision"], row["topic"], payload, row["retain"], row["priority"]
    )


def result_row(result: Result) -> dict[str, Any]:
    """What became of an answer as a row of `reply_results`."""
    return {
        "source": result.source,
        "id": result.id,
        "journal_row": result.row,
        "at": result.at,
        "order_id": result.order,
        "action": result.action,
        "ok": result.ok,
        "why": result.why,
    }


def result_of(row: Row) -> Result:
    """A row of `reply_results` as what became of an answer."""
    return Result(
        row["source"], row["id"], row["journal_row"], row["at"], row["order_id"], row["action"], row["ok"], row["why"]
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
