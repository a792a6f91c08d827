"""The demo's board, drawn without a terminal."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from domain.alarms import AlarmState
from services.dispatch.orders import Alarm, Order, OrderState
from services.show.board import WIDE, Board, Seen
from tests.unit.dispatch.coast import RULES, T0, coast
from tests.unit.dispatch.test_life import order


def drawn(*alarms: Alarm, orders: Sequence[Order] = (), width: int = 160) -> str:
    console = Console(width=width)
    seen = Seen(T0, 1.0, 10, 1.0, 9, "", alarms, orders)
    with console.capture() as caught:
        console.print(Board(coast(), dict(RULES), "").drawn(seen, width, 40))
    return caught.get()


LAMP = Alarm("a", "lamp-out", "1", "facility:lamp-1", AlarmState.OPEN, T0, T0, T0, None, "lamp-1", (), {})


def test_an_alarm_of_a_gateway_or_of_what_is_no_more_is_drawn_too():
    gateway = replace(LAMP, id="b", subject="gateway:gw-1", facility="gw-1", members=("bin-1", "lamp-1"))
    gone = replace(LAMP, id="c", rule="no-such-rule", facility="gone")
    assert "gw-1" in drawn(LAMP, gateway, gone)


@pytest.mark.parametrize("width", [WIDE, 140, 200])
def test_a_case_number_is_there_whole_to_be_copied(width: int):
    one = replace(order(OrderState.ARRIVED), case="SN-20261001-0007", crew="collect-west-1", desk=True)
    assert one.case in drawn(orders=[one], width=width)
