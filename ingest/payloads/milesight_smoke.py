"""Milesight GS524N, a smoke detector: six bytes of its own, the last of which makes their sum zero."""

from typing import Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_LENGTH: Final = 6
_EVENTS: Final = {
    1: "alarm",
    2: "silent",
    4: "low battery",
    5: "failover",
    7: "normal",
    10: "removed",
    11: "installed",
    14: "testing alarm with normal battery",
    15: "testing alarm with low battery",
}


def decode(payload: bytes, port: int) -> Decoded:
    """Battery and concentration in percent, temperature in °C. Raises RejectedError for any other bytes."""
    del port
    if len(payload) != _LENGTH or sum(payload) % 256:
        raise RejectedError("not six bytes whose sum is zero")
    version, kind, battery, concentration, temperature, _ = payload
    fields = {
        "version": version >> 4,
        "protocol": version & 15,
        "type": "smoke sensor" if kind >> 4 == 1 else "unknown",
        "event": _EVENTS.get(kind & 15, "unknown"),
        "battery": battery,
        "concentration": concentration,
        "temperature": temperature - 256 if temperature > 127 else temperature,
    }
    return Decoded(fields)
