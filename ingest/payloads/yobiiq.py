"""Yobiiq meters, relays and smoke detectors: parts of channel, type and value, big-endian; FPort tells which types.

A type reads `name[unit]:form/divisor`: `u8 u16 u32 i8 i16 i32`, `ver` a version of two digits, `bcd4` digits, `text` to
the next part, and `a|b|…` the words for 0, 1, ….
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded, PayloadDecoder

_POWER_EVENT: Final = "powerEvent:AC Power Off|AC Power On"
_CLASS: Final = "deviceClass:Class A|Class B|Class C"
_ALARM: Final = "normal|alarm"

_METER_INFO: Final = {
    0x00: "relayStatus:LOW|HIGH",
    0x09: "hardwareVersion:ver",
    0x0A: "firmwareVersion:ver",
    0x0B: _POWER_EVENT,
    0x0F: _CLASS,
    0x16: "deviceSerialNumber:u32",
    0x1E: "primaryCurrentTransformerRatio:u16",
    0x1F: "secondaryCurrentTransformerRatio:u8",
    0x20: "primaryVoltageTransformerRatio:u32",
    0x21: "secondaryVoltageTransformerRatio:u16",
    0x28: "deviceModel:text",
} | {
    start + i: f"{name}{suffix}{form}"
    for start, suffix in ((0x3C, "Fallback"), (0x50, "Dynamic"))
    for i, (name, form) in enumerate(
        (
            ("currentLimit", "[A]:u16/10"),
            ("voltageLimit", "[V]:u16"),
            ("powerLimit", "[W]:u16"),
            ("deactivationDelay", "[s]:u16"),
            ("activationDelay", "[s]:u16"),
            ("offsetCurrent", "[A]:u16/10"),
            ("offsetDelay", "[s]:u16"),
            ("resetTime", "[s]:u16"),
            ("resetAmount", ":u8"),
        )
    )
}


def _readings(phases: str) -> dict[int, str]:
    """The registers of a meter; `phases` names what its energy counters cover."""
    flows = ("activeEnergyImport", "activeEnergyExport", "reactiveEnergyImport", "reactiveEnergyExport")
    energy = {
        0x04 + 2 * i + t: f"{flow}{phases}T{t + 1}[{'Wh' if i < 2 else 'varh'}]:u32"
        for i, flow in enumerate(flows)
        for t in (0, 1)
    }
    per_phase = {
        first + i: f"{name.replace('#', str(i + 1))}{form}"
        for first, name, form in (
            (0x0C, "voltageL#N", "[V]:i32/10"),
            (0x10, "currentL#", "[mA]:i32"),
            (0x14, "activePowerL#", "[W]:i32"),
            (0x17, "reactivePowerL#", "[kvar]:i32/1000"),
            (0x1A, "apparentPowerL#", "[kVA]:i32/1000"),
            (0x1D, "powerFactorL#", ":i8/100"),
            (0x20, "phaseAngleL#", "[degree]:i16/100"),
            (0x27, "maximumL#CurrentDemand", "[mA]:i32"),
        )
        for i in range(3)
    }
    return (
        energy
        | per_phase
        | {
            0x00: "index:u32",
            0x01: "timestamp:u32",
            0x03: "dataloggerTimestamp:u32",
            0x0F: "currentL123[mA]:i32",
            0x13: "activePowerL123[W]:i32",
            0x23: "frequency[Hz]:i16/100",
            0x24: "totalSystemActivePower[kW]:u32",
            0x25: "totalSystemReactivePower[kvar]:u32/1000",
            0x26: "totalSystemApparentPower[kVA]:u32/1000",
            0x2A: "averagePower[W]:i32",
            0x2B: "midYearOfCertification:u32",
            0xF0: "manufacturedYear:bcd2",
            0xF1: "firmwareVersion:ver",
            0xF2: "hardwareVersion:ver",
        }
    )


_STATES: Final = {0x01: "relayStatus:OPEN|CLOSED", 0x02: "digitalInputStatus:OPEN|CLOSED"}
_RELAY_INFO: Final = {
    0x01: "manufacturer:text",
    0x02: "deviceModel:text",
    0x03: "deviceSerialNumber:u32",
    0x04: "firmwareVersion:ver",
    0x05: "hardwareVersion:ver",
    0x06: _POWER_EVENT,
    0x07: "batteryPercentage:u8",
    0x08: "batteryVoltage:u8/10",
    0x11: _CLASS,
}
_RELAY: Final = {
    0xFE: "timestamp:u32",
    0xFD: "dataloggerTimestamp:u32",
    0x69: f"internalCircuitTemperatureAlarm:{_ALARM}",
    0x70: "internalCircuitTemperatureNumberOfAlarms:u32",
    0x71: "internalCircuitTemperature:i16/100",
    0x72: "internalCircuitHumidity:u8",
    0x95: "channel1State:relay",
    0x96: "channel1Control:OFF|ON",
    0x97: "channel1Counter:u32",
    0x98: "channel2State:relay",
    0x99: "channel2Control:OFF|ON",
    0x9A: "channel2Counter:u32",
}
_RELAY_CHANGES: Final = {
    0xFE: "timestamp:u32",
    0x00: f"internalTemperatureAlarm:{_ALARM}",
    0x01: "channel1State:relay",
    0x02: "channel2State:relay",
    0x03: f"lorawanWatchdogAlarm:{_ALARM}",
    0x97: "channel1Counter:u32",
    0x9A: "channel2Counter:u32",
}
_SMOKE_INFO: Final = {
    0x09: "hardwareVersion:ver",
    0x0A: "firmwareVersion:ver",
    0x0B: _POWER_EVENT,
    0x0F: _CLASS,
    0x16: "deviceSerialNumber:bcd5",
}
_SMOKE: Final = {
    0x01: "batteryLevelInPercentage:u8",
    0x02: _POWER_EVENT,
    0x03: "lowBatteryAlarm:Normal|Alarm",
    0x04: "faultAlarm:Normal|Alarm",
    0x05: "smokeAlarm:Normal|Alarm",
    0x06: "interconnectAlarm:Normal|Alarm",
    0x07: "testButtonPressed:Normal|Pushed",
}
_RELAY_STATES: Final = tuple(
    {"state": state, "reason": reason} for reason in ("by downlink or auto", "by button") for state in ("OFF", "ON")
)
_COMMANDS: Final = {0: {"info": "Downlink command succeeded"}, 1: {"warning": "Downlink command failed"}}
_NUMBER: Final = {"u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "i32": 4}
_SPEC: Final = re.compile(r"(?P<name>\w+)(?:\[(?P<unit>\w+)\])?:(?P<form>[^/]+)(?:/(?P<by>\d+))?$")
_SET_SINCE: Final = 946_684_800  # 2000: before it the clock was never set


class _Type(NamedTuple):
    name: str
    unit: str
    width: int  # 0: a text to the next part
    read: Callable[[bytes], Any]


def _types(lines: Mapping[int, str]) -> dict[int, _Type]:
    return {number: _type(line) for number, line in lines.items()}


def _type(line: str) -> _Type:
    found = _SPEC.match(line)
    if found is None:
        raise ValueError(f"yobiiq: {line}")
    name, unit, form, by = found["name"], found["unit"] or "", found["form"], int(found["by"] or 1)
    if form in _NUMBER:
        signed = form[0] == "i"

        def number(part: bytes) -> float:
            value = int.from_bytes(part, "big", signed=signed)
            return value if by == 1 else round(value / by, 2)

        return _Type(name, unit, _NUMBER[form], number)
    if form == "ver":
        return _Type(name, unit, 2, lambda part: f"V{part[0]:x}.{part[1]:x}")
    if form[:3] == "bcd":
        return _Type(name, unit, int(form[3:]), lambda part: int(part.hex()) if part.hex().isdecimal() else None)
    if form == "text":
        return _Type(name, unit, 0, lambda part: part.decode("ascii", "replace"))
    words: tuple[Any, ...] = _RELAY_STATES if form == "relay" else tuple(form.split("|"))
    return _Type(name, unit, 1, lambda part: words[part[0]] if part[0] < len(words) else None)


def _decoder(
    ports: Mapping[int, Mapping[int, str]], channels: Mapping[int, int], ignored: frozenset[int]
) -> PayloadDecoder:
    """A decoder: the types of each port, the channel byte that every part of a port begins with (any where absent)."""
    types = {port: _types(lines) for port, lines in ports.items()}

    def decode(payload: bytes, port: int) -> Decoded:
        """The parts by the vendor's names, with a unit as `{"data": …, "unit": …}`. Raises RejectedError."""
        known = types.get(port)
        if known is None and port not in ignored:
            raise RejectedError(f"no message of this Yobiiq device comes on port {port}")
        if len(payload) == 1 and payload[0] in _COMMANDS:
            return Decoded(_COMMANDS[payload[0]])
        if known is None or not payload:
            return Decoded({})
        fields = _parts(payload, known, channels.get(port))
        at = fields.get("dataloggerTimestamp", fields.get("timestamp"))
        return Decoded(fields, at=at * 1000 if isinstance(at, int) and at >= _SET_SINCE else None)

    return decode


def _parts(payload: bytes, types: Mapping[int, _Type], channel: int | None) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    at = 0
    while at < len(payload):
        first, number = payload[at], payload[at + 1] if at + 1 < len(payload) else -1
        at += 2
        if (first, number) == (0x0B, 0x0A) and channel is None:
            kind = _MODBUS
        else:
            known = types.get(number)
            if known is None or (channel is not None and first != channel):
                raise RejectedError(f"Yobiiq channel {first:#x} has no type {number:#x} here")
            kind = known
        end = at + kind.width if kind.width else _text_end(payload, at, first)
        if end > len(payload):
            raise RejectedError(f"Yobiiq {kind.name} is cut off")
        value = kind.read(payload[at:end])
        if value is not None:
            fields[kind.name] = {"data": value, "unit": kind.unit} if kind.unit else value
        at = end
    return fields


def _text_end(payload: bytes, at: int, channel: int) -> int:
    end = payload.find(channel, at)
    return len(payload) if end < 0 else end


_MODBUS: Final = _type("modbusErrorCode:u8")
_MEASURED: Final = range(1, 11)


def _meter(phases: str) -> PayloadDecoder:
    ports = {port: _readings(phases) for port in _MEASURED} | {50: _METER_INFO}
    if phases == "L1":
        ports[11] = _STATES
    return _decoder(ports, {50: 0xFF}, frozenset({0, 60}) if phases == "L1" else frozenset({0}))


three_phase_meter: Final = _meter("L123")
single_phase_meter: Final = _meter("L1")
relay: Final = _decoder(
    dict.fromkeys(range(1, 6), _RELAY) | {11: _RELAY_CHANGES, 50: _RELAY_INFO},
    dict.fromkeys(range(1, 6), 0xDD) | {11: 0xAA, 50: 0xFF},
    frozenset({0, 100}),
)
_SMOKE_TYPES: Final = _types(_SMOKE)
_smoke_info: Final = _decoder({50: _SMOKE_INFO}, {50: 0xFF}, frozenset({0}))


def smoke_detector(payload: bytes, port: int) -> Decoded:
    """The SD1001: threes of a channel, a type that says nothing, and the channel's state. Raises RejectedError."""
    if port == 50 or payload[:1] == b"\xff" or len(payload) < 3:
        return _smoke_info(payload, 50 if payload else port)
    if len(payload) % 3:
        raise RejectedError("a Yobiiq smoke detector tells three bytes of each channel")
    fields: dict[str, Any] = {}
    for channel, state in zip(payload[::3], payload[2::3], strict=True):
        kind = _SMOKE_TYPES.get(channel)
        if kind is None:
            raise RejectedError(f"a Yobiiq smoke detector has no channel {channel}")
        value = kind.read(bytes((state,)))
        if value is not None:
            fields[kind.name] = value
    return Decoded(fields)
