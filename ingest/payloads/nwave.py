"""Nwave parking sensors and counters: FPort tells the message. Three families whose bytes look alike and mean different
things, so each has its own decoder: NPS310 (a byte is the state), G4 NPS405 (its bit 0 alone), and the NCC405
vehicle counter.
"""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_RESET_310: Final = {1: "watchdog", 2: "power_on", 3: "user_request", 4: "brownout", 5: "other"}
_RESET_G4: Final = {
    0: "rejoining_lorawan_network",
    1: "watchdog",
    2: "power_on",
    3: "user_request",
    6: "brownout",
    7: "other",
}
_DEBUG: Final = 6


def nps310(payload: bytes, port: int) -> Decoded:
    """`type`, `occupied`. Only port 1 tells of a change; the heartbeat (2) and the start (3) repeat the state."""
    if port in (1, 2) and len(payload) == 1:
        return Decoded({"type": "parking_status" if port == 1 else "heartbeat", "occupied": _bit(payload[0])})
    if port == 3 and len(payload) == 5:
        return Decoded(_startup(payload, _RESET_310) | {"occupied": _bit(payload[4])})
    return _other("NPS310", payload, port)


def g4_parking(payload: bytes, port: int) -> Decoded:
    """`type`, `occupied`; of a change also how many minutes the state before it lasted, of a heartbeat `temperature`
    in °C and `battery_voltage` in V.
    """
    if port == 1 and len(payload) == 1:
        return Decoded({"type": "parking_status", "occupied": _bit(payload[0] & 1)} | _lasted(payload[0] >> 1))
    if port == 2 and len(payload) in (3, 6):
        return Decoded(_heartbeat(payload))
    if port == 3 and len(payload) == 5:
        return Decoded(_startup(payload, _RESET_G4) | {"occupied": _bit(payload[4])})
    if port == 10 and len(payload) == 5:
        return Decoded(_registration(payload))
    return _other("G4 NPS", payload, port)


def g4_counter(payload: bytes, port: int) -> Decoded:
    """`counter_value` of vehicles that passed (in no told direction), `battery_voltage` in V."""
    if port == 1 and len(payload) == 2:
        return Decoded({"type": "counter_update", "counter_value": int.from_bytes(payload, "big")})
    if port == 2 and len(payload) == 3:
        fields = {
            "type": "heartbeat",
            "battery_voltage": _volts(payload[1]),
            "battery_voltage_mean_24h": _volts(payload[2]),
        }
        return Decoded(fields)
    if port == 3 and len(payload) in (4, 5):
        return Decoded(_startup(payload, _RESET_G4))
    return _other("G4 NCC", payload, port)


def _heartbeat(payload: bytes) -> dict[str, Any]:
    temperature = int.from_bytes(payload[2:3], "big", signed=True) / 2 + 10
    volts = _volts(payload[1])
    return {
        "type": "heartbeat",
        "occupied": _bit(payload[0] & 1),
        "hw_health_status": payload[0] & 0x7F,
        "temperature": temperature,
        "battery_voltage": volts,
        "battery_health": _health(volts, temperature),
    }


def _health(volts: float, temperature: float) -> str:
    """As published: a cold battery shows 0.1 V less."""
    critical = 2.9 if temperature >= -5 else 2.8
    if volts < critical:
        return "critical"
    return "low" if volts < critical + 0.1 - 1e-9 else "normal"


def _lasted(code: int) -> dict[str, Any]:
    """The duration is packed: by minutes to 90, by 5 to 240, by 60 to 660; 127 says only that it was longer."""
    minutes: int
    error: int | None
    if code < 90:
        minutes, error = code, 0
    elif code < 120:
        minutes, error = 90 + (code - 90) * 5, 4
    elif code < 127:
        minutes, error = 240 + (code - 120) * 60, 59
    else:
        minutes, error = 660, None
    return {
        "previous_state_duration": minutes,
        "previous_state_duration_error": error,
        "previous_state_duration_overflow": code == 127,
    }


def _registration(payload: bytes) -> dict[str, Any]:
    """A driver's tag at a bay; without a car the packed state says nothing."""
    fields: dict[str, Any] = {"type": "user_registration", "tag_id": payload[1:].hex().upper().lstrip("0") or "0"}
    if payload[0] & 1:
        fields |= {"occupied": True} | _lasted(payload[0] >> 1)
    return fields


def _startup(payload: bytes, causes: dict[int, str]) -> dict[str, Any]:
    fields = {"type": "startup", "firmware_version": ".".join(str(part) for part in payload[:3])}
    if payload[3] in causes:
        fields["reset_cause"] = causes[payload[3]]
    return fields


def _volts(code: int) -> float:
    return (2500 + 4 * code) / 1000


def _bit(state: int) -> bool:
    if state > 1:
        raise RejectedError(f"a bay is free (0) or occupied (1), not {state}")
    return state == 1


def _other(family: str, payload: bytes, port: int) -> Decoded:
    if port == _DEBUG and payload:
        return Decoded({"type": "debug"})
    raise RejectedError(f"no message of an Nwave {family}: port {port}, {len(payload)} bytes")
