"""Netvox reports: version, device type, report type, then what that pair of types says (netvox_table)."""

import math
import re
import struct
from collections.abc import Callable
from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads import netvox_table
from ingest.payloads.decoded import Decoded

NO_SENSOR: Final = "NoSensor"
_REPORT: Final = 6
_ANSWER_PORTS: Final = frozenset({7, 13, 14, 15, 16, 17, 20, 21, 22})  # what the device answers to commands
_LENGTH: Final = 11
_WIDTH: Final = {"u8": 1, "u16": 2, "i16": 2, "u32": 4}
_FIELD: Final = re.compile(
    r"(?P<name>[\w.]+)@(?P<at>\d+):(?P<form>[\w ]+?)(?:\|(?P<yes>\w+)|/(?P<by>\d+))?(?P<bare>\?)?$"
)

_Read = Callable[[bytes], Any]


def decode(payload: bytes, port: int) -> Decoded:
    """The report's fields in the vendor's names; `Device` always, `Volt` in V of what runs on a battery.

    `NoSensor` stands where no such sensor is fitted. Nothing of an answer to a command. Raises RejectedError.
    """
    if port in _ANSWER_PORTS and payload:
        return Decoded({})
    if port != _REPORT or len(payload) != _LENGTH or payload[0] != 1:
        raise RejectedError(f"no Netvox report: port {port}, {len(payload)} bytes")
    kind, report = payload[1], payload[2]
    found = netvox_table.TYPES.get(kind)
    if found is None:
        raise RejectedError(f"Netvox device type {kind} is not known")
    if report == 0:
        return Decoded(_version(payload, found[0]))
    reads = _READS.get((kind, report))
    if reads is None:
        raise RejectedError(f"Netvox {found[0]} has no report type {report}")
    fields: dict[str, Any] = {"Device": found[0]}
    if kind in netvox_table.AIR:
        fields["Volt"] = payload[3] / 10
    elif kind not in netvox_table.METERS:
        fields["Volt"] = (payload[3] & 0x7F) / 10
        if payload[3] & 0x80:
            fields["LowBattery"] = True
    for name, read in reads.items():
        fields[name] = read(payload)
    return Decoded({name: value for name, value in fields.items() if value is not None})


def _version(payload: bytes, name: str) -> dict[str, Any]:
    return {"Device": name, "SWver": payload[3] / 10, "HWver": payload[4], "Datecode": payload[5:9].hex()}


def _read(form: str, at: int, yes: str | None, by: int, *, bare: bool) -> _Read:
    if yes is not None:
        no, yea = form.replace("_", " "), yes.replace("_", " ")
        return lambda payload: yea if payload[at] else no
    if form == "f16":
        return lambda payload: _half(payload[at : at + 2])
    width, signed = _WIDTH[form], form[0] == "i"
    ones = b"\xff" * width

    def number(payload: bytes) -> Any:
        part = payload[at : at + width]
        if bare and part == ones:
            return NO_SENSOR
        value = int.from_bytes(part, "big", signed=signed)
        return value if by == 1 else value / by

    return number


def _half(part: bytes) -> float | None:
    value: float = struct.unpack("<e", part)[0]
    return round(value, 6) if math.isfinite(value) else None


def _reads(line: str) -> dict[str, _Read]:
    reads: dict[str, _Read] = {}
    for spec in line.split():
        found = _FIELD.match(spec)
        if found is None:
            raise ValueError(f"netvox_table: {spec}")
        reads[found["name"]] = _read(
            found["form"], int(found["at"]), found["yes"], int(found["by"] or 1), bare=bool(found["bare"])
        )
    return reads


_READS: Final = {
    (kind, report): _reads(line)
    for kind, (_, lines) in netvox_table.TYPES.items()
    for report, line in (lines.items() if isinstance(lines, dict) else ((1, lines),))
}
