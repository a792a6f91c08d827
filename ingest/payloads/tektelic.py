"""Tektelic: parts of a channel, a type and a value of the width that the pair has, big-endian, FPort 10. The pairs mean
other things in other families, so each family has its decoder.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded, PayloadDecoder

_MEASURES: Final = 10
_SETTINGS: Final = frozenset({5, 20, 32, 33, 100, 101})


class _Part(NamedTuple):
    name: str  # "" for what says nothing to us
    width: int
    signed: bool = False
    by: int = 1


_CLIMATE: Final = {
    0x0367: _Part("ambient_temperature", 2, by=10, signed=True),
    0x0468: _Part("relative_humidity", 1, by=2),
}
_ROOM: Final = _CLIMATE | {
    0x00FF: _Part("battery_voltage", 2, by=100, signed=True),
    0x00BA: _Part("battery_voltage", 2, by=1000),
    0x00D3: _Part("battery_level", 1),
    0x0100: _Part("reed_state", 1),
    0x0200: _Part("light_detected", 1),
    0x0502: _Part("impact_magnitude", 2, by=1000, signed=True),
    0x0600: _Part("break_in", 1),
    0x0771: _Part("", 6),
    0x0804: _Part("reed_count", 2),
    0x0900: _Part("moisture", 1),
    0x0A00: _Part("motion_event_state", 1),
    0x0B67: _Part("mcu_temperature", 2, by=10, signed=True),
    0x0C00: _Part("impact_alarm", 1),
    0x0D04: _Part("motion_event_count", 2),
    0x0E00: _Part("extconnector_state", 1),
    0x0F04: _Part("extconnector_count", 2),
    0x1002: _Part("light_intensity", 1),
    0x1102: _Part("extconnector_analog", 2, by=1000, signed=True),
}
_OUTLET: Final = {
    0x00FE: _Part("", 16),
    0x0000: _Part("energy_consumption_meter_status", 1),
    0x0001: _Part("relay_closed", 1),
    0x0074: _Part("rms_voltage", 2, by=10),
    0x0075: _Part("rms_current", 2, by=10),
    0x0076: _Part("line_frequency", 2, by=10),
    0x0080: _Part("real_power", 2, by=10, signed=True),
    0x0180: _Part("apparent_power", 2, by=10),
    0x0280: _Part("reactive_power", 2, by=10),
    0x0081: _Part("power_factor", 1, by=100),
}
_FIELD: Final = {
    0x00BA: _Part("", 1),
    0x0104: _Part("input1_frequency", 2),
    0x0202: _Part("input2_voltage", 2),
    0x0302: _Part("input3_voltage", 2),
    0x0402: _Part("input4_voltage", 2),
    0x0504: _Part("input5_frequency", 2),
    0x0604: _Part("input6_frequency", 2),
    0x0965: _Part("light_intensity", 2),
    0x0900: _Part("light_detected", 1),
    0x0A71: _Part("", 6),
    0x0A00: _Part("orientation_alarm", 1),
    0x0B67: _Part("ambient_temperature", 2, by=10, signed=True),
    0x0B68: _Part("relative_humidity", 1, by=2),
    0x0C67: _Part("mcu_temperature", 2, by=10, signed=True),
}


def _family(parts: Mapping[int, _Part]) -> PayloadDecoder:
    def decode(payload: bytes, port: int) -> Decoded:
        """The measurements by the vendor's names. What follows an unknown pair stays unread. Raises RejectedError."""
        if port in _SETTINGS and payload:
            return Decoded({})
        fields: dict[str, Any] = {}
        at = 0
        while at + 2 <= len(payload) and port == _MEASURES:
            part = parts.get(int.from_bytes(payload[at : at + 2], "big"))
            if part is None or at + 2 + part.width > len(payload):
                break
            value = int.from_bytes(payload[at + 2 : at + 2 + part.width], "big", signed=part.signed)
            if part.name:
                fields[part.name] = value if part.by == 1 else value / part.by
            at += 2 + part.width
        if not at:
            raise RejectedError(f"no Tektelic measurement: port {port}, {payload[:4].hex() or 'empty'}")
        return Decoded(fields, unread=payload[at:])

    return decode


room: Final = _family(_ROOM)
outlet: Final = _family(_OUTLET)
field: Final = _family(_FIELD)
