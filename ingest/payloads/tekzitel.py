"""Tekzitel TekziPark bay sensors (车位传感器): ports 1 and 2, the state in bit 7 of the first byte."""

from typing import Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_PORTS: Final = (1, 2)
_BITS: Final = {"keepAlive": 0, "reset": 1, "No_Beacon": 2, "Radar": 3, "Obstruction": 4, "Good_Battery": 5}


def decode(payload: bytes, port: int) -> Decoded:
    """`occupied` 1 or 0, `keepAlive` 1 in a frame that only repeats it, `Good_Battery`, `Temperature` in °C."""
    if port not in _PORTS or len(payload) < 3:
        raise RejectedError(f"no TekziPark message: port {port}, {len(payload)} bytes")
    fields: dict[str, int] = {"occupied": payload[0] >> 7}
    fields |= {name: payload[0] >> bit & 1 for name, bit in _BITS.items()}
    fields |= {"Temperature": int.from_bytes(payload[1:2], "big", signed=True), "Parking_ID": payload[2]}
    return Decoded(fields)
