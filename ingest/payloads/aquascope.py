"""Aquascope leak sensors and valves: FPort 10 reports a change, 16 tells how it is."""

from typing import Any

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_REPORT, _STATUS = 10, 16


def valve(payload: bytes, port: int) -> Decoded:
    """BVS: `leak` "Y" or "N", `valve` "On" or "Off", `temperature` in °C."""
    temperature = _temperature(payload, port)
    fields: dict[str, Any] = {"valve": "On" if payload[0] & 0x20 else "Off"} | temperature
    if port == _REPORT:
        fields["leak"] = "Y" if payload[0] & 1 else "N"
    return Decoded(fields)


def detector(payload: bytes, port: int) -> Decoded:
    """WWD: `leak` and `remote` 1 or 0, `battery` in %, `temperature` in °C."""
    temperature = _temperature(payload, port)
    fields: dict[str, Any] = {"battery": payload[1]} | temperature
    if port == _REPORT:
        fields |= {"leak": payload[0] & 1, "remote": payload[0] >> 1 & 1}
    return Decoded(fields)


def _temperature(payload: bytes, port: int) -> dict[str, Any]:
    if port not in (_REPORT, _STATUS) or len(payload) != 4:
        raise RejectedError(f"no Aquascope message: port {port}, {len(payload)} bytes")
    return {} if payload[2] else {"temperature": payload[3]}  # how it tells of frost is not published
