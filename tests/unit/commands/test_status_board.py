"""The demo's board, drawn without a terminal."""

from dataclasses import replace

from rich.console import Console

from domain.alarms import AlarmState
from services.dispatch.orders import Alarm
from services.show.board import Board, Seen
from tests.unit.dispatch.coast import RULES, T0, coast


def drawn(*alarms: Alarm) -> str:
    console = Console(width=160)
    seen = Seen(T0, 1.0, 10, 1.0, 9, "", alarms, ())
    with console.capture() as caught:
        console.print(Board(coast(), dict(RULES), "").drawn(seen, 160, 40))
    return caught.get()


LAMP = Alarm("a", "lamp-out", "1", "facility:lamp-1", AlarmState.OPEN, T0, T0, T0, None, "lamp-1", (), {})


def test_an_alarm_of_a_gateway_or_of_what_is_no_more_is_drawn_too():
    gateway = replace(LAMP, id="b", subject="gateway:gw-1", facility="gw-1", members=("bin-1", "lamp-1"))
    gone = replace(LAMP, id="c", rule="no-such-rule", facility="gone")
    assert "gw-1" in drawn(LAMP, gateway, gone)
