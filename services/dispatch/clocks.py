"""How long an order may take, and when each of its limits turns yellow and red: the site's clocks at work on a plan.

The rule of an order says how long. The site's entries make it shorter, or stand in its place where they name the rule;
factors make it shorter still; and what counts working hours alone ends when so many of them have passed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from domain.clocks import Allowance, Clocks, Fits, Span
from domain.readings import Millis
from rules.core.rule import OrderPlan
from services.dispatch.orders import Limits, Order, OrderState
from services.dispatch.working import WorkingHours

YELLOW: Final = (
    0.8  # share of a limit at which it turns yellow (domain.md §2.2: 0–80 % green, 80–100 % yellow, then red)
)
DAY_S: Final = 86_400
_RUNNING: Final[Mapping[OrderState, tuple[str, ...]]] = {
    OrderState.DISPATCHED: ("accept", "arrive", "finish"),
    OrderState.ACCEPTED: ("arrive", "finish"),
    OrderState.ARRIVED: ("finish",),
    OrderState.DONE: ("verify",),
}


class Lamp(StrEnum):
    """How a limit stands (计时灯)."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Circumstances(NamedTuple):
    """What entries ask of an order and of what surrounds it. `crowd` is None where nobody knows."""

    priority: str
    element: str
    kind: str
    rule: str
    trade: str
    zone: str
    grade: str
    season: str = ""
    holiday: bool | None = None
    crowd: int | None = None
    deck: bool = False


class Given(NamedTuple):
    """What an order was given: until when, when that turns yellow, and how it counts."""

    limits: Limits
    yellow: Limits
    working: bool
    allowed: Millis


E = TypeVar("E")


def fits(entry: Fits, order: Circumstances) -> bool:
    """Whether an entry is about an order. What is not known does not fit."""
    named = ("priority", "element", "kind", "rule", "trade", "zone", "grade", "season")
    return (
        all(not (wanted := getattr(entry, name)) or getattr(order, name) in wanted for name in named)
        and entry.holiday in (None, order.holiday)
        and entry.deck in (None, order.deck)
        and (not entry.crowd or (order.crowd is not None and order.crowd >= entry.crowd))
    )


def closest(entries: Iterable[E], order: Circumstances, of: Callable[[E], Fits]) -> E | None:
    """The entry that says most about an order; of several the first."""
    found = [entry for entry in entries if fits(of(entry), order)]
    return max(found, key=lambda entry: _said(of(entry)), default=None)


def given(clocks: Clocks, hours: WorkingHours, plan: OrderPlan, order: Circumstances, at: Millis) -> Given:
    """What an order is given from `at` on."""
    says = closest([one for one in clocks.limits if one.working is not None], order, _fits_of)
    working = bool(says is not None and says.working and hours.known)
    own = {"accept": plan.accept_s, "arrive": plan.arrive_s, "finish": plan.finish_s}
    until: dict[str, Millis | None] = {}
    yellow: dict[str, Millis | None] = {}
    for name, seconds in own.items():
        due = _due(clocks, hours, order, at, name, seconds, working=working)
        until[name] = due
        yellow[name] = None if due is None else _part(hours, at, due, YELLOW, working=working)
    finish = until["finish"]
    return Given(Limits(**until), Limits(**yellow), working, 0 if finish is None else finish - at)


def tightened(order: Order, fresh: Given) -> Order:
    """The limits of an order that has become more urgent: no later than a fresh one of its priority would have."""
    limits, yellow = order.limits._asdict(), order.yellow._asdict()
    for name in _RUNNING.get(order.held_from or order.state, ()):
        old, new = limits.get(name), getattr(fresh.limits, name)
        if new is not None and old is not None and new < old:
            limits[name], yellow[name] = new, getattr(fresh.yellow, name)
    return _replaced(order, Limits(**limits), Limits(**yellow))


def after_pause(order: Order, hours: WorkingHours, at: Millis) -> tuple[Limits, Limits]:
    """Limits and yellow moments of a held order that is taken up again at `at`: what was left is left."""
    since = at if order.held_at is None else order.held_at

    def later(limit: Millis | None) -> Millis | None:
        if limit is None:
            return None
        if not order.working or limit <= since:
            return limit + max(0, at - since)
        return hours.after(at, hours.between(since, limit))

    return Limits(*map(later, order.limits)), Limits(*map(later, order.yellow))


def more_time(order: Order, hours: WorkingHours, at: Millis, until: Millis) -> Millis:
    """When a finish limit that is moved to `until` at `at` turns yellow."""
    return _part(hours, at, until, YELLOW, working=order.working)


def most_until(order: Order, clocks: Clocks) -> Millis | None:
    """How late the finish limit may be made in all."""
    if order.limits.finish is None:
        return None
    allowed = order.allowed or order.plan.finish_s * 1000
    return order.limits.finish - order.extended + round(clocks.extend_most * allowed)


def running(order: Order) -> Mapping[str, tuple[Millis | None, Millis]]:
    """The limits that run, or stood still when the order was held: when each turns yellow, and when red."""
    found = ((name, getattr(order.limits, name)) for name in _RUNNING.get(order.held_from or order.state, ()))
    return {name: (getattr(order.yellow, name), due) for name, due in found if due is not None}


def lamps(order: Order, at: Millis) -> Mapping[str, Lamp]:
    """How each limit that runs stands at a moment; while the order is held, how it stood when it was."""
    when = at if order.held_at is None else order.held_at
    return {name: _lamp(yellow, due, when) for name, (yellow, due) in running(order).items()}


def lamp(order: Order, at: Millis) -> Lamp | None:
    """The worst of them; None where no limit runs."""
    worst = list(Lamp)
    return max(lamps(order, at).values(), key=worst.index, default=None)


def _lamp(yellow: Millis | None, due: Millis, at: Millis) -> Lamp:
    if at > due:
        return Lamp.RED
    return Lamp.YELLOW if yellow is not None and at >= yellow else Lamp.GREEN


def _due(
    clocks: Clocks, hours: WorkingHours, order: Circumstances, at: Millis, name: str, seconds: int, *, working: bool
) -> Millis | None:
    """Until when, of one limit; None where it has none."""
    about = [one for one in clocks.limits if getattr(one, name) is not None]
    instead = closest([one for one in about if one.fits.rule], order, _fits_of)
    most = closest([one for one in about if not one.fits.rule], order, _fits_of)
    own = _as_span(seconds, working=working) if seconds else None
    spans = [own] if instead is None else [getattr(instead, name)]
    if most is not None and instead is None:
        spans.append(getattr(most, name))
    ends = [_after(hours, at, span, working=working) for span in spans if span is not None]
    if not ends:
        return None
    shorter = [one.times for one in clocks.factors if name in one.of and fits(one.fits, order)]
    return _part(hours, at, min(ends), min(shorter, default=1.0), working=working)


def _after(hours: WorkingHours, at: Millis, span: Span, *, working: bool) -> Millis:
    if working:
        return hours.after(at, span.seconds * 1000 + span.days * hours.day_at(at))
    return at + (span.seconds + span.days * DAY_S) * 1000


def _part(hours: WorkingHours, at: Millis, due: Millis, share: float, *, working: bool) -> Millis:
    """The moment at which so much of the time from `at` to `due` has passed."""
    if share == 1.0 or due <= at:
        return due
    if working:
        return hours.after(at, round(hours.between(at, due) * share))
    return at + round((due - at) * share)


def _as_span(seconds: int, *, working: bool) -> Span:
    """Whole days of a rule are working days where working hours count."""
    return Span(0, seconds // DAY_S) if working and seconds % DAY_S == 0 else Span(seconds)


def _said(entry: Fits) -> int:
    return sum(bool(one) or one is False for one in entry)


def _fits_of(entry: Allowance) -> Fits:
    return entry.fits


def _replaced(order: Order, limits: Limits, yellow: Limits) -> Order:
    return order if limits == order.limits else replace(order, limits=limits, yellow=yellow)
