"""Milesight's controllers (UC): registers, probes and notes whose shape the bytes themselves tell."""

from collections.abc import Callable
from typing import Any, Final

from ingest.payloads.milesight_bytes import Bytes, EndsEarlyError, Found

_ON: Final = ("off", "on")
_ALARMS: Final = ("normal", "threshold alarm", "threshold alarm release", "mutation alarm")


def _register(source: Bytes, kind: int, signed: bool, flags: int) -> Any:  # noqa: FBT001  # a bit of the payload
    """A register of one of the published kinds; `flags` is how many kinds, from 0, are on or off. None: no number."""
    if kind < flags:
        return _ON[source.u(1) & 1]
    if kind < 2:
        return source.i(1) if signed else source.u(1)
    if kind in {2, 3}:
        return source.i(2) if signed else source.u(2)
    if kind in {4, 6}:
        return source.i(4) if signed else source.u(4)
    if kind in {5, 7}:
        return source.f(4)
    if kind in {8, 9, 10, 11}:  # two bytes of a register of four
        four = Bytes(source.take(4))
        if kind in {9, 11} and flags == 1:  # UC300 has the value in the upper half there
            four.take(2)
        return four.i(2) if signed else four.u(2)
    if kind in {12, 14}:
        return source.i(8) if signed else source.u(8)
    if kind in {13, 15}:
        return source.f(8)
    raise EndsEarlyError


def _put(found: Found, name: str, value: Any) -> None:
    if value is not None:
        found.target[name] = value


def _plain(flags: int) -> Callable[[Bytes, Found], None]:
    def read(source: Bytes, found: Found) -> None:
        channel, _, kind = source.u(1), source.u(1), source.u(1)
        _put(found, f"modbus_chn_{channel + 1}", _register(source, kind & 0x7F, kind >= 0x80, flags))

    return read


def _alarmed(source: Bytes, found: Found) -> None:
    channel, _, kind = source.u(1), source.u(1), source.u(1)
    name, value = f"modbus_chn_{(channel & 0x3F) + 1}", _register(source, kind & 0x7F, kind >= 0x80, 2)
    found.target[f"{name}_alarm"] = _ALARMS[channel >> 6]
    _put(found, name, value)


def _second(source: Bytes, found: Found) -> None:
    channel, kind = source.u(1), source.u(1)
    register = kind >> 5 & 3
    name = f"modbus_chn_{(channel & 0x3F) + 1}" + (f"_reg_{register + 1}" if register else "")
    value = _register(source, kind & 0x1F, kind >= 0x80, 2)
    _put(found, name, value)
    if channel >> 6:
        found.target.setdefault("event", []).append({name: value, f"{name}_alarm": _ALARMS[channel >> 6]})


def _short(shift: int) -> Callable[..., None]:
    def read(source: Bytes, found: Found, alarm: str = "") -> None:
        channel, kind = source.u(1), source.u(1) & 7
        name = f"modbus_chn_{channel - shift}"
        value = source.u(1) if kind < 2 else _register(source, kind, signed=False, flags=0)
        state = source.u(1) if alarm else 0
        if kind < 2 and shift:
            value = _ON[value & 1]
        _put(found, name, value)
        if state:
            found.target[f"{name}_alarm"] = {1: "threshold alarm", 2: "value change alarm"}.get(state, "unknown")

    return read


def _failed(source: Bytes, found: Found, shift: str = "-1") -> None:
    found.target[f"modbus_chn_{source.u(1) - int(shift)}_alarm"] = "read error"


def _noted(source: Bytes, found: Found) -> None:
    at = source.u(4)
    text = source.take(source.u(1)).rstrip(b"\0").decode("ascii", "replace")
    found.earlier(at, {"custom_message": text})


def _sdi12(source: Bytes, found: Found) -> None:
    channel, text = source.u(1), source.take(36)
    found.target[f"sdi12_{channel + 1}"] = text.rstrip(b"\0").decode("ascii", "replace")


def _wired_history(source: Bytes, found: Found) -> None:
    """UC50x: two inputs, each a level or a count, and two analogue ones."""
    at, fields = source.u(4), dict[str, Any]()
    for n in (1, 2):
        kind, value = source.u(1), source.u(4)
        if kind == 2:
            fields[f"gpio_counter_{n}"] = value
        elif kind < 2:
            fields[f"gpio_{('input', 'output')[kind]}_{n}"] = _ON[value & 1]
    for n in (1, 2):
        fields[f"analog_input_{n}"] = source.i(4) / 1000
    found.earlier(at, fields)


READERS: Final[dict[str, Callable[..., None]]] = {
    "modbus_uc300": _plain(flags=1),
    "modbus_uc100": _plain(flags=2),
    "modbus_uc100_alarm": _alarmed,
    "modbus_uc100_v2": _second,
    "modbus_uc501": _short(6),
    "modbus_uc11": _short(0),
    "modbus_failed": _failed,
    "noted": _noted,
    "sdi12": _sdi12,
    "wired_history": _wired_history,
}
