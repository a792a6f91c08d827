"""What an answer or a command does to an order. Who may say what is decided here; what is legal when, in `life`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, assert_never

from domain.errors import ConflictError
from domain.naming import CrewAction, OperatorAction
from domain.readings import Millis
from ingest.codecs.replies import Command, Reply
from services.dispatch import life
from services.dispatch.orders import Order, OrderState

STILL_WRONG: Final = "the sensors still show it: decline to send the crew again, or have it closed with a reason"


FALSE: Final = ("false alarm", "误报")  # how a reason begins that says so


def says_false(why: str) -> bool:
    """Whether a reason says that there was nothing: a false alarm (误报)."""
    return why.strip().lower().startswith(FALSE)


def answered(order: Order, crew: str, reply: Reply, at: Millis, desk: str, *, wrong: bool = False) -> Order:
    """The order after a crew's answer; it may now be open, for the judge to give to somebody. Raises ConflictError.
    `wrong`: the sensors show it at this moment, so that nobody can confirm that it is well.

    The desk's copy lets it take over what nobody has accepted, by accepting it; and confirm, or decline, safety work
    that is done.
    """
    if order.ended:
        raise ConflictError(f"the order is {order.state}")
    if reply.action is CrewAction.CONFIRM or (order.state is OrderState.DONE and order.safety):
        return _confirmed(order, crew, reply, at, desk, wrong=wrong)
    if crew != order.crew:
        return _taken_over(order, crew, reply, at, desk)
    return _plain(order, crew, reply, at, desk)


def _plain(order: Order, crew: str, reply: Reply, at: Millis, desk: str) -> Order:
    """An answer of the crew that has the order."""
    if reply.action in (CrewAction.DECLINE, CrewAction.EXTEND, CrewAction.HOLD) and not reply.why:
        raise ConflictError(f"{reply.action} needs a reason")
    if reply.action is CrewAction.DECLINE and crew == desk:
        raise ConflictError("the duty desk is the last to be asked; an operator may reassign it")
    return _SAID[reply.action](order, by=crew, at=at, why=reply.why)


_SAID: Final[Mapping[CrewAction, Callable[..., Order]]] = MappingProxyType(
    {
        CrewAction.ACCEPT: life.accept,
        CrewAction.ARRIVE: life.arrive,
        CrewAction.DONE: life.done,
        CrewAction.DECLINE: life.decline,
        CrewAction.EXTEND: life.extend,
        CrewAction.HOLD: life.hold,
        CrewAction.RESUME: life.resume,
    }
)


def commanded(order: Order, command: Command, at: Millis, *, wrong: bool = False) -> Order:
    """The order after an operator's command. Raises ConflictError. `wrong` as of `answered`."""
    if order.ended:
        raise ConflictError(f"the order is {order.state}")
    if not command.why and command.action is not OperatorAction.CONFIRM:
        raise ConflictError(f"{command.action} needs a reason")
    legal = life.commands(order.state)
    if command.action not in legal:
        would = ", ".join(legal)
        raise ConflictError(f"{command.action} does not fit an order that is {order.state}; legal now: {would}")
    match command.action:
        case OperatorAction.CLOSE:
            return life.overrule(order, by=command.by, at=at, why=command.why)
        case OperatorAction.CONFIRM:
            if wrong:
                raise ConflictError(STILL_WRONG)
            return life.confirm(order, by=command.by, at=at, why=command.why)
        case OperatorAction.NOTE:
            return life.note(order, by=command.by, at=at, why=command.why)
        case OperatorAction.REASSIGN:
            return life.reassign(order, by=command.by, at=at, why=command.why)
        case _:
            assert_never(command.action)


def _confirmed(order: Order, crew: str, reply: Reply, at: Millis, desk: str, *, wrong: bool) -> Order:
    if crew != desk:
        raise ConflictError(
            "only the duty desk confirms" if reply.action is CrewAction.CONFIRM else "the duty desk is to confirm"
        )
    if not order.safety:
        raise ConflictError("the sensors verify this order; nobody has to confirm it")
    if reply.action is CrewAction.DECLINE and not reply.why:
        raise ConflictError("decline needs a reason")
    if reply.action is CrewAction.DECLINE:
        return life.rework(order, who=crew, at=at, why=reply.why)
    if reply.action is not CrewAction.CONFIRM:
        raise ConflictError("legal now: confirm, decline")
    if wrong and order.state is OrderState.DONE:
        raise ConflictError(STILL_WRONG)
    return life.confirm(order, by=crew, at=at, why=reply.why)


def _taken_over(order: Order, crew: str, reply: Reply, at: Millis, desk: str) -> Order:
    if crew != desk or not order.desk:
        raise ConflictError(f"the order is with {order.crew}")
    if order.state is not OrderState.DISPATCHED or reply.action is not CrewAction.ACCEPT:
        raise ConflictError(f"the order is {order.state} with {order.crew}: an operator may reassign it")
    free = life.reassign(order, by=crew, at=at, why="the duty desk takes over")
    kept = order.limits
    given = life.dispatch(free, crew=crew, limits=kept, at=at, who=crew, why="taken over", desk=False)
    return life.accept(given, by=crew, at=at, why=reply.why)
