"""Which readings a store can take at all: one answer for every store, so that none takes what another refuses."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter

from domain.naming import QUANTITIES, Kind
from domain.readings import Millis, Reading

KINDS = frozenset(str(kind) for kind in Kind)
LARGEST_INTEGER = 2**63 - 1
LONGEST_TEXT = 16_000  # characters; InfluxDB documents 64 KB a string, and UTF-8 needs up to 4 bytes each
LATEST = LARGEST_INTEGER // 1_000_000  # InfluxDB counts nanoseconds in 64 bits: 2262-04-11
_AT = itemgetter(4)
_NUMBERS = frozenset(name for name, quantity in QUANTITIES.items() if quantity.type == "float")
_TYPES = {"float": "a number", "bool": "true or false", "text": "text"}

Oldest = Callable[[], Millis]


def any_age() -> Millis:
    """The `Oldest` of a store that keeps everything."""
    return -LATEST


def unfit(reading: Reading) -> str | None:
    """Why no store can take the reading, None where it can."""
    facility, device, kind, zone, at, values, quality, seq, _ = reading
    if kind not in KINDS:
        return f"unknown kind {kind!r}"
    if not -LATEST <= at <= LATEST:
        return f"event time {at} is out of range"
    if not 0 <= quality <= LARGEST_INTEGER or seq > LARGEST_INTEGER:
        return "quality or seq is out of range"
    if why := _unfit_place(zone, facility, device):
        return why
    for quantity, value in values.items():
        usual = type(value) is float and quantity in _NUMBERS and value - value == 0.0  # not inf, not nan
        if not usual and (why := _unfit_value(quantity, value)):
            return why
    return None


def of_age(batch: Sequence[Reading], oldest: Millis) -> tuple[list[Reading], list[tuple[Reading, str]]]:
    """Those at `oldest` or later, and those before it with the reason they are refused for."""
    if min(map(_AT, batch), default=oldest) >= oldest:
        return list(batch), []
    kept = [reading for reading in batch if reading.at >= oldest]
    return kept, [(reading, "older than the store's retention") for reading in batch if reading.at < oldest]


@lru_cache(maxsize=100_000)
def _unfit_place(zone: str, facility: str, device: str) -> str | None:
    for what, name in (("zone", zone), ("facility", facility), ("device", device)):
        if not _is_name(name):
            return f"{what} {name!r} cannot be a tag"
    return None if device and facility else "a reading needs a device and a facility"


def _unfit_value(quantity: str, value: object) -> str | None:
    known = QUANTITIES.get(quantity)
    if known is None:
        return f"unknown quantity {quantity!r}"
    match known.type, value:
        case "bool", bool():
            return None
        case "text", str():
            return None if _is_text(value) else f"{quantity} is too long or not valid Unicode"
        case "float", float() | int() if not isinstance(value, bool):
            return None if _is_finite(value) else f"{quantity} is not a finite number"
        case _:
            return f"{quantity} must be {_TYPES[known.type]}, not {type(value).__name__}"


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond every float
        return False


def _is_text(text: str) -> bool:
    return len(text) <= LONGEST_TEXT and _is_unicode(text)


def _is_name(text: str) -> bool:
    # Line protocol has no escape for a line break, nor for a backslash before what it separates by.
    return len(text) <= LONGEST_TEXT and _is_unicode(text) and not any(c in text for c in "\n\r\t\\\0")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
