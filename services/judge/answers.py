"""What an answer or a command does to an order. Who may say what is decided here; what is legal when, in `life`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from domain.clocks import Clocks
from domain.errors import ConflictError
from domain.naming import CrewAction, OperatorAction
from domain.readings import Millis
from ingest.codecs.replies import Command, Reply
from services.dispatch import clocks, life
from services.dispatch.legal import commands
from services.dispatch.orders import Order, OrderState, Pause
from services.dispatch.working import WorkingHours

STILL_WRONG: Final = "the sensors still show it: decline to send the crew again, or have it closed with a reason"
FINISHED: Final = "it is done"  # why a held order goes on
CHANGED: Final = "the order is not as you saw it"  # how a refusal begins where another was quicker
FALSE: Final = ("false alarm", "误报")  # how a reason begins that says so
_NEEDS_A_REASON: Final = (CrewAction.DECLINE, CrewAction.EXTEND, CrewAction.HOLD, CrewAction.REFUSE)
NO_REASON: Final = (OperatorAction.CONFIRM, OperatorAction.GRANT, OperatorAction.RESUME)
_OF_THE_DESK: Final = (CrewAction.GRANT, CrewAction.REFUSE)
OF_THE_BOOK: Final = (OperatorAction.MERGE, OperatorAction.FOLLOW_UP)  # they are about two orders


class Terms(NamedTuple):
    """What a site allows: its duty desk, its clocks, its working hours."""

    desk: str
    clocks: Clocks
    hours: WorkingHours


def says_false(why: str) -> bool:
    """Whether a reason says that there was nothing: a false alarm (误报)."""
    return why.strip().lower().startswith(FALSE)


def answered(order: Order, crew: str, reply: Reply, at: Millis, terms: Terms, *, wrong: bool = False) -> Order:
    """The order after a crew's answer; it may now be open, for the judge to give to somebody. Raises ConflictError.
    `wrong`: the sensors show it at this moment, so that nobody can confirm that it is well.

    Whoever was told that an order is late may take over what nobody has accepted, by accepting it. The desk confirms,
    or declines, work that a person vouches for, and grants or refuses more time.
    """
    desk = terms.desk
    if order.ended:
        raise ConflictError(f"the order is {order.state}")
    if reply.action in _NEEDS_A_REASON and not reply.why:
        raise ConflictError(f"{reply.action} needs a reason")
    if reply.action in _OF_THE_DESK:
        if crew != desk:
            raise ConflictError("the duty desk grants or refuses more time")
        if reply.action is CrewAction.GRANT:
            return _granted(order, crew, reply.ends_at, at, reply.why, terms)
        return life.refuse(order, by=crew, at=at, why=reply.why)
    if reply.action is CrewAction.CONFIRM or (order.state is OrderState.DONE and order.vouched):
        return _confirmed(order, crew, reply, at, desk, wrong=wrong)
    if crew != order.crew:
        return _taken_over(order, crew, reply, at, desk)
    if reply.action is CrewAction.DECLINE and crew == desk:
        raise ConflictError("the duty desk is the last to be asked; an operator may reassign it")
    return _plain(order, crew, reply, at, terms)


def _plain(order: Order, crew: str, reply: Reply, at: Millis, terms: Terms) -> Order:
    """An answer of the crew that has the order."""
    if reply.action is CrewAction.EXTEND:
        until = _asked_for(order, reply.ends_at, at)
        _not_too_long(order, until, terms)
        return life.extend(order, by=crew, at=at, why=reply.why, until=until)
    if reply.action is CrewAction.HOLD:
        until = _held_until(reply.ends_at, at, terms)
        return life.hold(order, by=crew, at=at, why=reply.why, until=until)
    if reply.action is CrewAction.RESUME:
        if order.state is OrderState.ON_HOLD and order.held_for not in (None, Pause.PARKED):
            raise ConflictError("work is not to go on now: the service, or an operator, resumes it")
        return resumed(order, crew, at, reply.why, terms)
    if reply.action is CrewAction.DONE and order.state is OrderState.ON_HOLD:
        order = resumed(order, crew, at, FINISHED, terms)  # a finished repair is finished, whatever the clock did
    return _SAID[reply.action](order, by=crew, at=at, why=reply.why)


_SAID: Final[Mapping[CrewAction, Callable[..., Order]]] = MappingProxyType(
    {
        CrewAction.ACCEPT: life.accept,
        CrewAction.ARRIVE: life.arrive,
        CrewAction.DONE: life.done,
        CrewAction.DECLINE: life.decline,
    }
)


def commanded(order: Order, command: Command, at: Millis, terms: Terms, *, wrong: bool = False) -> Order:
    """The order after an operator's command, but for those about two orders. Raises ConflictError. `wrong` as of
    `answered`.
    """
    allowed(order, command)
    by, why = command.by, command.why
    match command.action:
        case OperatorAction.CLOSE:
            return life.overrule(order, by=by, at=at, why=why)
        case OperatorAction.CONFIRM:
            if wrong:
                raise ConflictError(STILL_WRONG)
            return life.confirm(order, by=by, at=at, why=why)
        case OperatorAction.NOTE:
            return life.note(order, by=by, at=at, why=why)
        case OperatorAction.REASSIGN:
            return _taken_away(order, command, at, terms)
        case OperatorAction.REWORK:
            return life.rework(order, who=by, at=at, why=why)
        case OperatorAction.VOID:
            return life.void(order, by=by, at=at, why=why)
        case _:
            return _timed(order, command, at, terms)


def _timed(order: Order, command: Command, at: Millis, terms: Terms) -> Order:
    """What an operator says about the clock of an order."""
    by, why = command.by, command.why
    match command.action:
        case OperatorAction.HOLD:
            return life.hold(order, by=by, at=at, why=why, until=_held_until(command.until, at, terms))
        case OperatorAction.RESUME:
            return resumed(order, by, at, why, terms)
        case OperatorAction.GRANT:
            return _granted(order, by, command.until, at, why, terms)
        case OperatorAction.REFUSE:
            return life.refuse(order, by=by, at=at, why=why)
        case _:
            raise ValueError(f"{command.action} is about two orders")


def allowed(order: Order, command: Command) -> None:
    """Return where an operator may command it now, with the reason that it needs, and it is as they saw it. Raises
    ConflictError.
    """
    if command.seen is not None and command.seen != len(order.history):
        since = "; ".join(f"{one.who}: {one.step}, {one.why}" for one in order.history[command.seen :])
        raise ConflictError(f"{CHANGED}: {since or 'look again'}")
    follows = command.action is OperatorAction.FOLLOW_UP
    if order.ended and not follows:
        raise ConflictError(f"the order is {order.state}")
    if not command.why and command.action not in NO_REASON:
        raise ConflictError(f"{command.action} needs a reason")
    legal = commands(order.state)
    if command.action not in legal:
        would = ", ".join(legal)
        raise ConflictError(f"{command.action} does not fit an order that is {order.state}; legal now: {would}")


def resumed(order: Order, by: str, at: Millis, why: str, terms: Terms) -> Order:
    """A held order taken up again, with the time that was left."""
    limits, yellow = clocks.after_pause(order, terms.hours, at)
    return life.resume(order, by=by, at=at, why=why, limits=limits, yellow=yellow)


def _taken_away(order: Order, command: Command, at: Millis, terms: Terms) -> Order:
    """An order that somebody else is to have, with the time that was left where its clock stood."""
    left = clocks.after_pause(order, terms.hours, at) if order.state is OrderState.ON_HOLD else (None, None)
    return life.reassign(order, by=command.by, at=at, why=command.why, limits=left[0], yellow=left[1])


def _held_until(said: Millis | None, at: Millis, terms: Terms) -> Millis:
    until = said if said is not None else at + terms.clocks.hold_usual_s * 1000
    if until <= at:
        raise ConflictError("say until when it is held, and a time that is still to come")
    if until > at + terms.clocks.hold_most_s * 1000:
        days = terms.clocks.hold_most_s / 86_400
        raise ConflictError(f"an order is held for {days:g} days at most: hold it again then, or close it")
    return until


def _asked_for(order: Order, said: Millis | None, at: Millis) -> Millis:
    """Until when more time is asked for; where that is not said, as long again as the order was given."""
    start = max(order.limits.finish or at, at)
    return said if said is not None else start + (order.allowed or order.plan.finish_s * 1000)


def _not_too_long(order: Order, until: Millis, terms: Terms) -> None:
    most = clocks.most_until(order, terms.clocks)
    if most is not None and until > most:
        raise ConflictError(f"all extensions together are {terms.clocks.extend_most:g} times the finish limit at most")


def _granted(order: Order, by: str, until: Millis | None, at: Millis, why: str, terms: Terms) -> Order:
    ends = until if until is not None else order.asked.until if order.asked is not None else None
    if ends is None:
        raise ConflictError("nobody asked for more time: say until when")
    _not_too_long(order, ends, terms)
    yellow = clocks.more_time(order, terms.hours, at, ends)
    return life.grant(order, by=by, at=at, why=why, until=ends, yellow=yellow)


def _confirmed(order: Order, crew: str, reply: Reply, at: Millis, desk: str, *, wrong: bool) -> Order:
    if crew != desk:
        raise ConflictError(
            "only the duty desk confirms" if reply.action is CrewAction.CONFIRM else "the duty desk is to confirm"
        )
    if not order.vouched:
        raise ConflictError("the sensors verify this order; nobody has to confirm it")
    if reply.action is CrewAction.DECLINE:
        return life.rework(order, who=crew, at=at, why=reply.why)
    if reply.action is not CrewAction.CONFIRM:
        raise ConflictError("legal now: confirm, decline")
    if wrong and order.state is OrderState.DONE:
        raise ConflictError(STILL_WRONG)
    return life.confirm(order, by=crew, at=at, why=reply.why)


def _taken_over(order: Order, crew: str, reply: Reply, at: Millis, desk: str) -> Order:
    told = {rung.crew for rung in order.rungs} | ({desk} if order.desk else set())
    if crew not in told:
        raise ConflictError(f"the order is with {order.crew}")
    if order.state is not OrderState.DISPATCHED or reply.action is not CrewAction.ACCEPT:
        raise ConflictError(f"the order is {order.state} with {order.crew}: an operator may reassign it")
    name = "the duty desk" if crew == desk else crew
    free = life.reassign(order, by=crew, at=at, why=f"{name} takes over")
    given = life.dispatch(
        free,
        crew=crew,
        limits=order.limits,
        at=at,
        who=crew,
        why="taken over",
        desk=False,
        yellow=order.yellow,
        working=order.working,
    )
    return life.accept(given, by=crew, at=at, why=reply.why)
