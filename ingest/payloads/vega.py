"""VEGAPULS Air radar sensors: a packet number that tells which parts follow the measurement. The port is free."""

import math
import struct
from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_DUMMY: Final = 0xFE
_PACKETS: Final = {1: (False, False, False), 2: (True, False, False), 3: (True, True, False)} | {
    4: (True, False, True),
    5: (True, True, True),
}
_NAMUR: Final = {0: "good", 1: "functionCheck", 2: "maintenanceRequired", 3: "outOfSpecification", 4: "failure"}
_UNITS: Final = {45: "m"}


def decode(payload: bytes, port: int) -> Decoded:
    """`measurement` with its value in m (None in a failure), `batteryLevel` in %, `temperature` in °C, `tiltAngle`."""
    if payload[:1] == bytes((_DUMMY,)):
        return Decoded({"packetId": _DUMMY, "packetType": "dummy"})
    parts = _PACKETS.get(payload[0]) if payload else None
    if parts is None or len(payload) < 8 + 2 * parts[0] + 8 * parts[1] + 4 * parts[2]:
        raise RejectedError(f"no VEGAPULS packet: port {port}, {len(payload)} bytes")
    value = _float(payload, 2)
    measurement: dict[str, Any] = {"value": value, "unitCode": payload[6]}
    if payload[6] in _UNITS:
        measurement["unit"] = _UNITS[payload[6]]
    fields: dict[str, Any] = {
        "packetId": payload[0],
        "namurStatus": {"code": payload[1], "label": _NAMUR.get(payload[1], "unknown")},
        "measurement": measurement,
        "batteryLevel": payload[7],
    }
    at = 8
    if parts[0]:
        fields["temperature"] = int.from_bytes(payload[at : at + 2], "big", signed=True) / 10
        at += 2
    if parts[1]:
        fields["location"] = {"latitude": _float(payload, at), "longitude": _float(payload, at + 4)}
        at += 8
    if parts[2]:
        fields["vegaDeviceStatus"] = int.from_bytes(payload[at : at + 4], "big")
        at += 4
    if at < len(payload):
        fields["tiltAngle"] = payload[at]
    return Decoded(fields)


def _float(payload: bytes, at: int) -> float | None:
    value: float = struct.unpack_from(">f", payload, at)[0]
    return value if math.isfinite(value) else None
