"""Alarms and orders as they come into the book: what an alarm asks for, what follows an order, and their numbers."""

from dataclasses import replace

from domain.alarms import AlarmChange
from domain.ids import order_id
from domain.naming import Kind, Priority
from domain.readings import Millis
from domain.site import Name, Site
from ingest.codecs.replies import Command
from rules.core.rule import OrderPlan, Rule
from services.dispatch import policy, who
from services.dispatch.orders import Alarm, Order
from services.dispatch.places import place_of
from services.dispatch.when import day_of

DAYS_OF_CASES = 3  # a late alarm may still open a case of the day before


def alarm_of(change: AlarmChange, order: str) -> Alarm:
    """An open alarm, and the order that answers it, "" where none does."""
    return Alarm(
        id=change.alarm,
        rule=change.rule,
        version=change.version,
        subject=change.subject,
        state=change.state,
        cause=change.cause,
        since=change.since,
        opened=change.at,
        until=None,
        facility=change.facility,
        members=change.members,
        why=change.why,
        order=order,
        level=change.level,
    )


def draft_of(change: AlarmChange, rule: Rule, plan: OrderPlan, case: str, at: Millis, site: Site) -> Order:
    """The order that an alarm asks for, before anybody has it."""
    place = place_of(site, change.facility)
    return Order(
        id=order_id(change.alarm),
        case=case,
        rule=change.rule,
        subject=change.subject,
        alarms=(change.alarm,),
        facility=change.facility,
        kind=place.kind or rule.kind or (rule.quorum.kind if rule.quorum else None) or Kind.CABINET,
        element=plan.element,
        zone=place.zone,
        priority=urgency(change, rule, plan, site),
        plan=plan,
        clear_for_s=rule.clear_for_s,
        since=change.since,
        members=change.members,
        why=change.why,
        opened=at,
        matter=who.matter_of(plan, place.kind),
    )


def following(order: Order, command: Command, case: str, at: Millis) -> Order:
    """The order that follows another one (续办), for another trade where one is said, before anybody has it."""
    given = order_id(f"{order.id}/{len(order.followed_by) + 1}")
    plan = replace(order.plan, safety=False, trade=command.trade or order.plan.trade)
    if command.do:
        plan = replace(plan, do=Name(command.do, command.do))
    return Order(
        id=given,
        case=case,
        rule=order.rule,
        subject=f"order:{order.id}/{given}",
        alarms=(),
        facility=order.facility,
        kind=order.kind,
        element=order.element,
        zone=order.zone,
        priority=order.priority,
        plan=plan,
        clear_for_s=0,
        since=at,
        members=order.members,
        why={"follows": order.case},
        opened=at,
        matter=order.matter,
        follows=order.id,
    )


def urgency(change: AlarmChange, rule: Rule, plan: OrderPlan, site: Site) -> Priority:
    """How urgent an alarm is where it is, at its level."""
    grade = place_of(site, change.facility).grade
    return policy.urgency(rule, plan, grade, min(change.level, len(rule.levels)))


def with_members(order: Order, change: AlarmChange) -> Order:
    """An order names the members of all its alarms."""
    return replace(order, members=tuple(sorted({*order.members, *change.members})))


def case_number(cases: dict[str, int], at: Millis, site: Site) -> str:
    """The next 案号 of that day; `cases` is the newest number of each of the last days, and goes on."""
    day = day_of(at, site.timezone)
    cases[day] = number = cases.get(day, 0) + 1
    for old in sorted(cases)[:-DAYS_OF_CASES]:
        del cases[old]
    return f"{site.case_letters}-{day}-{number:04d}"
