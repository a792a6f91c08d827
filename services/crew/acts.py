"""What a crew may answer to an order now, for its page to offer. The judge decides it again when the answer comes."""

from collections.abc import Mapping
from typing import Final

from domain.naming import CrewAction
from services.dispatch.legal import LEGAL, answers
from services.dispatch.orders import Order, OrderState, Pause, Step

OF_THE_DESK: Final = (CrewAction.CONFIRM, CrewAction.GRANT, CrewAction.REFUSE)
OF_CREWS: Final = tuple(action for action in CrewAction if action not in OF_THE_DESK)


def may(order: Order, crew: str, desk: str) -> tuple[CrewAction, ...]:
    """What fits its state and whoever asks, as `services.judge.answers` has it."""
    if order.ended:
        return ()
    asked = (CrewAction.GRANT, CrewAction.REFUSE) if crew == desk and order.asked is not None else ()
    if order.state is OrderState.DONE and order.vouched:
        return (CrewAction.CONFIRM, CrewAction.DECLINE) if crew == desk else ()
    if crew != order.crew:
        taken = crew == desk and order.desk and order.state is OrderState.DISPATCHED
        return ((CrewAction.ACCEPT,) if taken else ()) + asked
    found = [CrewAction(step) for step in answers(order.state) if CrewAction(step) in OF_CREWS]
    if crew == desk and CrewAction.DECLINE in found:
        found.remove(CrewAction.DECLINE)
    if order.asked is not None and CrewAction.EXTEND in found:
        found.remove(CrewAction.EXTEND)
    if order.state is OrderState.ON_HOLD:
        found.append(CrewAction.DONE)
        if order.held_for not in (None, Pause.PARKED):
            found.remove(CrewAction.RESUME)
    return (*found, *asked)


def becomes() -> Mapping[str, Mapping[str, str]]:
    """What an order becomes by each answer of a crew, by its state before: for a page that has no network."""
    legal = {str(one): {str(a): str(b) for a, b in LEGAL[Step(one)].items()} for one in OF_CREWS}
    legal[str(CrewAction.DONE)][str(OrderState.ON_HOLD)] = str(OrderState.DONE)  # by going on with it first
    return legal
