"""enginko level sensors: the first byte is the message (01 time, 0A inputs, 14 level), little-endian, any port."""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_TIME, _INPUTS, _LEVEL = 0x01, 0x0A, 0x14
_FARTHEST: Final = 60_000  # mm; above it the number is an error
_FULL: Final = 100

# type: (has a fill level, has a temperature, has humidity and pressure)
_TYPES: Final = {0: (False, False, False), 1: (True, True, False), 2: (False, True, True), 3: (True, True, True)}


def decode(payload: bytes, port: int) -> Decoded:
    """`distance1` and `height` in mm, `fillLevel` in %, `temperature` in °C, `humidity`, `pressure`, `battery` in %.

    Each as `{"value": …, "unit": …}`. The device's date has no zone and is left out. Raises RejectedError.
    """
    if payload[:1] in (bytes((_TIME,)), bytes((_INPUTS,))):
        return Decoded({})
    kind = _TYPES.get(payload[1]) if len(payload) > 1 and payload[0] == _LEVEL else None
    if kind is None or len(payload) != 13 + kind[0] + 2 * kind[1] + 4 * kind[2]:
        raise RejectedError(f"no message of an enginko level sensor: port {port}, {len(payload)} bytes")
    fields: dict[str, Any] = {"type": payload[1], "ADC": _with(_little(payload[6:8]), "mV")}
    distance = _little(payload[10:12])
    if distance <= _FARTHEST:
        fields |= {"height": _with(_little(payload[8:10]), "mm"), "distance1": _with(distance, "mm")}
    at = 12
    if kind[0]:
        if payload[at] <= _FULL:
            fields["fillLevel"] = _with(payload[at], "%")
        at += 1
    if kind[1]:
        fields["temperature"] = _with(int.from_bytes(payload[at : at + 2], "little", signed=True) / 100, "°C")
        at += 2
    if kind[2]:
        fields["humidity"] = _with(payload[at] / 2, "%")
        fields["pressure"] = _with(_little(payload[at + 1 : at + 4]) / 100, "hPa")
        at += 4
    fields["battery"] = _with(payload[at], "%")
    return Decoded(fields)


def _with(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit}


def _little(part: bytes) -> int:
    return int.from_bytes(part, "little")
