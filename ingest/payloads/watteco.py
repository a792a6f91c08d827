"""Watteco: reports of one attribute in the manner of ZigBee clusters, FPort 125. A compressed batch cannot be read.

A frame: control (its bits name the end point), command, cluster, attribute, type, then the value, big-endian.
"""

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_PORT: Final = 125
_REPORTS: Final = (0x0A, 0x8A)
_READ: Final = 0x01  # the answer to a question: a report with a status before its type
_ANSWERS: Final = frozenset({0x07, 0x09, 0x0D})
_BYTES: Final = 0x41
_PHASES: Final = ("a", "b", "c", "abc")
_SOURCES: Final = ("external_power", "rechargeable_battery", "disposable_battery", "solar_power", "line_power")

_Read = Callable[[bytes, str], Mapping[str, Any]]


def decode(payload: bytes, port: int) -> Decoded:
    """`active_power` in W, `active_energy` in Wh, `Vrms` in V, `Irms` in A (with `_a`, `_b`, `_c`, `_abc` for
    phases), `temperature` in °C, `humidity` in %, `output` "ON" or "OFF", `index`, `pin_state`,
    `disposable_battery_voltage` in V. Raises RejectedError.
    """
    if port != _PORT or len(payload) < 4 or not payload[0] & 1:
        raise RejectedError(f"no plain Watteco report: port {port}, {len(payload)} bytes")
    if payload[1] in _ANSWERS:
        return Decoded({})
    if payload[1] == _READ:
        if len(payload) < 9 or payload[6]:
            return Decoded({})
        payload = bytes((payload[0], _REPORTS[0])) + payload[2:6] + payload[7:]
    if payload[1] not in _REPORTS or len(payload) < 8:
        raise RejectedError(f"Watteco command {payload[1]:#x} is not known")
    read = _ATTRIBUTES.get((int.from_bytes(payload[2:4], "big"), int.from_bytes(payload[4:6], "big")))
    if read is None:
        return Decoded({})
    value = payload[8 : 8 + payload[7]] if payload[6] == _BYTES else payload[7:]
    if payload[6] == _BYTES and len(value) != payload[7]:
        raise RejectedError("a Watteco report is cut off")
    end_point = payload[0] >> 5 | (payload[0] & 0x06) << 2
    return Decoded(read(value, _PHASES[end_point] if end_point < len(_PHASES) else ""))


def _numbers(value: bytes, form: str) -> tuple[int, ...]:
    if len(value) < struct.calcsize(form):
        raise RejectedError("a Watteco report is cut off")
    return struct.unpack_from(form, value)


def _plug_power(value: bytes, _phase: str) -> dict[str, Any]:
    if len(value) != 12:
        raise RejectedError("a Watteco report is cut off")
    active, reactive = (int.from_bytes(value[at : at + 3], "big", signed=True) for at in (0, 3))
    samples, power, reactive_power = _numbers(value[6:], ">Hhh")
    return {
        "active_energy": active,
        "reactive_energy": reactive,
        "nb_samples": samples,
        "active_power": power,
        "reactive_power": reactive_power,
    }


def _plug_quality(value: bytes, _phase: str) -> dict[str, Any]:
    numbers = _numbers(value, ">3h9H")
    names = [f"{name}{end}" for name in ("frequency", "Vrms", "Vpeak") for end in ("", "_min", "_max")]
    scaled = [(n + 22_232) / 1000 for n in numbers[:3]] + [n / 10 for n in numbers[3:9]]
    return dict(zip(names, scaled, strict=True)) | {"over_voltage": numbers[9], "sag_voltage": numbers[10]}


def _meter(value: bytes, phase: str) -> dict[str, Any]:
    names = [
        f"{sign}_{kind}_{what}_{phase}"
        for what in ("energy", "power")
        for kind in ("active", "reactive")
        for sign in ("positive", "negative")
    ]
    return dict(zip(names, _numbers(value, ">8I"), strict=True)) if phase else {}


def _line(value: bytes, phase: str) -> dict[str, Any]:
    volts, amperes, angle = _numbers(value, ">HHh")
    return {f"Vrms_{phase}": volts / 10, f"Irms_{phase}": amperes / 10, f"angle_{phase}": angle} if phase else {}


def _lines(value: bytes, _phase: str) -> dict[str, Any]:
    numbers = _numbers(value, ">HHhHHhHHh")
    fields: dict[str, Any] = {}
    for i, phase in enumerate("abc"):
        fields |= {f"Vrms_{phase}": numbers[3 * i] / 10, f"Irms_{phase}": numbers[3 * i + 1] / 10}
        fields[f"angle_{phase}"] = numbers[3 * i + 2]
    return fields


def _phases(what: str) -> _Read:
    def read(value: bytes, _phase: str) -> dict[str, Any]:
        names = [f"{kind}_{what}_{phase}" for phase in _PHASES for kind in ("active", "reactive")]
        return dict(zip(names, _numbers(value, ">8i"), strict=True))

    return read


def _one(name: str, form: str, by: int = 1) -> _Read:
    def read(value: bytes, _phase: str) -> dict[str, Any]:
        number = _numbers(value, form)[0]
        if not math.isfinite(number):
            return {}
        return {name: number if by == 1 else number / by}

    return read


def _power_sources(value: bytes, _phase: str) -> dict[str, Any]:
    """Power mode, a bit for each source there is, then the millivolts of each of these."""
    if len(value) < 2:
        raise RejectedError("a Watteco report is cut off")
    there = [name for bit, name in enumerate(_SOURCES) if value[1] >> bit & 1]
    volts = _numbers(value[2:], f">{len(there)}H")
    return {f"{name}_voltage": each / 1000 for name, each in zip(there, volts, strict=True)}


_ATTRIBUTES: Final[Mapping[tuple[int, int], _Read]] = {
    (0x0006, 0x0000): lambda value, _phase: {"output": "ON" if value[:1] != b"\0" else "OFF"},
    (0x000F, 0x0055): lambda value, _phase: {"pin_state": value[:1] != b"\0"},
    (0x000F, 0x0402): _one("index", ">I"),
    (0x0050, 0x0006): _power_sources,
    (0x0052, 0x0000): _plug_power,
    (0x8052, 0x0000): _plug_quality,
    (0x800A, 0x0000): _meter,
    (0x800B, 0x0000): _line,
    (0x800D, 0x0000): _lines,
    (0x8010, 0x0000): _phases("energy"),
    (0x8010, 0x0001): _phases("power"),
    (0x0402, 0x0000): _one("temperature", ">h", 100),
    (0x0405, 0x0000): _one("humidity", ">H", 100),
}
