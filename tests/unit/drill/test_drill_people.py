"""Where crews are people, what they say is done is done on the make-believe coast, once."""

from dataclasses import replace

from services.dispatch.orders import Limits, Order, OrderState
from services.drill.playing import Noted
from services.judge import Outcome
from tests.unit.dispatch.coast import MINUTE, T0, Play, wrong


def an_order(**changed: object) -> Order:
    return replace(Play().hear(T0, wrong("lamp-1", T0)).orders[0], **changed)  # type: ignore[arg-type]  # any of its fields


def test_what_is_said_to_be_done_is_mended_once_each_time():
    mended: list[str] = []
    noted = Noted(lambda order: mended.append(order.facility))
    at_work = an_order(state=OrderState.ARRIVED)
    done = replace(at_work, state=OrderState.DONE, done=T0 + MINUTE)
    for row, order in enumerate([at_work, done, done, replace(done, done=T0 + 9 * MINUTE)]):
        noted(Outcome(row, T0, orders=(order,)))
    assert mended == ["lamp-1", "lamp-1"]


def test_the_limits_of_every_dispatch_are_kept_as_they_were_last():
    noted = Noted()
    first, extended, second = Limits(accept=T0), Limits(accept=T0, finish=T0 + 5), Limits(accept=T0 + 9)
    for at, limits in ((T0, first), (T0, extended), (T0 + 7, second)):
        noted(Outcome(1, T0, orders=(an_order(dispatched=at, limits=limits),)))
    order = an_order().id
    assert noted.limits == {(order, T0): extended, (order, T0 + 7): second}
