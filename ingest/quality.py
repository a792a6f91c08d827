"""How far what was said can be believed: each value by its quantity, each time by the receive time."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from sys import float_info
from typing import Final

from domain.naming import QUANTITIES
from domain.readings import Millis, Value
from ingest import quarantine
from ingest.codecs.said import Faults

AHEAD: Final = 5 * 60_000  # a device's clock may be ahead of ours by this much
EARLIEST: Final = 946_684_800_000  # 2000-01-01: an event time before it is a clock that was never set
NEAR: Final = 2 * 60_000  # how exactly an offset must match the site's zone to be called a zone fault
_DAY: Final = 86_400_000
_NO_LIMIT: Final = float_info.max

_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    q.name: (-_NO_LIMIT if q.low is None else q.low, _NO_LIMIT if q.high is None else q.high)
    for q in QUANTITIES.values()
    if q.type == "float"
}
# as floats, because a float is compared with an int at twice the price
_BETWEEN: Final = {name: (float(low), float(high)) for name, (low, high) in _BOUNDS.items()}
_FLAGS: Final = frozenset(q.name for q in QUANTITIES.values() if q.type == "bool")
_CHOICES: Final = {q.name: q.choices for q in QUANTITIES.values() if q.type == "text"}
# What there cannot be more of than the facility has room for: quantity -> its attribute.
_ROOM: Final = {"available_spots": "capacity", "occupied_spots": "capacity", "stalls_free": "stalls"}
_WANTED: Final = {"float": "a number", "bool": "true or false", "text": "text"}


def believed(values: dict[str, Value]) -> tuple[dict[str, Value], Faults]:
    """The values that can be believed, and why the others cannot. The same dict where all can."""
    return (values, ()) if plain(values) else _sorted_out(values)


def plain(values: dict[str, Value]) -> bool:
    """Whether all of them can be believed."""
    try:
        for name, value in values.items():
            if type(value) is float:
                low, high = _BETWEEN[name]
                if not low <= value <= high:
                    return False
            elif type(value) is bool:
                if name not in _FLAGS:
                    return False
            elif value not in _CHOICES.get(name, ()):
                return False
    except KeyError:
        return False
    return True


def room_of(attributes: Mapping[str, float]) -> Mapping[str, float]:
    """The most that a facility with these attributes can say of each quantity that it limits."""
    return {quantity: attributes[name] for quantity, name in _ROOM.items() if name in attributes}


def within(values: dict[str, Value], room: Mapping[str, float]) -> tuple[dict[str, Value], Faults]:
    """Those that leave room for the truth, and why the others do not. The same dict where all do."""
    beyond = {
        name: most for name, most in room.items() if isinstance(found := values.get(name), float) and found > most
    }
    if not beyond:
        return values, ()
    good = {name: value for name, value in values.items() if name not in beyond}
    return good, tuple((name, quarantine.more_than_room(name, values[name], most)) for name, most in beyond.items())


def clock_fault(at: Millis, received: Millis, zone: timedelta) -> str:
    """Why `at` cannot be the event time of what came at `received`; "" where it can. `zone`: the site's offset."""
    if EARLIEST <= at <= received + AHEAD:
        return ""
    found = _told(at)
    if abs(at - received - zone // timedelta(milliseconds=1)) <= NEAR:
        hours = zone / timedelta(hours=1)
        hint = "this is a zone fault: local time is sent as UTC; set the device to UTC or send the offset"
        return quarantine.clock_off(found, f"{hours:+g} h from the receive time", hint)
    if abs(at * 1000 - received) <= _DAY:
        return quarantine.clock_off(found, "which is in seconds", "send milliseconds")
    if at > received:
        ahead = f"{(at - received) // 1000} s after it was received"
        return quarantine.clock_off(found, ahead, "set the device's clock")
    return quarantine.clock_off(found, "before the year 2000", "set the device's clock")


def _sorted_out(values: dict[str, Value]) -> tuple[dict[str, Value], Faults]:
    good: dict[str, Value] = {}
    faults = []
    for name, value in values.items():
        doubt = _doubt(name, value)
        if doubt:
            faults.append((quarantine.named(name), doubt))
        else:
            good[name] = value
    return good, tuple(faults)


def _doubt(name: str, value: Value) -> str:
    quantity = QUANTITIES.get(name)
    if quantity is None:
        return quarantine.unknown_quantity(name)
    match quantity.type, value:
        case ("bool", bool()):
            return ""
        case ("text", str()):
            return "" if value in quantity.choices else quarantine.unknown_choice(name, value, quantity.choices)
        case ("float", float()):
            low, high = _BOUNDS[name]
            if not math.isfinite(value):
                return quarantine.not_a_number(name, value)
            return "" if low <= value <= high else quarantine.out_of_range(name, value, low, high, quantity.unit)
        case _:
            return quarantine.wrong_type(name, value, _WANTED[quantity.type])


def _told(at: Millis) -> str:
    try:
        return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{at} ms"
