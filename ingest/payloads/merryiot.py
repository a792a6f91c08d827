"""MerryIoT: the FPort tells the model (120 door, 122 motion, 126 leak); one status byte, battery, degrees, humidity."""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_DOOR, _MOTION, _LEAK = 120, 122, 126
_LENGTHS: Final = {_DOOR: 9, _MOTION: 9, _LEAK: 4}
_STATES: Final = {_DOOR: "open", _MOTION: "motion", _LEAK: "water"}
_CONFIGURATION: Final = (204, 206)


def decode(payload: bytes, port: int) -> Decoded:
    """`water`, `motion` or `open` 1 or 0, `battery_volt` in V, `temperature` in °C and `humi` in %, both as text."""
    if port in _CONFIGURATION and payload:
        return Decoded({})
    if len(payload) != _LENGTHS.get(port):
        raise RejectedError(f"no MerryIoT message: port {port}, {len(payload)} bytes")
    state = payload[0]
    fields: dict[str, Any] = {
        _STATES[port]: state & 1,
        "button": state >> 1 & 1,
        "tamper": state >> 2 & 1,
        "battery_volt": (21 + (payload[1] & 0x0F)) / 10,
        "humi": str(payload[3] & 0x7F),
    }
    if payload[2] < 0x80:  # how it tells of frost is not published
        fields["temperature"] = str(payload[2])
    if len(payload) == 9:
        fields["time"] = str(int.from_bytes(payload[4:6], "little"))
        fields["count"] = str(int.from_bytes(payload[6:9], "little"))
    return Decoded(fields)
