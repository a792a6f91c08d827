"""MClimate: a keep-alive (01 …), alone or behind the answers to commands; flood sensors send two or three bytes."""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_KEEP_ALIVE: Final = 1
_METER, _SWITCH = 12, 3
_REASONS: Final = ("keepalive", "testButtonPressed", "floodDetected", "fraudDetected")


def power_switch(payload: bytes, port: int) -> Decoded:
    """16A Switch & Power Meter: `power_W`, `acVoltage_V`, `acCurrent_mA`, `energy_kWh`, `relayState` "ON" or "OFF"."""
    frame = _keep_alive(payload, port, _METER)
    fields = {
        "internalTemperature": frame[1],
        "energy_kWh": int.from_bytes(frame[2:6], "big") / 1000,
        "power_W": int.from_bytes(frame[6:8], "big"),
        "acVoltage_V": frame[8],
        "acCurrent_mA": int.from_bytes(frame[9:11], "big"),
        "relayState": "ON" if frame[11] == 1 else "OFF",
    }
    return Decoded(fields)


def dry_switch(payload: bytes, port: int) -> Decoded:
    """16A Dry Switch: `relayState` "ON" or "OFF", `internalTemperature` in °C (bit 7 the sign)."""
    frame = _keep_alive(payload, port, _SWITCH)
    degrees = frame[1] & 0x7F
    return Decoded(
        {
            "internalTemperature": -degrees if frame[1] & 0x80 else degrees,
            "relayState": "ON" if frame[2] == 1 else "OFF",
        }
    )


def flood(payload: bytes, port: int) -> Decoded:
    """`flood`, `boxTamper`, `reason`, `battery` in V, `temperature` in °C in the longer form."""
    if port < 1 or len(payload) not in (2, 3) or payload[0] >> 5 >= len(_REASONS):
        raise RejectedError(f"no MClimate flood message: port {port}, {len(payload)} bytes")
    fields: dict[str, Any] = {
        "reason": _REASONS[payload[0] >> 5],
        "boxTamper": payload[0] & 0x08 > 0,
        "flood": payload[0] & 0x02 > 0,
        "battery": payload[1] * 16 / 1000,
    }
    if len(payload) == 3:
        fields["temperature"] = payload[2]
    return Decoded(fields)


def _keep_alive(payload: bytes, port: int, width: int) -> bytes:
    """The keep-alive that ends the message."""
    frame = payload[-width:]
    if len(frame) < width or frame[0] != _KEEP_ALIVE:
        raise RejectedError(f"no MClimate keep-alive: port {port}, {len(payload)} bytes")
    return frame
