"""Pepperl+Fuchs WILSEN nodes: parts of a length, a two-byte id and that many bytes less two, big-endian, any port."""

import math
import struct
from collections.abc import Callable
from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_VALVE: Final = {0: "Closed", 1: "Open", 2: "Undefined", 3: "Not connected", 7: "Not inquired"}
_SENSOR: Final = {
    0: "No target detected",
    1: "Target detected",
    7: "Not inquired",
    8: "Short circuit",
    9: "Not connected",
    10: "Invalid current level",
}
_DETAILS: Final = {**_SENSOR, 0: "Low", 1: "High"}


def decode(payload: bytes, port: int) -> Decoded:
    """`proxx` in cm or `proxx_mm`, `fillinglvl` in %, `temp` in °C, `battery_vol` in V, position, valves, counters."""
    if len(payload) < 4:
        raise RejectedError(f"no WILSEN message: port {port}, {len(payload)} bytes")
    fields: dict[str, Any] = {}
    at = 0
    while at < len(payload):
        length = payload[at]
        end = at + 1 + length
        if length < 2 or end > len(payload):
            raise RejectedError(f"a WILSEN part of {length} bytes does not fit")
        known = _PARTS.get(int.from_bytes(payload[at + 1 : at + 3], "big"))
        if known is not None and known[0] == length - 2:
            fields |= known[1](payload[at + 3 : end])
        at = end
    return Decoded(fields)


def _number(name: str, by: float = 1) -> Callable[[bytes], dict[str, Any]]:
    def read(part: bytes) -> dict[str, Any]:
        value = int.from_bytes(part, "big")
        return {name: value if by == 1 else value / by}

    return read


def _degrees(name: str) -> Callable[[bytes], dict[str, Any]]:
    return lambda part: {name: int.from_bytes(part, "big", signed=True) / 1_000_000}


def _temperature(part: bytes) -> dict[str, Any]:
    value: float = struct.unpack(">f", part)[0]
    return {"temp": round(value, 1)} if math.isfinite(value) else {}


def _valves(part: bytes) -> dict[str, Any]:
    return {"valve_status": part[0]} | _nibbles(part, "valve", "status", _VALVE)


def _sensors(part: bytes) -> dict[str, Any]:
    return {"sensor_status": part[0]} | _nibbles(part, "sensor", "status", _SENSOR)


def _details(part: bytes) -> dict[str, Any]:
    return {"sensor_details": int.from_bytes(part, "big")} | _nibbles(part, "sensor", "details", _DETAILS)


def _nibbles(part: bytes, what: str, name: str, words: dict[int, str]) -> dict[str, str]:
    whole = int.from_bytes(part, "big")
    count = 2 * len(part)
    return {f"{what}_{n + 1}_{name}": words.get(whole >> 4 * n & 0x0F, "Invalid") for n in range(count)}


_PARTS: Final[dict[int, tuple[int, Callable[[bytes], dict[str, Any]]]]] = {
    0x0201: (4, _temperature),
    0x0B01: (2, _number("proxx")),
    0x0B02: (2, _number("proxx_mm")),
    0x0B06: (1, _number("fillinglvl")),
    0x0B07: (1, _number("amplitude")),
    0x0B08: (2, _number("water_body_level_mm")),
    0x0C02: (1, _valves),
    0x0C03: (2, _details),
    0x0C04: (1, _sensors),
    0x2A25: (14, lambda part: {"serial_nr": part.decode("ascii", "replace")}),
    0x3101: (2, _number("lora_count")),
    0x3102: (2, _number("gps_count")),
    0x3103: (4, _number("us_sensor_count")),
    0x3104: (4, _number("sensing_count")),
    0x5001: (4, _degrees("latitude")),
    0x5002: (4, _degrees("longitude")),
    0x5101: (1, _number("battery_vol", 10)),
}
