"""The life of an order: what may happen to it, and when. One table says what is legal; everything else obeys it.

Acceptance may be skipped: a crew that arrives, finishes or parks an order it never accepted has accepted it by that
act, at that time. Hands are full out there, and refusing a finished repair over a missing tap helps nobody.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from domain.errors import ConflictError
from domain.naming import CrewAction, OperatorAction, Priority
from domain.readings import Millis
from services.dispatch.orders import TELEMETRY, Limits, Order, OrderState, Step
from services.dispatch.orders import Change as Line

DRAFT, OPEN, DISPATCHED = OrderState.DRAFT, OrderState.OPEN, OrderState.DISPATCHED
ACCEPTED, ARRIVED, ON_HOLD = OrderState.ACCEPTED, OrderState.ARRIVED, OrderState.ON_HOLD
DONE, VERIFIED, CLOSED, WITHDRAWN = OrderState.DONE, OrderState.VERIFIED, OrderState.CLOSED, OrderState.WITHDRAWN

AT_WORK: Final = (DISPATCHED, ACCEPTED, ARRIVED)
WITH_SOMEBODY: Final = (*AT_WORK, ON_HOLD, DONE)


def _stay(*states: OrderState) -> Mapping[OrderState, OrderState]:
    return {state: state for state in states}


def _to(target: OrderState, *states: OrderState) -> Mapping[OrderState, OrderState]:
    return dict.fromkeys(states, target)


# step → state before → state after. RESUME goes back to where the order was held from: `Order.held_from`.
LEGAL: Final[Mapping[Step, Mapping[OrderState, OrderState]]] = MappingProxyType(
    {
        Step.FILE: _to(OPEN, DRAFT),
        Step.DISPATCH: _to(DISPATCHED, OPEN),
        Step.ACCEPT: _to(ACCEPTED, DISPATCHED),
        Step.ARRIVE: _to(ARRIVED, DISPATCHED, ACCEPTED),
        Step.DONE: _to(DONE, DISPATCHED, ACCEPTED, ARRIVED),
        Step.DECLINE: _to(OPEN, DISPATCHED, ACCEPTED, ARRIVED),
        Step.EXTEND: _stay(ACCEPTED, ARRIVED),
        Step.HOLD: _to(ON_HOLD, DISPATCHED, ACCEPTED, ARRIVED),
        Step.RESUME: _to(ACCEPTED, ON_HOLD),
        Step.VERIFY: _to(VERIFIED, DONE),
        Step.CONFIRM: _to(VERIFIED, DONE),
        Step.REWORK: _to(OPEN, DONE),
        Step.CLOSE: _to(CLOSED, VERIFIED),
        Step.WITHDRAW: _to(WITHDRAWN, OPEN, DISPATCHED),
        Step.OVERRULE: _to(CLOSED, *WITH_SOMEBODY),
        Step.REASSIGN: _to(OPEN, DISPATCHED, ACCEPTED, ARRIVED, ON_HOLD),
        Step.ESCALATE: _stay(DISPATCHED),
        Step.OVERDUE: _stay(DISPATCHED, ACCEPTED, ARRIVED),
        Step.ATTACH: _stay(*WITH_SOMEBODY),
        Step.AMEND: _stay(*AT_WORK),
        Step.RAISE: _stay(*WITH_SOMEBODY),
        Step.RECOVER: _stay(*WITH_SOMEBODY),
        Step.REOPEN: _to(OPEN, CLOSED, WITHDRAWN),
        Step.NOTE: _stay(*WITH_SOMEBODY),
    }
)
# What an answer or a command is to the order: the step of its name, but that an operator's `close` overrules.
ANSWERS: Final = tuple(Step(action) for action in CrewAction)
COMMANDS: Final[Mapping[OperatorAction, Step]] = MappingProxyType(
    {action: Step.OVERRULE if action is OperatorAction.CLOSE else Step(action) for action in OperatorAction}
)


def answers(state: OrderState) -> tuple[Step, ...]:
    """What a crew may answer in this state."""
    return tuple(step for step in ANSWERS if state in LEGAL[step])


def commands(state: OrderState) -> tuple[OperatorAction, ...]:
    """What an operator may command in this state."""
    return tuple(name for name, step in COMMANDS.items() if state in LEGAL[step])


def file(order: Order, *, at: Millis, who: str, why: str) -> Order:
    """立案."""
    return _step(order, Step.FILE, who, at, why)


def dispatch(order: Order, *, crew: str, limits: Limits, at: Millis, who: str, why: str, desk: bool) -> Order:
    """Give it to a crew. Whoever had it before has it no longer; the desk keeps its copy where `desk` says so."""
    fresh = {"crew": crew, "desk": desk, "limits": limits, "dispatched": at, "escalated": False}
    gone = {"accepted": None, "arrived": None, "done": None, "held_from": None, "held_at": None, "put_off": False}
    return _step(order, Step.DISPATCH, who, at, why, **fresh, **gone)


def accept(order: Order, *, by: str, at: Millis, why: str = "") -> Order:
    """接单."""
    return _step(order, Step.ACCEPT, by, at, why, accepted=at)


def arrive(order: Order, *, by: str, at: Millis, why: str = "") -> Order:
    """到场."""
    return _step(order, Step.ARRIVE, by, at, why, arrived=at, **_taken(order, at))


def done(order: Order, *, by: str, at: Millis, why: str = "") -> Order:
    """The crew says it is finished. Telemetry, or a person where safety is at stake, has `verify_s` to agree."""
    verify = None if order.safety else at + order.plan.verify_s * 1000
    kept = order.limits._replace(verify=verify)
    return _step(
        order,
        Step.DONE,
        by,
        at,
        why,
        done=at,
        limits=kept,
        put_off=False,
        desk=order.desk or order.safety,
        **_taken(order, at),
    )


def decline(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """Give it back (退回), with a reason; somebody else is to be found at once."""
    return _step(order, Step.DECLINE, by, at, why, declined=(*order.declined, by))


def extend(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """As long again as the plan gave. Once; more is for the desk to decide."""
    if order.extensions:
        raise ConflictError("it was extended once already; the duty desk decides on more")
    start = max(order.limits.finish or at, at)
    later = order.limits._replace(finish=start + order.plan.finish_s * 1000)
    return _step(order, Step.EXTEND, by, at, why, limits=later, extensions=1, overdue=False)


def hold(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """Park it (挂账): the clock stands until `resume`."""
    back = ACCEPTED if order.state is DISPATCHED else order.state
    return _step(order, Step.HOLD, by, at, why, held_from=back, held_at=at, **_taken(order, at))


def resume(order: Order, *, by: str, at: Millis, why: str = "") -> Order:
    """Take it up again where it was left; limits move by as long as it lay."""
    lay = max(0, at - (order.held_at if order.held_at is not None else at))
    arrive_by, finish_by = order.limits.arrive, order.limits.finish
    moved = order.limits._replace(
        arrive=None if arrive_by is None else arrive_by + lay, finish=None if finish_by is None else finish_by + lay
    )
    return _step(order, Step.RESUME, by, at, why, limits=moved, held_from=None, held_at=None)


def verify(order: Order, *, at: Millis, why: str) -> Order:
    """The sensors agree: closed by telemetry. Never for a safety order."""
    if order.safety:
        raise ConflictError("a safety order is confirmed by a person, never by telemetry")
    seen = _step(order, Step.VERIFY, TELEMETRY, at, why)
    return _step(seen, Step.CLOSE, TELEMETRY, at, "", closed=at, closed_by=TELEMETRY)


def confirm(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """A person agrees: closed by that person."""
    seen = _step(order, Step.CONFIRM, by, at, why)
    return _step(seen, Step.CLOSE, by, at, "", closed=at, closed_by=by)


def overrule(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """An operator closes it as it stands, whatever the sensors say."""
    return _step(order, Step.OVERRULE, by, at, why, closed=at, closed_by=by)


def rework(order: Order, *, who: str, at: Millis, why: str) -> Order:
    """What was said to be done is not (返工): all over again."""
    return _step(order, Step.REWORK, who, at, why, reworks=order.reworks + 1, overdue=False, extensions=0)


def withdraw(order: Order, *, at: Millis, why: str) -> Order:
    """The condition is gone before anybody took it in hand (撤单). Never for a safety order."""
    if order.safety:
        raise ConflictError("a safety order is never withdrawn")
    return _step(order, Step.WITHDRAW, TELEMETRY, at, why, closed=at, closed_by=TELEMETRY)


def reassign(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """Take it from whoever has it (转派)."""
    return _step(order, Step.REASSIGN, by, at, why)


def reopen(order: Order, *, alarm: str, who: str, at: Millis, why: str) -> Order:
    """The condition is back within the cool-down: the same order, counted as rework where it had been finished."""
    again = order.reworks + (order.state is CLOSED)
    back = _step(order, Step.REOPEN, who, at, why, closed=None, closed_by="", reworks=again, overdue=False)
    return replace(back, alarms=_with(back.alarms, alarm), recovered=False, declined=(), extensions=0, look_again=None)


def attach(order: Order, *, alarm: str, who: str, at: Millis, why: str) -> Order:
    """Another alarm of the same cause."""
    return _step(order, Step.ATTACH, who, at, why, alarms=_with(order.alarms, alarm), recovered=False)


def amend(order: Order, *, who: str, at: Millis, why: str) -> Order:
    """Many more members than was said: time to say it."""
    return _step(order, Step.AMEND, who, at, why)


def urge(order: Order, *, priority: Priority, who: str, at: Millis, why: str) -> Order:
    """It has become worse: more urgent from now on. It never becomes less urgent by itself."""
    return _step(order, Step.RAISE, who, at, why, priority=priority)


def recover(order: Order, *, at: Millis, why: str) -> Order:
    """The condition is gone while somebody has the order in hand (条件已恢复)."""
    return _step(order, Step.RECOVER, TELEMETRY, at, why, recovered=True)


def escalate(order: Order, *, who: str, at: Millis, why: str) -> Order:
    """Not accepted in time: the desk has it as well."""
    return _step(order, Step.ESCALATE, who, at, why, escalated=True, desk=True)


def overdue(order: Order, *, who: str, at: Millis, why: str) -> Order:
    """Not finished in time: the desk has it as well."""
    return _step(order, Step.OVERDUE, who, at, why, overdue=True, desk=True)


def note(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """Write it down, nothing more."""
    return _step(order, Step.NOTE, by, at, why)


def _step(order: Order, step: Step, who: str, at: Millis, why: str, **amended: Any) -> Order:
    """The order after `step`. Raises ConflictError, saying what would be legal."""
    after = LEGAL[step].get(order.state)
    if after is None:
        raise ConflictError(_refusal(order, step))
    if step is Step.RESUME and order.held_from is not None:
        after = order.held_from
    line = Line(at, who, step, why, order.state, after, amended.get("crew", order.crew))
    return replace(order, state=after, history=(*order.history, line), **amended)


def _refusal(order: Order, step: Step) -> str:
    would = ", ".join(one for one in answers(order.state) if order.safety or one is not Step.CONFIRM)
    tail = f"legal now: {would}" if would else "it has ended" if order.ended else "the sensors are to verify it"
    return f"{step} does not fit an order that is {order.state}; {tail}"


def _taken(order: Order, at: Millis) -> dict[str, Millis]:
    """Acceptance by the act itself."""
    return {} if order.accepted is not None else {"accepted": at}


def _with(alarms: tuple[str, ...], alarm: str) -> tuple[str, ...]:
    return alarms if alarm in alarms else (*alarms, alarm)
