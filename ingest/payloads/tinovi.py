"""Tinovi PM-IO-5-SM valve and soil controller: flags that tell which groups follow, big-endian, on any port."""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_Part = tuple[str, int, bool, int]  # name, bytes, signed, divisor

_SOIL: Final[tuple[_Part, ...]] = (
    ("e25", 2, False, 100),
    ("ec", 2, False, 10),
    ("temp", 2, True, 100),
    ("vwc", 2, False, 1),
)
# (bit of the flags, its parts); the order is that of the frame, not of the bits
_GROUPS: Final[tuple[tuple[int, tuple[_Part, ...]], ...]] = (
    (0, _SOIL),
    (1, (("airTemp", 2, True, 100), ("airHum", 2, False, 100), ("airPres", 2, False, 1))),
    (2, (("lux", 4, False, 100),)),
    (4, (("pulse", 4, False, 1),)),
    (3, tuple((f"{name}_1", width, signed, by) for name, width, signed, by in _SOIL)),
    (5, (("press", 2, False, 100),)),
)
_PASCAL: Final = 50_000


def decode(payload: bytes, port: int) -> Decoded:
    """`vwc` in %, `temp` in °C, `ec`, `bat` in %, `valv` (1 open), `leak`, and what other sensors are fitted."""
    if len(payload) < 2:
        raise RejectedError(f"no Tinovi message: port {port}, {len(payload)} bytes")
    flags = payload[0]
    fields: dict[str, Any] = {"valv": flags >> 7, "leak": flags >> 6 & 1, "bat": payload[1]}
    at = 2
    for bit, parts in _GROUPS:
        if not flags >> bit & 1:
            continue
        for name, width, signed, by in parts:
            if at + width > len(payload):
                raise RejectedError(f"a Tinovi message is cut off before {name}")
            value = int.from_bytes(payload[at : at + width], "big", signed=signed)
            fields[name] = value if by == 1 else value / by
            at += width
    if "airPres" in fields:
        fields["airPres"] += _PASCAL
    return Decoded(fields)
