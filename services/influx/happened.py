"""What happened, as points of the event series: pure, so that the same alarm or order gives the same points again."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from domain.alarms import AlarmState
from domain.readings import Millis
from domain.series import ALARM, ORDER
from domain.site import Facility, Name, Site
from rules.core.rule import Rule
from services.dispatch.orders import Alarm, Change, Order, OrderState

Fields = Mapping[str, float | int | bool | str]
_NS: Final = 1_000_000


class Event(NamedTuple):
    """A point of an event series, `at` in nanoseconds."""

    series: str
    tags: Mapping[str, str]
    fields: Fields
    at: int


def of_all(alarms: Iterable[Alarm], orders: Iterable[Order], site: Site, rules: Mapping[str, Rule]) -> list[Event]:
    """All that there is to tell of these."""
    found = [event for alarm in alarms for event in of_alarm(alarm, site, rules)]
    return found + [event for order in orders for event in of_order(order, site, rules)]


def of_alarm(alarm: Alarm, site: Site, rules: Mapping[str, Rule]) -> list[Event]:
    """Its opening, and its clearing where it has cleared. One that opened again is open, and its clearing is gone."""
    facility = site.facilities.get(alarm.facility)
    rule = rules.get(alarm.rule)
    title = rule.title if rule else Name(alarm.rule, alarm.rule)
    element = str(rule.order.element) if rule and rule.order else str(facility.element) if facility else ""
    tags = {
        "site": site.id,
        "zone": facility.zone if facility else "",
        "element": element,
        "kind": str(facility.kind) if facility else "",
        "rule": alarm.rule,
    }
    fields = {
        "id": alarm.id,
        "facility": alarm.facility,
        "subject": alarm.subject,
        **_named(title, facility),
        "order": alarm.order,
        "members": len(alarm.members),
        "level": alarm.level,
        "since": alarm.since,
        "opened": alarm.opened,
    }
    if facility is not None:
        fields |= {"lat": float(facility.position.lat), "lon": float(facility.position.lon)}
    own = _own(alarm.id)
    found = [Event(ALARM.name, tags | {"state": str(AlarmState.OPEN)}, fields, alarm.opened * _NS + own)]
    if alarm.state is AlarmState.CLEARED and alarm.until is not None:
        lasted = {"lasted_s": max(0, alarm.until - alarm.opened) // 1000}
        found.append(
            Event(ALARM.name, tags | {"state": str(AlarmState.CLEARED)}, fields | lasted, alarm.until * _NS + own)
        )
    return found


def of_order(order: Order, site: Site, rules: Mapping[str, Rule]) -> list[Event]:
    """One for each line of its history."""
    facility = site.facilities.get(order.facility)
    rule = rules.get(order.rule)
    fields: dict[str, float | int | bool | str] = {
        "id": order.id,
        "case": order.case,
        "facility": order.facility,
        "priority": str(order.priority),
        **_named(rule.title if rule else Name(order.rule, order.rule), facility),
        "reworks": order.reworks,
        "opened": order.opened,
        "ended": order.ended,
        "safety": order.safety,
        "counted": order.counted,
        "overdue": order.overdue,
        "escalated": bool(order.escalated),
        "in_limit": in_limit(order),
    }
    times = {"accept_by": order.limits.accept, "arrive_by": order.limits.arrive, "finish_by": order.limits.finish}
    fields |= {name: at for name, at in times.items() if at is not None}
    since = {"taken_s": order.accepted, "done_s": order.done, "lasted_s": order.closed}
    fields |= {name: max(0, at - order.opened) // 1000 for name, at in since.items() if at is not None}
    tags = {
        "site": site.id,
        "zone": order.zone,
        "element": str(order.element),
        "kind": str(order.kind),
        "rule": order.rule,
    }
    return [_of_change(order, number, change, tags, fields) for number, change in enumerate(order.history)]


def in_limit(order: Order) -> bool:
    """Whether it has ended within its time limit. What was withdrawn was nobody's to finish."""
    if not order.ended:
        return False
    finished = order.done or order.closed
    return order.limits.finish is None or finished is None or finished <= order.limits.finish


def _of_change(order: Order, number: int, change: Change, tags: Mapping[str, str], fields: Fields) -> Event:
    its: dict[str, float | int | bool | str] = {
        "number": number,
        "step": str(change.step),
        "before": "" if change.before is OrderState.DRAFT else str(change.before),
        "who": change.who,
        "why": change.why,
    }
    now = {"crew": change.crew, "state": str(change.after)}
    return Event(ORDER.name, {**tags, **now}, {**fields, **its}, change.at * _NS + _own(f"{order.id}:{number}"))


def _named(title: Name, facility: Facility | None) -> dict[str, float | int | bool | str]:
    name = facility.name if facility else Name("", "")
    return {"title_en": title.en, "title_zh": title.zh, "name_en": name.en, "name_zh": name.zh}


def _own(key: str) -> int:
    """Nanoseconds below the millisecond, always the same of one key: two of one moment stay two points."""
    return int.from_bytes(blake2b(key.encode(), digest_size=4).digest()) % _NS


def at_ns(at: Millis) -> int:
    """A time as an `Event` has it."""
    return at * _NS
