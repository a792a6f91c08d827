"""Tidewalk's own envelope (docs/wire.md): JSON with `at`, `seq`, `values` and `history`."""

import json
from datetime import datetime
from typing import Any

import msgspec

from domain.errors import RejectedError
from domain.readings import Millis, Value
from ingest import quarantine
from ingest.codecs.said import Faults, Measured, Said, Time

read = msgspec.json.Decoder(Said).decode  # of what is all as agreed; raises ValueError or RecursionError for the rest
_read_time: msgspec.json.Decoder[Time] = msgspec.json.Decoder(Time)
_INT64 = 2**63 - 1


def decode(payload: bytes) -> tuple[Said, Faults]:
    """What it says, and the parts of it that are not as agreed. Raises RejectedError where no part can be read."""
    try:
        return read(payload), ()
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors; why, is found on the slow road
        return _picked(_parsed(payload))


def millis(at: Time) -> Millis:
    """A time of the wire as ms."""
    return round(at.timestamp() * 1000) if isinstance(at, datetime) else at


def parse_time(found: object) -> Time:
    """RFC 3339 text with an offset, or whole ms. Raises RejectedError."""
    match found:
        case bool():
            pass
        case int():
            return found
        case float() if found.is_integer():
            return int(found)
        case str() if found.isascii():
            try:
                return _read_time.decode(json.dumps(found).encode())
            except ValueError:
                pass
    raise RejectedError(quarantine.bad_time(found))


def parse_object(payload: bytes) -> dict[str, Any]:
    """Any JSON object. Raises RejectedError with the reason."""
    try:
        found = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return _parsed(payload)
    if not isinstance(found, dict):
        raise RejectedError(quarantine.not_an_object(found))
    return found


def _parsed(payload: bytes) -> dict[str, Any]:
    """As lenient as Python's own parser, which reads NaN, Infinity and numbers of any size."""
    if not payload:
        raise RejectedError(quarantine.EMPTY)
    try:
        found = json.loads(payload.decode(), parse_int=_whole)
    except UnicodeDecodeError:
        raise RejectedError(quarantine.NOT_UTF8) from None
    except RecursionError:
        raise RejectedError(quarantine.TOO_DEEP) from None
    except ValueError as wrong:
        raise RejectedError(quarantine.not_json(str(wrong))) from None
    if not isinstance(found, dict):
        raise RejectedError(quarantine.not_an_object(found))
    return found


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)  # as long as an int64 can be


def _picked(found: dict[str, Any]) -> tuple[Said, Faults]:
    """Everything that is as agreed; each other part becomes a fault."""
    faults: list[tuple[str, str]] = []
    at: datetime | int | None = None if found.get("at") is None else parse_time(found["at"])
    seq = found.get("seq", -1)
    if type(seq) is not int or not (0 <= seq <= _INT64 or "seq" not in found):
        faults.append(("seq", quarantine.wrong_type("seq", seq, "a whole number from 0 on")))
        seq = -1
    history = _history(found.get("history"), faults)
    values = found.get("values")
    if values is not None and not isinstance(values, dict):
        faults.append(("values", quarantine.wrong_type("values", values, "an object: quantity and value")))
        values = None
    derived = found.get("derived", False)
    if not isinstance(derived, bool):
        faults.append(("derived", quarantine.wrong_type("derived", derived, "true or false")))
        derived = True  # whoever says anything of it does not say that it was measured
    plain = None if values is None else _plain(values, "", faults)
    return Said(at, seq, plain, history, derived), tuple(faults)


def _history(found: object, faults: list[tuple[str, str]]) -> list[Measured]:
    if found is None:
        return []
    if not isinstance(found, list):
        faults.append(("history", quarantine.wrong_type("history", found, 'an array of {"at", "values"}')))
        return []
    history = []
    for place, entry in enumerate(found):
        name = f"history[{place}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("values"), dict):
            faults.append((name, quarantine.wrong_type(name, entry, 'an object with "at" and "values"')))
            continue
        try:
            at = parse_time(entry.get("at"))
        except RejectedError as wrong:
            faults.append((name, str(wrong)))
            continue
        history.append(Measured(at, _plain(entry["values"], f"{name}.", faults)))
    return history


def _plain(values: dict[str, object], under: str, faults: list[tuple[str, str]]) -> dict[str, Value]:
    """Numbers as floats, booleans, texts; nothing else."""
    plain: dict[str, Value] = {}
    for name, value in values.items():
        match value:
            case bool() | float() | str():
                plain[name] = value
            case int():
                plain[name] = float(value)
            case _:
                wrong = quarantine.wrong_type(name, value, "a number, a boolean or text")
                faults.append((quarantine.named(under + name), wrong))
    return plain
