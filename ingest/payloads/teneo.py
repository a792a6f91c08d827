"""Teneo IoT container and soil sensors: FPort 1 measures, 2 tells an error, 3 that the battery is being charged."""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_MEASURED, _FAILED, _CHARGING = 1, 2, 3
_TOO_FAR: Final = 4


def filling_degree(payload: bytes, port: int) -> Decoded:
    """`distance` in cm (-1 where there is nothing in reach), `valid`, `battery` in V. Raises RejectedError."""
    fields = _head(payload, port, "fillrate")
    if port == _MEASURED and len(payload) == 3:
        fields |= {"valid": True, "distance": int.from_bytes(payload[1:], "big")}
    elif port == _FAILED and len(payload) == 2 and payload[1] == _TOO_FAR:
        fields |= {"valid": True, "distance": -1}
    elif port == _FAILED and len(payload) == 2:
        fields |= {"valid": False, "errorcode": payload[1]}
    elif port == _CHARGING:
        fields |= {"valid": False, "charging": True}
    else:
        raise _misfit(payload, port)
    return Decoded(fields)


def soil_moisture(payload: bytes, port: int) -> Decoded:
    """`moisture` in %, `temperature` in °C, `valid`, `battery` in V. Raises RejectedError."""
    fields = _head(payload, port, "moisture")
    if port == _MEASURED and len(payload) in (2, 6):
        fields |= {"valid": True, "moisture": payload[1]}
        if len(payload) == 6:
            fields["temperature"] = int.from_bytes(payload[2:4], "big", signed=True) / 100
    elif port == _CHARGING:
        fields |= {"valid": False, "charging": True}
    else:
        raise _misfit(payload, port)
    return Decoded(fields)


def _head(payload: bytes, port: int, kind: str) -> dict[str, Any]:
    if not payload:
        raise _misfit(payload, port)
    return {"sensorType": kind, "settingsAllowed": True, "charging": False, "battery": (20 + payload[0]) / 10}


def _misfit(payload: bytes, port: int) -> RejectedError:
    return RejectedError(f"no message of a Teneo sensor: port {port}, {len(payload)} bytes")
