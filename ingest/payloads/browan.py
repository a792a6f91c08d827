"""Browan TABS: the FPort tells the model; status, battery, board temperature, then what the model measures."""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_DOOR, _MOTION, _CLIMATE, _LIGHT, _SOUND, _LEAK, _BUTTON = 100, 102, 103, 104, 105, 106, 147
_LENGTHS: Final = {_DOOR: 8, _MOTION: 8, _LIGHT: 6, _SOUND: 4, _LEAK: 5, _BUTTON: 3}
_SHORT, _LONG = 4, 11  # TBHH100, TBHV110 on the same port
_SETTINGS: Final = 204


def decode(payload: bytes, port: int) -> Decoded:
    """`status` 1 in an alarm, `battery` in V, `temperatureBoard` in °C, `lux`, `temperature`, `humidity`, …"""
    if port == _SETTINGS and payload:
        return Decoded({})
    if port == _CLIMATE and len(payload) in (_SHORT, _LONG):
        return Decoded(_climate(payload))
    # the button of later firmware tells more behind what is read here
    if len(payload) != _LENGTHS.get(port) and not (port == _BUTTON and len(payload) > _LENGTHS[_BUTTON]):
        raise RejectedError(f"no Browan message: port {port}, {len(payload)} bytes")
    fields: dict[str, Any] = {"battery": _battery(payload), "temperatureBoard": _degrees(payload[2])}
    status = payload[0]
    if port == _LIGHT:
        bits = {"darker": 0, "lighter": 1, "statusChange": 4, "keepAlive": 5}
        fields |= {name: status >> bit & 1 for name, bit in bits.items()}
        fields["lux"] = int.from_bytes(payload[3:6], "little") / 100
        return Decoded(fields)
    fields["status"] = status & 1
    if port in (_DOOR, _MOTION):
        fields |= {"time": int.from_bytes(payload[3:5], "little"), "count": int.from_bytes(payload[5:8], "little")}
    elif port == _SOUND:
        fields["decibel"] = payload[3]
    elif port == _LEAK:
        fields |= {"humidity": payload[3], "temperature": _degrees(payload[4])}
    return Decoded(fields)


def _climate(payload: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = {"battery": _battery(payload), "humidity": payload[3] & 0x7F}
    if len(payload) == _SHORT:
        return fields | {"status": payload[0] >> 3, "temperature": _degrees(payload[2])}
    return fields | {
        "status": payload[0] & 1,
        "temperatureBoard": _degrees(payload[2]),
        "eco2": int.from_bytes(payload[4:6], "little"),
        "voc": int.from_bytes(payload[6:8], "little"),
        "iaq": int.from_bytes(payload[8:10], "little"),
        "temperature": _degrees(payload[10]),
    }


def _battery(payload: bytes) -> float:
    return (25 + (payload[1] & 0x0F)) / 10


def _degrees(byte: int) -> int:
    return (byte & 0x7F) - 32
