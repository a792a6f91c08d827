"""What may happen to an order in which state, and what becomes of it: one table. `life` makes the changes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from domain.naming import CrewAction, OperatorAction
from services.dispatch.orders import OrderState, Step

DRAFT, OPEN, DISPATCHED = OrderState.DRAFT, OrderState.OPEN, OrderState.DISPATCHED
ACCEPTED, ARRIVED, ON_HOLD = OrderState.ACCEPTED, OrderState.ARRIVED, OrderState.ON_HOLD
DONE, VERIFIED, CLOSED, WITHDRAWN = OrderState.DONE, OrderState.VERIFIED, OrderState.CLOSED, OrderState.WITHDRAWN
VOID, MERGED = OrderState.VOID, OrderState.MERGED

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
        Step.GRANT: _stay(ACCEPTED, ARRIVED),
        Step.REFUSE: _stay(ACCEPTED, ARRIVED),
        Step.HOLD: _to(ON_HOLD, DISPATCHED, ACCEPTED, ARRIVED),
        Step.RESUME: _to(ACCEPTED, ON_HOLD),
        Step.VERIFY: _to(VERIFIED, DONE),
        Step.CONFIRM: _to(VERIFIED, DONE),
        Step.REWORK: _to(OPEN, DONE),
        Step.CLOSE: _to(CLOSED, VERIFIED),
        Step.WITHDRAW: _to(WITHDRAWN, OPEN, DISPATCHED, ON_HOLD),
        Step.VOID: _to(VOID, *WITH_SOMEBODY),
        Step.MERGE: _to(MERGED, *AT_WORK, ON_HOLD),
        Step.ABSORB: _stay(*AT_WORK, ON_HOLD),
        Step.FOLLOW_UP: _stay(*WITH_SOMEBODY, CLOSED, WITHDRAWN),
        Step.OVERRULE: _to(CLOSED, *WITH_SOMEBODY),
        Step.REASSIGN: _to(OPEN, DISPATCHED, ACCEPTED, ARRIVED, ON_HOLD),
        Step.ESCALATE: _stay(*AT_WORK),
        Step.OVERDUE: _stay(DISPATCHED, ACCEPTED, ARRIVED),
        Step.ATTACH: _stay(*WITH_SOMEBODY),
        Step.AMEND: _stay(*AT_WORK),
        Step.RAISE: _stay(*WITH_SOMEBODY),
        Step.RECOVER: _stay(*WITH_SOMEBODY),
        Step.REOPEN: _to(OPEN, CLOSED, WITHDRAWN, VOID),
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
