"""Terabee: level monitoring, people counting across a line, people in zones."""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_DISTANCES: Final = {0: "TARGET_TOO_CLOSE", 1: "INVALID_READING", 65535: "TARGET_TOO_FAR"}
_COUNT_PORTS: Final = frozenset({1, 82})
_ZONE_PORT: Final = 83
_CONFIGURATION: Final = frozenset({2, 3, 4, 5, 6, 7, 8, 100, 101})
_COUNT_FLAGS: Final = ("TPC_STOPPED", "TPC_STUCK", "NETWORK_ON")
_ZONE_FLAGS: Final = ("STOPPED", "STUCK", "WIFI_ACCESS_POINT_ON", "WARMUP")
_GET_COUNTS: Final = 2
_NOT_SET: Final = 255


def level(payload: bytes, port: int) -> Decoded:
    """LM-XL: `distance` in mm or a word for why there is none, `levelPercentage` in %, `batteryVoltage` in mV."""
    if len(payload) != 6 or port > 223:
        raise RejectedError(f"no frame of a Terabee level sensor: port {port}, {len(payload)} bytes")
    if payload[5]:
        raise RejectedError(f"the Terabee level sensor reports error bits {payload[5]:#x}")
    distance = int.from_bytes(payload[:2], "big")
    fields = {
        "distance": _DISTANCES.get(distance, distance),
        "levelPercentage": "LEVEL_ERROR" if payload[2] == _NOT_SET else payload[2],
        "batteryVoltage": int.from_bytes(payload[3:5], "big"),
    }
    return Decoded(fields)


def counter(payload: bytes, port: int) -> Decoded:
    """People Counting L-XL and M: `count_in`, `count_out` since the counter was set to zero, `flags`."""
    if port in _COUNT_PORTS and len(payload) in (8, 9):
        flags = payload[8] if len(payload) == 9 else 0
        return Decoded(_counts(payload) | {"flags": _flags(flags, _COUNT_FLAGS)})
    if port == 2 and len(payload) == 9 and payload[0] == _GET_COUNTS:
        answer = {"name": "CMD_CNT_GET", "id": _GET_COUNTS, "success": True, "value": _counts(payload[1:])}
        return Decoded({"cmd": answer})
    return _configured(payload, port)


def zones(payload: bytes, port: int) -> Decoded:
    """People Occupancy Counting: `zone_global`, `zone_0` to `zone_7` (a number, or "not set"), `flags`."""
    if port == _ZONE_PORT and len(payload) == 10:
        fields: dict[str, Any] = {"flags": _flags(payload[0], _ZONE_FLAGS), "zone_global": payload[1]}
        return Decoded(fields | {f"zone_{n}": "not set" if v == _NOT_SET else v for n, v in enumerate(payload[2:])})
    return _configured(payload, port)


def _counts(payload: bytes) -> dict[str, int]:
    return {"count_in": int.from_bytes(payload[:4], "big"), "count_out": int.from_bytes(payload[4:8], "big")}


def _flags(byte: int, names: tuple[str, ...]) -> dict[str, int]:
    return {name: 1 for bit, name in enumerate(names) if byte >> bit & 1}


def _configured(payload: bytes, port: int) -> Decoded:
    if port in _CONFIGURATION and payload:
        return Decoded({})
    raise RejectedError(f"no message of a Terabee people counter: port {port}, {len(payload)} bytes")
