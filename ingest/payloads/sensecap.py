"""SenseCAP: measurements by number. S210x sends frames of seven bytes (channel, number, value in thousandths, all
little-endian) and a checksum; the weather station S2120 sends groups, big-endian. The port is free.
"""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_FRAME: Final = 7
_CHECKSUM: Final = 2
_MEASURED_ABOVE: Final = 4096
_BATTERY: Final = 7
_NAMES: Final = {4102: ("Soil Temperature", "Cel"), 4103: ("Soil Moisture", "%"), 4108: ("Soil EC", "dS/m")}
_BATTERY_GROUP: Final = 0x03

# group: (bytes, its parts in order: number, name, bytes, signed, factor)
_FIRST: Final = (
    ("4097", "Air Temperature", 2, True, 0.1),
    ("4098", "Air Humidity", 1, True, 1),
    ("4099", "Light Intensity", 4, True, 1),
    ("4190", "UV Index", 1, True, 0.1),
    ("4105", "Wind Speed", 2, True, 0.1),
)
_SECOND: Final = (
    ("4104", "Wind Direction Sensor", 2, True, 1),
    ("4113", "Rain Gauge", 4, True, 0.001),
    ("4101", "Barometric Pressure", 2, False, 10),
)
_THIRD: Final = (("4191", " Peak Wind Gust", 2, True, 0.1), ("4213", "Rain Accumulation", 4, True, 0.001))
_GROUPS: Final = {
    0x01: (10, _FIRST),
    0x4A: (10, _FIRST),
    0x02: (8, _SECOND),
    0x4B: (8, _SECOND),
    0x4C: (6, _THIRD),
    _BATTERY_GROUP: (1, ()),
    0x04: (9, ()),
    0x05: (4, ()),
    0x06: (1, ()),
}


def s210x(payload: bytes, port: int) -> Decoded:
    """`messages`, each with `type`, `measurementId` and `measurementValue`, or the `battery` in %."""
    frames, left = divmod(len(payload) - _CHECKSUM, _FRAME)
    if frames < 1 or left or _checksum(payload[:-_CHECKSUM]) != int.from_bytes(payload[-_CHECKSUM:], "little"):
        raise RejectedError(f"no SenseCAP frames, or a wrong checksum: port {port}, {len(payload)} bytes")
    messages: list[dict[str, Any]] = []
    for at in range(0, frames * _FRAME, _FRAME):
        number = int.from_bytes(payload[at + 1 : at + 3], "little")
        value = payload[at + 3 : at + _FRAME]
        if number > _MEASURED_ABOVE:
            name, unit = _NAMES.get(number, ("", ""))
            message = {
                "type": "report_telemetry",
                "measurementId": number,
                "measurementValue": int.from_bytes(value, "little", signed=True) / 1000,
            }
            messages.append(message | ({"measurement": name, "unit": unit} if name else {}))
        elif number == _BATTERY:
            messages.append({"type": "upload_battery", "battery": int.from_bytes(value[:2], "little")})
    return Decoded({"valid": True, "err": 0, "messages": messages})


def s2120(payload: bytes, port: int) -> Decoded:
    """`messages`, one list for each group, each entry with `measurementId`, `measurementValue`, `type`."""
    messages: list[list[dict[str, Any]]] = []
    at = 0
    while at < len(payload):
        width, parts = _GROUPS.get(payload[at], (0, ()))
        if not width or at + 1 + width > len(payload):
            break
        group = payload[at + 1 : at + 1 + width]
        if payload[at] == _BATTERY_GROUP or payload[at] == 0x04:
            messages.append([{"Battery(%)": group[0]}])
        elif parts:
            messages.append(_group(group, parts))
        at += 1 + width
    if not at:
        raise RejectedError(f"no SenseCAP weather message: port {port}, {payload[:4].hex() or 'empty'}")
    return Decoded({"valid": True, "err": 0, "messages": messages}, unread=payload[at:])


def _group(group: bytes, parts: tuple[tuple[str, str, int, bool, float], ...]) -> list[dict[str, Any]]:
    found, at = [], 0
    for number, name, width, signed, factor in parts:
        value = round(int.from_bytes(group[at : at + width], "big", signed=signed) * factor, 6)
        found.append({"measurementId": number, "measurementValue": value, "type": name})
        at += width
    return found


def _checksum(payload: bytes) -> int:
    """CRC-16 as in XMODEM's turned round (KERMIT): polynomial 0x1021, reflected, from zero."""
    crc = 0
    for byte in payload:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return crc
