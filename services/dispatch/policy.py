"""Who is sent, how urgent it is, until when, and what falls due next. Pure; the judge asks, `life` records.

First cut: nearest crew on shift with trade, zone and capacity; else of a neighbouring zone; else the duty desk (兜底).
Not accepted in time, the order stays with its crew and goes to the desk as well, once; not finished in time, the desk
is told, once. The desk itself is never escalated for accepting late: there is nobody behind it yet.
"""

from collections.abc import Collection, Iterable, Mapping
from math import cos, hypot, radians
from typing import Final, NamedTuple

from domain.naming import Priority
from domain.readings import Millis
from domain.site import Crew, Grade, Position, Site
from rules.core.rule import OrderPlan, Rule
from services.dispatch.orders import AT_WORK, Limits, Order, OrderState, Step
from services.dispatch.places import Place
from services.dispatch.when import local

DAY_MINUTES: Final = 1440
METRES_PER_DEGREE: Final = 111_195.0
NEWS_MS: Final = 60_000  # members that join trickle in: a crew is told once of those of a minute
NEWS_PERCENT: Final = 20  # of the members it was told of: fewer than that more wait for the next revision
COOL_DOWN_MS: Final = 30 * 60_000  # a condition that is back within it is the same order (domain.md §4.1, proposed)


class Choice(NamedTuple):
    """Who is sent, and why they."""

    crew: str
    why: str


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


def limits(plan: OrderPlan, at: Millis, *, finish: Millis | None = None) -> Limits:
    """Limits of an order given to somebody at `at`. `finish`, where given, is kept: handing over buys no time."""
    ends = finish if finish is not None else _after(at, plan.finish_s)
    return Limits(accept=_after(at, plan.accept_s), arrive=_after(at, plan.arrive_s), finish=ends)


def on_shift(site: Site, crew: Crew, at: Millis) -> bool:
    """Whether they are at work at that local time. A crew without shifts always is."""
    if not crew.shifts:
        return True
    clock = local(at, site.timezone)
    minute = clock.hour * 60 + clock.minute
    worked = (site.shifts[name] for name in crew.shifts if name in site.shifts)
    return any(s.starts <= minute < s.ends or s.starts <= minute + DAY_MINUTES < s.ends for s in worked)


def choose(
    site: Site, place: Place, trade: str, at: Millis, load: Mapping[str, int], refused: Collection[str] = ()
) -> Choice:
    """Who is sent to `place`. `load` is how many orders each crew has at work; `refused` gave this one back.
    Always somebody: the duty desk where nobody else can.
    """
    able = [
        crew
        for crew in site.crews.values()
        if crew.id != site.desk
        and crew.id not in refused
        and trade in crew.trades
        and load.get(crew.id, 0) < crew.capacity
        and on_shift(site, crew, at)
    ]
    near = _nearest((c for c in able if place.zone in c.zones), place.position)
    if near is not None:
        return Choice(near.id, "nearest on shift in the zone")
    zone = site.zones.get(place.zone)
    for neighbour in zone.neighbours if zone else ():
        near = _nearest((c for c in able if neighbour in c.zones), place.position)
        if near is not None:
            return Choice(near.id, f"nobody free in the zone: from neighbouring {neighbour}")
    return Choice(site.desk, "nobody on shift with the trade is free: the duty desk")


def again(
    site: Site, place: Place, trade: str, at: Millis, load: Mapping[str, int], before: str, refused: Collection[str]
) -> Choice:
    """Who does it over: whoever had it, where they are on shift; else as `choose`."""
    crew = site.crews.get(before)
    if crew is not None and before not in refused and (before == site.desk or on_shift(site, crew, at)):
        return Choice(before, "whoever had it before")
    return choose(site, place, trade, at, load, refused)


def next_timer(order: Order, desk: str) -> Timer | None:
    """What falls due next if nobody says anything."""
    due: list[Timer] = []
    accept_by, _, finish_by, verify_by = order.limits
    at_work = order.state in AT_WORK
    if order.state is OrderState.DISPATCHED and accept_by is not None and not order.escalated and order.crew != desk:
        due.append(Timer(accept_by, Step.ESCALATE))
    if at_work and finish_by is not None and not order.overdue:
        due.append(Timer(finish_by, Step.OVERDUE))
    if at_work and order.grown is not None:
        due.append(Timer(order.grown + NEWS_MS, Step.AMEND))
    if order.state is OrderState.DONE and verify_by is not None:
        due.append(Timer(verify_by, Step.REWORK))
    if order.ended and order.look_again is not None:
        due.append(Timer(order.look_again, Step.REOPEN))
    return min(due, default=None)


def is_news(order: Order) -> bool:
    """Whether it has so many more members than its crew was told of that they are to hear of it."""
    more = len(order.members) - order.told
    return more > 0 and 100 * more >= NEWS_PERCENT * order.told


def recipients(order: Order, desk: str) -> tuple[str, ...]:
    """Who has the order lying on their topic: its crew first, then the desk with its copy. Nobody when it ended."""
    if order.ended or not order.crew:
        return ()
    return (order.crew, desk) if order.desk and order.crew != desk else (order.crew,)


def _after(at: Millis, seconds: int) -> Millis | None:
    return at + seconds * 1000 if seconds else None


def _nearest(crews: Iterable[Crew], to: Position | None) -> Crew | None:
    return min(crews, key=lambda c: (_metres(c.base, to), c.id), default=None)


def _metres(a: Position, b: Position | None) -> float:
    if b is None:
        return 0.0
    return METRES_PER_DEGREE * hypot(a.lat - b.lat, (a.lon - b.lon) * cos(radians(a.lat)))
