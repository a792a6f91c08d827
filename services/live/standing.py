"""How a facility stands, in one word that a map can show."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from services.dispatch.orders import Alarm, Order, OrderState


class Standing(StrEnum):
    """How it stands. The worst of what is known of it."""

    ALARM = "alarm"  # 报警: something is wrong, and nobody has taken it on yet
    ATTENDED = "attended"  # 处置中: a crew has accepted it, or is there
    VERIFYING = "verifying"  # 核查中: done by what the crew says; sensors or a person are to agree
    HELD = "held"  # 挂账: known, and cannot be done now
    SILENT = "silent"  # 失联: its sensor says nothing, or is what is wrong
    NOTED = "noted"  # 待办: something is due with the next round; nobody is sent for it
    OK = "ok"  # 正常
    UNKNOWN = "unknown"  # 未知: never heard


_OF_ORDER: Final = {
    OrderState.ACCEPTED: Standing.ATTENDED,
    OrderState.ARRIVED: Standing.ATTENDED,
    OrderState.DONE: Standing.VERIFYING,
    OrderState.VERIFIED: Standing.VERIFYING,
    OrderState.ON_HOLD: Standing.HELD,
}
_WORST_FIRST: Final = tuple(Standing)


def standing_of(
    alarms: Collection[Alarm], orders: Collection[Order], known: Mapping[str, Order], *, heard: bool, late: bool
) -> tuple[Standing, Order | None]:
    """How it stands by the open alarms that touch it, the orders about it that have not ended, and whether it is heard;
    and the order that says so. `known` has the orders that answer alarms.
    """
    found: list[tuple[Standing, Order | None]] = [(_of_order(order), order) for order in orders]
    for alarm in alarms:
        order = known.get(alarm.order)
        if not alarm.order:
            found.append((Standing.NOTED, None))
        elif order is None or order.ended:
            found.append((Standing.ALARM, order))
    if late and heard:
        found.append((Standing.SILENT, None))
    if found:
        return min(found, key=lambda one: (_WORST_FIRST.index(one[0]), one[1].priority if one[1] else "P9"))
    if not heard:
        return Standing.UNKNOWN, None
    return Standing.OK, None


def _of_order(order: Order) -> Standing:
    """What is about our own instruments says nothing of the facility but that it cannot be heard."""
    waiting = Standing.ALARM if order.counted else Standing.SILENT
    return _OF_ORDER.get(order.state, waiting)
