"""Dingtek ultrasonic level sensors (80 00 …, closed by 81) on FPort 3: seventeen bytes, or 25 with a position.

A position pushes everything after the level back by eight bytes. What answers a command is 25 bytes long too, and is
told by its fourth byte.
"""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_PORT: Final = 3
_ANSWER: Final = 3
_PLAIN, _PLACED = 17, 25
_SHIFT: Final = _PLACED - _PLAIN


def dc410(payload: bytes, port: int) -> Decoded:
    """`level` in mm to what is below, `full`, `motion`, `temperature` in °C, `battery` true where it is low."""
    shift = _shift(payload, port, "DC410", placed=False)
    if shift is None:
        return Decoded({})
    fields = _common(payload, 0) | {
        "full": payload[11] >> 4 > 0,
        "motion": payload[12] >> 4 > 0,
        "frame_counter": int.from_bytes(payload[13:15], "big"),
    }
    return Decoded(fields)


def df530(payload: bytes, port: int) -> Decoded:
    """`level` in mm of the liquid above the sensor at the bottom, `empty`, `temperature` in °C, `battery`."""
    shift = _shift(payload, port, "DF530", placed=True)
    if shift is None:
        return Decoded({})
    fields = _common(payload, shift) | {
        "empty": payload[11 + shift] >> 4 > 0,
        "frame_counter": int.from_bytes(payload[13 + shift : 15 + shift], "big"),
    }
    return Decoded(fields)


def df702(payload: bytes, port: int) -> Decoded:
    """`level` in mm to what is below, `full`, `fire`, `tilt`, `temperature` in °C, `battery`."""
    shift = _shift(payload, port, "DF702", placed=True)
    if shift is None:
        return Decoded({})
    fields = _common(payload, shift) | {
        "full": payload[11 + shift] >> 4 > 0,
        "fire": payload[11 + shift] & 0x0F > 0,
        "tilt": payload[12 + shift] >> 4 > 0,
    }
    return Decoded(fields)


def _shift(payload: bytes, port: int, what: str, *, placed: bool) -> int | None:
    """By how much the position pushes the fields back; None for an answer to a command."""
    framed = payload[:2] == b"\x80\x00" and payload[-1:] == b"\x81"
    if port == _PORT and framed and len(payload) == _PLAIN:
        return 0
    if port == _PORT and framed and len(payload) == _PLACED:
        if payload[3] == _ANSWER:
            return None
        if placed:
            return _SHIFT
    raise RejectedError(f"no frame of a Dingtek {what}: port {port}, {len(payload)} bytes")


def _common(payload: bytes, shift: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "level": f"{int.from_bytes(payload[5:7], 'big')} mm",
        "battery": payload[12 + shift] & 0x0F > 0,
    }
    if payload[8 + shift] < 0x80:  # how it tells of frost is not published
        fields["temperature"] = f"{payload[8 + shift]} ℃"
    return fields
