"""The life of an order: each change that may happen to it. The table in `legal` says when; nothing else does.

Acceptance may be skipped: a crew that arrives, finishes or parks an order it never accepted has accepted it by that
act, at that time. Hands are full out there, and refusing a finished repair over a missing tap helps nobody.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from domain.errors import ConflictError
from domain.naming import Priority
from domain.readings import Millis
from services.dispatch.legal import ACCEPTED, CLOSED, DISPATCHED, DONE, LEGAL, ON_HOLD, OPEN, answers
from services.dispatch.orders import ENDED, NO_LIMITS, TELEMETRY, Asked, Limits, Order, OrderState, Pause, Rung, Step
from services.dispatch.orders import Change as Line

_NOT_HELD: Final[Mapping[str, None]] = dict.fromkeys(("held_from", "held_at", "held_until", "held_for"))


def file(order: Order, *, at: Millis, who: str, why: str) -> Order:
    """立案."""
    return _step(order, Step.FILE, who, at, why)


def dispatch(
    order: Order,
    *,
    crew: str,
    limits: Limits,
    at: Millis,
    who: str,
    why: str,
    desk: bool,
    yellow: Limits = NO_LIMITS,
    working: bool = False,
) -> Order:
    """Give it to a crew. Whoever had it before has it no longer; the desk keeps its copy where `desk` says so."""
    fresh = {"crew": crew, "desk": desk, "limits": limits, "yellow": yellow, "working": working, "dispatched": at}
    gone = {
        "accepted": None,
        "arrived": None,
        "done": None,
        "put_off": False,
        "escalated": False,
        "rungs": (),
        "asked": None,
    }
    return _step(order, Step.DISPATCH, who, at, why, **fresh, **gone, **_NOT_HELD)


def accept(order: Order, *, by: str, at: Millis, why: str = "") -> Order:
    """接单."""
    return _step(order, Step.ACCEPT, by, at, why, accepted=at)


def arrive(order: Order, *, by: str, at: Millis, why: str = "") -> Order:
    """到场."""
    return _step(order, Step.ARRIVE, by, at, why, arrived=at, **_taken(order, at))


def done(order: Order, *, by: str, at: Millis, why: str = "") -> Order:
    """The crew says it is finished. Telemetry, or a person where safety is at stake, has `verify_s` to agree."""
    verify = None if order.vouched else at + order.plan.verify_s * 1000
    warned = None if order.vouched else at + order.plan.verify_s * 800  # 80 %, as of every limit
    kept = order.limits._replace(verify=verify)
    return _step(
        order,
        Step.DONE,
        by,
        at,
        why,
        done=at,
        limits=kept,
        yellow=order.yellow._replace(verify=warned),
        put_off=False,
        asked=None,
        desk=order.desk or order.vouched,
        **_taken(order, at),
    )


def decline(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """Give it back (退回), with a reason; somebody else is to be found at once."""
    return _step(order, Step.DECLINE, by, at, why, declined=(*order.declined, by))


def extend(order: Order, *, by: str, at: Millis, why: str, until: Millis) -> Order:
    """Ask for more time (延时申请): nothing changes until the desk, which is told, has granted or refused it."""
    if order.asked is not None:
        raise ConflictError("more time was asked for already; the duty desk is to answer")
    if order.limits.finish is None or until <= max(order.limits.finish, at):
        raise ConflictError("more time is what ends later than the limit, and is still to come")
    return _step(order, Step.EXTEND, by, at, why, asked=Asked(by, at, until, why), desk=True)


def grant(order: Order, *, by: str, at: Millis, why: str, until: Millis, yellow: Millis) -> Order:
    """More time, asked for or not (准予延时): the finish limit is `until` from now on."""
    before = order.limits.finish
    if before is None or until <= max(before, at):
        raise ConflictError("more time is what ends later than the limit, and is still to come")
    limits, warned = order.limits._replace(finish=until), order.yellow._replace(finish=yellow)
    more = {"extensions": order.extensions + 1, "extended": order.extended + until - before, "overdue": False}
    told = tuple(rung for rung in order.rungs if rung.limit != "finish")
    return _step(order, Step.GRANT, by, at, why, limits=limits, yellow=warned, asked=None, rungs=told, **more)


def refuse(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """No more time (不予延时): the limit stays."""
    if order.asked is None:
        raise ConflictError("nobody asked for more time")
    return _step(order, Step.REFUSE, by, at, why, asked=None)


def hold(
    order: Order, *, by: str, at: Millis, why: str, until: Millis | None = None, pause: Pause = Pause.PARKED
) -> Order:
    """The clock stands until `resume`, which comes by itself at `until`. A crew that parks it (挂账) has taken it."""
    taken = pause is Pause.PARKED and by == order.crew
    back = ACCEPTED if taken and order.state is DISPATCHED else order.state
    held = {"held_from": back, "held_at": at, "held_until": until, "held_for": pause, "asked": None}
    return _step(order, Step.HOLD, by, at, why, **held, **(_taken(order, at) if taken else {}))


def resume(
    order: Order, *, by: str, at: Millis, why: str = "", limits: Limits | None = None, yellow: Limits | None = None
) -> Order:
    """Take it up again where it was left; limits move by as long as it lay, or to those that are said."""
    return _step(order, Step.RESUME, by, at, why, **_moved(order, at, limits, yellow))


def verify(order: Order, *, at: Millis, why: str) -> Order:
    """The sensors agree: closed by telemetry. Never for a safety order."""
    if order.vouched:
        raise ConflictError("a person confirms it, never telemetry")
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
    again = {"reworks": order.reworks + 1, "overdue": False, "extensions": 0, "extended": 0}
    return _step(order, Step.REWORK, who, at, why, **again)


def withdraw(order: Order, *, at: Millis, why: str) -> Order:
    """The condition is gone before anybody took it in hand (撤单). Never for a safety order."""
    if order.vouched:
        raise ConflictError("what a person confirms is never withdrawn")
    if order.state is ON_HOLD and order.accepted is not None:
        raise ConflictError("somebody took it in hand before it was held: it stays until it is done")
    return _step(order, Step.WITHDRAW, TELEMETRY, at, why, closed=at, closed_by=TELEMETRY)


def reassign(
    order: Order, *, by: str, at: Millis, why: str, limits: Limits | None = None, yellow: Limits | None = None
) -> Order:
    """Take it from whoever has it (转派). For as long as its clock stood it has more time, or those limits."""
    return _step(order, Step.REASSIGN, by, at, why, **_moved(order, at, limits, yellow))


def reopen(order: Order, *, alarm: str, who: str, at: Millis, why: str) -> Order:
    """The condition is back within the cool-down: the same order, counted as rework where it had been finished."""
    again = order.reworks + (order.state is CLOSED)
    back = _step(order, Step.REOPEN, who, at, why, closed=None, closed_by="", reworks=again, overdue=False)
    fresh = replace(back, recovered=False, declined=(), extensions=0, extended=0, look_again=None)
    return replace(fresh, alarms=_with(back.alarms, alarm))


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


def escalate(order: Order, *, who: str, at: Millis, why: str, rung: Rung | None = None, desk: bool = True) -> Order:
    """Late: somebody else hears of it (升级), by default the desk."""
    told = order.rungs if rung is None else (*order.rungs, rung)
    late = order.escalated or rung is None or rung.limit == "accept"
    return _step(order, Step.ESCALATE, who, at, why, escalated=late, desk=order.desk or desk, rungs=told)


def overdue(order: Order, *, who: str, at: Millis, why: str, rung: Rung | None = None, desk: bool = True) -> Order:
    """Not finished in time: somebody hears of it, by default the desk."""
    told = order.rungs if rung is None else (*order.rungs, rung)
    return _step(order, Step.OVERDUE, who, at, why, overdue=True, desk=order.desk or desk, rungs=told)


def note(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """Write it down, nothing more."""
    return _step(order, Step.NOTE, by, at, why)


def void(order: Order, *, by: str, at: Millis, why: str) -> Order:
    """It should never have been filed (作废)."""
    return _step(order, Step.VOID, by, at, why, closed=at, closed_by=by)


def merge(order: Order, *, into: str, by: str, at: Millis, why: str) -> Order:
    """It ends in another order (并案), which has its alarms from now on."""
    return _step(order, Step.MERGE, by, at, why, closed=at, closed_by=by, merged_into=into)


def absorb(order: Order, other: Order, *, by: str, at: Millis, why: str) -> Order:
    """Another order ends in this one: its alarms, its members and, where it was more urgent, its priority are ours."""
    alarms = tuple(dict.fromkeys((*order.alarms, *other.alarms)))
    members = tuple(sorted({*order.members, *other.members, *({other.facility} - {order.facility, ""})}))
    more = {"priority": min(order.priority, other.priority), "since": min(order.since, other.since)}
    return _step(order, Step.ABSORB, by, at, why, alarms=alarms, members=members, recovered=False, **more)


def follow_up(order: Order, *, order_id: str, by: str, at: Millis, why: str) -> Order:
    """Another order follows this one (续办)."""
    return _step(order, Step.FOLLOW_UP, by, at, why, followed_by=(*order.followed_by, order_id))


def _step(order: Order, step: Step, who: str, at: Millis, why: str, **amended: Any) -> Order:
    """The order after `step`. Raises ConflictError, saying what would be legal."""
    after = LEGAL[step].get(order.state)
    if after is None:
        raise ConflictError(_refusal(order, step))
    if step is Step.RESUME and order.held_from is not None:
        after = order.held_from
    line = Line(at, who, step, why, order.state, after, amended.get("crew", order.crew))
    amended = {**_left_behind(order, after, at), **amended}
    return replace(order, state=after, history=(*order.history, line), **amended)


def _left_behind(order: Order, after: OrderState, at: Millis) -> dict[str, Any]:
    """What an order keeps no longer in another state: its hold, and a request for more time."""
    gone: dict[str, Any] = {}
    if order.state is ON_HOLD and after is not ON_HOLD:
        gone = {**_NOT_HELD, "stood": order.stood + _lay(order, at)}
    if after in (*ENDED, OPEN, DONE):
        gone["asked"] = None
    return gone


def _lay(order: Order, at: Millis) -> Millis:
    """How long the clock of a held order has stood."""
    return max(0, at - (order.held_at if order.held_at is not None else at))


def _moved(order: Order, at: Millis, limits: Limits | None, yellow: Limits | None) -> dict[str, Limits]:
    """Limits and yellow moments as they are said; where they are not, later by as long as the clock stood."""
    lay = _lay(order, at) if order.state is ON_HOLD else 0
    later = [Limits(*(None if one is None else one + lay for one in kept)) for kept in (order.limits, order.yellow)]
    return {"limits": limits or later[0], "yellow": yellow or later[1]}


def _refusal(order: Order, step: Step) -> str:
    moot = set() if order.vouched else {Step.CONFIRM}
    moot |= set() if order.asked is not None else {Step.GRANT, Step.REFUSE}
    would = ", ".join(one for one in answers(order.state) if one not in moot)
    tail = f"legal now: {would}" if would else "it has ended" if order.ended else "the sensors are to verify it"
    return f"{step} does not fit an order that is {order.state}; {tail}"


def _taken(order: Order, at: Millis) -> dict[str, Millis]:
    """Acceptance by the act itself."""
    return {} if order.accepted is not None else {"accepted": at}


def _with(alarms: tuple[str, ...], alarm: str) -> tuple[str, ...]:
    return alarms if alarm in alarms else (*alarms, alarm)
