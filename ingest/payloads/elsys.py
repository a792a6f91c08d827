"""ELSYS: a type byte and as many bytes as the type has, big-endian, on any port; one table for all their models."""

from collections.abc import Callable
from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_Read = Callable[[bytes], dict[str, Any]]


def decode(payload: bytes, port: int) -> Decoded:
    """`temperature` in °C, `humidity` in %, `light` in lx, `distance` in mm, `vdd` in mV and what else there is.

    What follows a type that is not known stays unread. Raises RejectedError where not even the first is known.
    """
    fields: dict[str, Any] = {}
    at = 0
    while at < len(payload):
        width, read = _TYPES.get(payload[at], (0, None))
        end = at + 1 + width
        if read is None or end > len(payload):
            break
        fields |= read(payload[at + 1 : end])
        at = end
    if not fields:
        raise RejectedError(f"no ELSYS message: port {port}, {payload[:4].hex() or 'empty'}")
    return Decoded(fields, unread=payload[at:])


def _one(name: str, by: int = 1, *, signed: bool = False) -> _Read:
    def read(part: bytes) -> dict[str, Any]:
        value = int.from_bytes(part, "big", signed=signed)
        return {name: value if by == 1 else value / by}

    return read


def _several(*names: str, width: int = 1, by: int = 1, signed: bool = False) -> _Read:
    reads = [_one(name, by, signed=signed) for name in names]

    def read(part: bytes) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for i, one in enumerate(reads):
            found |= one(part[i * width : (i + 1) * width])
        return found

    return read


def _nothing(_part: bytes) -> dict[str, Any]:
    return {}


_TYPES: Final[dict[int, tuple[int, _Read]]] = {
    0x01: (2, _one("temperature", 10, signed=True)),
    0x02: (1, _one("humidity")),
    0x03: (3, _several("x", "y", "z", signed=True)),
    0x04: (2, _one("light")),
    0x05: (1, _one("motion")),
    0x06: (2, _one("co2")),
    0x07: (2, _one("vdd")),
    0x08: (2, _one("analog1")),
    0x09: (6, _nothing),  # position, as no two codecs tell it
    0x0A: (2, _one("pulse1")),
    0x0B: (4, _one("pulseAbs")),
    0x0C: (2, _one("externalTemperature", 10, signed=True)),
    0x0D: (1, _one("digital")),
    0x0E: (2, _one("distance")),
    0x0F: (1, _one("accMotion")),
    0x10: (4, _several("irInternalTemperature", "irExternalTemperature", width=2, by=10, signed=True)),
    0x11: (1, _one("occupancy")),
    0x12: (1, _one("waterleak")),
    0x13: (65, _nothing),  # a picture of heat
    0x14: (4, _one("pressure", 1000)),
    0x15: (2, _several("soundPeak", "soundAvg")),
    0x16: (2, _one("pulse2")),
    0x17: (4, _one("pulseAbs2")),
    0x18: (2, _one("analog2")),
    0x19: (2, _one("externalTemperature2", 10, signed=True)),
    0x1A: (1, _one("digital2")),
    0x1B: (4, _one("analogUv", signed=True)),
    0x1C: (2, _one("tvoc")),
}
