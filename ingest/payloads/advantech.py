"""Advantech EVA sensors: reports of eleven bytes on FPort 6: version, device type, report type. Numbers are text."""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_REPORT: Final = 6
_ANSWERS: Final = (7, 14)
_CURRENT, _CLIMATE, _THERMOMETER, _LEAK, _SWITCH = 0x4A, 0x0B, 0x95, 0x32, 0x9F
_NAMES: Final = {
    _CURRENT: "EVA-2210|EVA-2213",
    _CLIMATE: "EVA-2310",
    _THERMOMETER: "EVA-2311",
    _LEAK: "EVA-2510",
    _SWITCH: "EVA-2511",
}
_ALARMS: Final = ("No Alarm", "LowTemperatureAlarm", "HighTemperatureAlarm")


def decode(payload: bytes, port: int) -> Decoded:
    """`DeviceType`, `Battery` as "3.6V", and by type `Temperature`, `Humidity`, `WaterLeak`, `Status`, `Current1` …"""
    if port in _ANSWERS and payload:
        return Decoded({})
    if port != _REPORT or len(payload) != 11 or payload[1] not in _NAMES or payload[2] > 3:
        raise RejectedError(f"no Advantech EVA report: port {port}, {len(payload)} bytes")
    kind, report = payload[1], payload[2]
    fields: dict[str, Any] = {"DeviceType": _NAMES[kind]}
    if report == 0:
        return Decoded(fields | {"SoftwareVersion": payload[3] / 10, "HardwareVersion": payload[4]})
    fields["Battery"] = f"{(payload[3] & 0x7F) / 10:g}V{'(low battery)' if payload[3] & 0x80 else ''}"
    if kind == _CURRENT:
        return Decoded(fields | _currents(payload, report))
    if report != 1:
        raise RejectedError(f"Advantech {_NAMES[kind]} has no report type {report}")
    return Decoded(fields | _measured(payload, kind))


def _currents(payload: bytes, report: int) -> dict[str, Any]:
    if report == 2:
        return {}
    return {f"Current{n + 1}": f"{int.from_bytes(payload[4 + 2 * n : 6 + 2 * n], 'big')}mA" for n in range(3)}


def _measured(payload: bytes, kind: int) -> dict[str, Any]:
    first = int.from_bytes(payload[4:6], "big", signed=True)
    if kind == _CLIMATE:
        humidity = int.from_bytes(payload[6:8], "big") / 100
        return {"Temperature": f"{first / 100:g}°C", "Humidity": f"{humidity:g}%"}
    if kind == _THERMOMETER:
        alarm = {"ThresholdAlarm": _ALARMS[payload[6]]} if payload[6] < len(_ALARMS) else {}
        return {"Temperature": f"{first / 10:g}°C"} | alarm
    if kind == _LEAK:
        return {"WaterLeak": "Leak" if payload[4] == 1 else "NoLeak"}
    return {"Status": "On" if payload[4] == 1 else "Off"}
