"""Bosch parking lot sensor (TPS110, 地磁车位传感器): FPort tells the message, one bit tells whether a car stands there.

Ports 2 and 3 repeat the state; only port 1 says that it changed. Ports 4 to 6 carry diagnostics in no published form.
"""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_RESET: Final = {1: "watchdog", 2: "power on", 3: "system request", 4: "other"}
_DIAGNOSTICS: Final = frozenset({4, 5, 6})


def decode(payload: bytes, port: int) -> Decoded:
    """Fields `type`, `occupied`, and `temperature` (°C) of a heartbeat. Raises RejectedError on any other message."""
    if port == 1 and len(payload) == 1:
        return Decoded({"type": "parking status", "occupied": _occupied(payload[0])})
    if port == 2 and len(payload) in (1, 2):
        fields: dict[str, Any] = {"type": "heartbeat", "occupied": _occupied(payload[0])}
        if len(payload) == 2:
            fields["temperature"] = int.from_bytes(payload[1:], "big", signed=True)
        return Decoded(fields)
    if port == 3 and len(payload) == 17:
        return Decoded(_startup(payload))
    if port in _DIAGNOSTICS and payload:
        return Decoded({})
    raise RejectedError(f"no message of a Bosch parking sensor: port {port}, {len(payload)} bytes")


def _startup(payload: bytes) -> dict[str, Any]:
    codes = (int.from_bytes(payload[at : at + 2], "little") & 0xFFF for at in (0, 4, 8))
    fields: dict[str, Any] = {
        "type": "startup",
        "debugCodes": [code for code in codes if code],
        "firmwareVersion": ".".join(str(part) for part in payload[12:15]),
        "occupied": _occupied(payload[16]),
    }
    if payload[15] in _RESET:
        fields["resetCause"] = _RESET[payload[15]]
    return fields


def _occupied(state: int) -> bool:
    if state > 1:
        raise RejectedError(f"a bay is free (0) or occupied (1), not {state}")
    return state == 1
