"""Taking what is needed out of a foreign envelope, whatever stands in its place instead."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

import msgspec

from domain.errors import RejectedError
from domain.readings import Millis
from ingest import quarantine

Object = Mapping[str, Any]
_EARLIEST: Final = 946_684_800_000  # 2000-01-01: a clock before it was never set
_LATEST: Final = 253_402_300_800_000  # 10000-01-01
_EUI: Final = re.compile(r"[0-9a-f]{16}")
# also without the dash between month and day: a gateway of Milesight's writes 2020-0327T12:39:05Z
_INSTANT: Final = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):?(\d\d):?(\d\d)(?:[.,](\d+))?\s*(?:([Zz])|([+-])(\d\d):?(\d\d))"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parsed(payload: bytes) -> Any:
    """Any JSON. Raises RejectedError."""
    if not payload:
        raise RejectedError(quarantine.EMPTY)
    try:
        return msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        pass  # Python's own parser reads NaN and numbers of any size, and says better what is wrong
    try:
        return json.loads(payload.decode(), parse_int=lambda digits: int(digits) if len(digits) < 20 else float(digits))
    except UnicodeDecodeError:
        raise RejectedError(quarantine.NOT_UTF8) from None
    except RecursionError:
        raise RejectedError(quarantine.TOO_DEEP) from None
    except ValueError as wrong:
        raise RejectedError(quarantine.not_json(str(wrong))) from None


def parsed_object(payload: bytes) -> Object:
    """A JSON object. Raises RejectedError."""
    found = parsed(payload)
    if not isinstance(found, dict):
        raise RejectedError(quarantine.not_an_object(found))
    return found


def inner(found: Object, name: str) -> Object:
    """An object within; an empty one where there is none."""
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def objects(found: Object, name: str) -> list[Object]:
    """A list of objects within, or the one object that stands in its place."""
    value = found.get(name)
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def text(found: Object, *names: str) -> str:
    """The first of these that is text and not empty."""
    return next((value for name in names if isinstance(value := found.get(name), str) and value), "")


def number(found: Object, *names: str) -> float | None:
    """The first of these that is a finite number, also one inside text."""
    for name in names:
        value = found.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        try:
            made = float(value)
        except (ValueError, OverflowError):
            continue
        if isfinite(made):
            return made
    return None


def whole(found: Object, *names: str, absent: int) -> int:
    """The first of these that is a whole number from 0 on; `absent` where none is."""
    made = number(found, *names)
    return int(made) if made is not None and made.is_integer() and 0 <= made < 2**53 else absent


def eui(found: str) -> str:
    """A device's EUI as 16 lower-case hex digits, however it is written; any other name in lower case."""
    plain = re.sub(r"[-:\s]", "", found).lower().removeprefix("0x").removeprefix("eui-").removeprefix("eui")
    if _EUI.fullmatch(plain):
        return plain
    try:
        raw = base64.b64decode(found, validate=True)
    except (binascii.Error, ValueError):
        return found.strip().lower()
    return raw.hex() if len(raw) == 8 else found.strip().lower()


def known(found: str, what: str) -> str:
    """The name of the device. Raises RejectedError where the envelope names none."""
    name = eui(found)
    if not name:
        raise RejectedError(quarantine.not_an_envelope(what, "it names no device"))
    return name


def from_base64(found: object, name: str) -> bytes:
    """Bytes written in base64, of either alphabet. Raises RejectedError."""
    if not isinstance(found, str):
        raise RejectedError(quarantine.wrong_type(name, found, "bytes in base64"))
    plain = found.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise RejectedError(quarantine.bad_bytes(name, found, "base64")) from None


def from_hex(found: object, name: str) -> bytes:
    """Bytes written in hex. Raises RejectedError."""
    if not isinstance(found, str):
        raise RejectedError(quarantine.wrong_type(name, found, "bytes in hex"))
    try:
        return bytes.fromhex(found)
    except ValueError:
        raise RejectedError(quarantine.bad_bytes(name, found, "hex")) from None


def instant(found: object) -> Millis | None:
    """A time with its offset, or ms since 1970 (s, where it can be nothing else); None where it says none."""
    match found:
        case bool():
            return None
        case int() | float() if 0 < found < _LATEST:  # before anything is made of it: an int may be beyond any float
            at = int(found) if found > 1e11 else int(found * 1000)  # 1e11 ms are in 1973, 1e11 s in the year 5138
            return at if _EARLIEST <= at < _LATEST else None
        case str() if (match := _INSTANT.fullmatch(found.strip())) and found.isascii():
            return _moment(match)
        case _:
            return None


def first_instant(*candidates: object) -> Millis | None:
    """The first clock that was ever set."""
    return next((at for found in candidates if (at := instant(found)) is not None), None)


def best(heard: Iterable[Object], rssi: str, snr: str) -> tuple[float | None, float | None]:
    """(rssi, snr) at the gateway that heard best: the better signal to noise, then the stronger."""
    pairs = [(number(one, rssi), number(one, snr)) for one in heard]
    found = [pair for pair in pairs if pair != (None, None)]
    low = float("-inf")
    return max(
        found, key=lambda p: (low if p[1] is None else p[1], low if p[0] is None else p[0]), default=(None, None)
    )


def _moment(match: re.Match[str]) -> Millis | None:
    year, month, day, hour, minute, second = (int(match.group(i)) for i in range(1, 7))
    milliseconds = int((match.group(7) or "0").ljust(3, "0")[:3])
    offset = timedelta()
    if match.group(9):
        offset = timedelta(hours=int(match.group(10)), minutes=int(match.group(11)))
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    shift = -offset if match.group(9) == "+" else offset
    made = ((at - _EPOCH) + shift) // timedelta(milliseconds=1) + milliseconds + (1000 if second == 60 else 0)
    return made if made >= _EARLIEST else None
