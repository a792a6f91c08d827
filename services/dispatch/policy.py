"""How urgent an order is, what falls due next, and who has it on their topic. Pure; the judge asks, `life` records.

Who is sent stands in `who`, until when in `clocks`, who hears that it is late in `ladder`.
"""

from typing import Final, NamedTuple

from domain.naming import Priority
from domain.readings import Millis
from domain.site import Grade, Site
from rules.core.rule import OrderPlan, Rule
from services.dispatch import ladder
from services.dispatch.orders import AT_WORK, Order, OrderState, Step

NEWS_MS: Final = 60_000  # members that join trickle in: a crew is told once of those of a minute
NEWS_PERCENT: Final = 20  # of the members it was told of: fewer than that more wait for the next revision
COOL_DOWN_MS: Final = 30 * 60_000  # a condition that is back within it is the same order (domain.md §4.1, proposed)


class Timer(NamedTuple):
    """What falls due, and when."""

    at: Millis
    step: Step


def priority(plan: OrderPlan, grade: Grade) -> Priority:
    """How urgent, by the grade of the place."""
    return plan.key_node_priority if grade is Grade.KEY_NODE and plan.key_node_priority else plan.priority


def urgency(rule: Rule, plan: OrderPlan, grade: Grade, level: int) -> Priority:
    """How urgent an alarm is at a level of its rule, by the grade of the place: a worse level is never less urgent."""
    said = [one.priority for one in rule.levels[:level] if one.priority is not None]
    return min([priority(plan, grade), *said])


def next_timer(order: Order, site: Site) -> Timer | None:
    """What falls due next if nobody says anything."""
    due: list[Timer] = []
    at_work = order.state in AT_WORK
    if (late := ladder.next_rung(order, site)) is not None:
        due.append(Timer(late.at, Step.ESCALATE))
    if at_work and order.limits.finish is not None and not order.overdue:
        due.append(Timer(order.limits.finish, Step.OVERDUE))
    if at_work and order.grown is not None:
        due.append(Timer(order.grown + NEWS_MS, Step.AMEND))
    if order.state is OrderState.ON_HOLD and order.held_until is not None:
        due.append(Timer(order.held_until, Step.RESUME))
    if order.state is OrderState.DONE and order.limits.verify is not None:
        due.append(Timer(order.limits.verify, Step.REWORK))
    if order.ended and order.look_again is not None:
        due.append(Timer(order.look_again, Step.REOPEN))
    return min(due, default=None)


def is_news(order: Order) -> bool:
    """Whether it has so many more members than its crew was told of that they are to hear of it."""
    more = len(order.members) - order.told
    return more > 0 and 100 * more >= NEWS_PERCENT * order.told


def recipients(order: Order, desk: str) -> tuple[str, ...]:
    """Who has the order lying on their topic: its crew first, then whoever was told that it is late, then the desk with
    its copy. Nobody when it ended.
    """
    if order.ended or not order.crew:
        return ()
    told = (*(rung.crew for rung in order.rungs), desk if order.desk else "")
    return tuple(dict.fromkeys((order.crew, *(crew for crew in told if crew))))
