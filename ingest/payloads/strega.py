"""STREGA valves and switches: four digits of battery millivolts and a state byte as text, then climate in binary."""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_MEASURES: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
_STATES: Final = ("Actuator", "Tamper", "Cable", "DI0", "DI1", "Leak", "Fraud")
_CLIMATE: Final = 0x23
_DIGIT: Final = 0x30


def decode(payload: bytes, port: int) -> Decoded:
    """`Actuator` "1" open, `Leak`, `Tamper` …, `Bat` in %, `Temp` in °C and `Hygro` in % inside the box."""
    digits = payload[:4]
    if port not in _MEASURES or len(payload) < 5 or not digits.isdigit() or payload[4] < _DIGIT:
        if payload[:1] == b"\x40" and port in _MEASURES:
            return Decoded({})  # an acknowledgement
        raise RejectedError(f"no STREGA measurement of a battery device: port {port}, {len(payload)} bytes")
    state = payload[4] - _DIGIT
    fields: dict[str, Any] = {"Bat": round((int(digits) - 2000) / 16)}
    fields |= {name: str(state >> bit & 1) for bit, name in enumerate(_STATES)}
    fields |= {"Class": str(payload[0] >> 7), "Power": str(payload[0] >> 6 & 1)}
    if payload[5:6] == bytes((_CLIMATE,)) and len(payload) >= 10:
        fields["Temp"] = round(int.from_bytes(payload[6:8], "big") / 65536 * 165 - 40, 2)
        fields["Hygro"] = round(int.from_bytes(payload[8:10], "big") / 65536 * 100, 2)
    return Decoded(fields)
