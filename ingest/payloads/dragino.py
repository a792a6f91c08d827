"""Dragino sensors: eleven-byte frames on FPort 2 (distance, soil, leaf, climate, inputs), ten-byte ones on 10 (doors,
leaks). The frames look alike, so each family has its decoder. Text stays text where the vendor's codec gives text.
"""

from typing import Any, Final

from domain.errors import RejectedError
from ingest.payloads.decoded import Decoded

_MEASURES: Final = 2
_DOORS: Final = 10
_LISTENS: Final = 3  # a frame that only answers a poll or tells the settings
_IO_MODES: Final = {
    1: "2ACI+2AVI",
    2: "Count mode 1",
    3: "2ACI+1Count",
    4: "Count mode 2",
    5: " 1ACI+2AVI+1Count",
}


def ultrasonic(payload: bytes, port: int) -> Decoded:
    """LDDS20, LDDS45, LDDS75: `Distance` as "1234 mm" (`distance` in mm from firmware before 1.1.4), `Bat` in V.

    "No Sensor" and "Invalid Reading" stand where there is no distance.
    """
    _on(_MEASURES, port, payload, "ultrasonic sensor", (4, 5, 8))
    distance = _u16(payload, 2)
    if len(payload) == 4:
        return Decoded({"distance": "No Sensor"})
    if len(payload) == 5:
        return Decoded({"distance": distance if distance > 20 else "Invalid Reading", "value": distance})
    words = {0: "No Sensor", 20: "Invalid Reading"}
    fields = {
        "Bat": _battery(payload),
        "Distance": words.get(distance, f"{distance} mm"),
        "Interrupt_flag": payload[4],
        "TempC_DS18B20": f"{_i16(payload, 5) / 10:.2f}",
        "Sensor_flag": payload[7],
    }
    return Decoded(fields)


def ultrasonic_four(payload: bytes, port: int) -> Decoded:
    """LDDS04: `distance1_cm` to `distance4_cm`, `BatV` in V."""
    _on(_MEASURES, port, payload, "LDDS04", (11,))
    if payload[0] == _LISTENS and payload[10] == 2:
        return Decoded({})
    fields: dict[str, Any] = {"BatV": _battery(payload), "EXTI_Trigger": "TRUE" if payload[0] & 0x80 else "FALSE"}
    fields |= {f"distance{n}_cm": _u16(payload, 2 * n) / 10 for n in range(1, 5)}
    return Decoded(fields | {"mes_type": payload[10]})


def lidar(payload: bytes, port: int) -> Decoded:
    """LLDS12: `Lidar_distance` in cm, `Lidar_signal`, `Lidar_temp` in °C of the sensor itself."""
    _on(_MEASURES, port, payload, "LLDS12", (11,))
    if payload[0] == _LISTENS or payload[10] == 2:
        return Decoded({})
    fields = {
        "Bat": _battery(payload),
        "TempC_DS18B20": f"{_i16(payload, 2) / 10:.2f}",
        "Lidar_distance": _u16(payload, 4) / 10,
        "Lidar_signal": _u16(payload, 6),
        "Interrupt_flag": payload[8],
        "Lidar_temp": int.from_bytes(payload[9:10], "big", signed=True),
        "Message_type": payload[10],
    }
    return Decoded(fields)


def soil(payload: bytes, port: int) -> Decoded:
    """LSE01: `water_SOIL` in %, `temp_SOIL` in °C, `conduct_SOIL` in µS/cm."""
    _on(_MEASURES, port, payload, "LSE01", (11,))
    fields = {
        "Bat": _battery(payload),
        "TempC_DS18B20": f"{_i16(payload, 2) / 10:.1f}",
        "water_SOIL": f"{_u16(payload, 4) / 100:.2f}",
        "temp_SOIL": f"{_below_zero(payload, 6) / 100:.2f}",
        "conduct_SOIL": _u16(payload, 8),
    }
    return Decoded(fields)


def leaf(payload: bytes, port: int) -> Decoded:
    """LLMS01: `Leaf_Moisture` in %, `Leaf_Temperature` in °C."""
    _on(_MEASURES, port, payload, "LLMS01", (11,))
    return Decoded(
        _analog(payload)
        | {"Leaf_Moisture": f"{_u16(payload, 4) / 10:.2f}", "Leaf_Temperature": f"{_below_zero(payload, 6) / 10:.2f}"}
    )


def soil_ph(payload: bytes, port: int) -> Decoded:
    """LSPH01: `PH1_SOIL`, `TEMP_SOIL` in °C."""
    _on(_MEASURES, port, payload, "LSPH01", (11,))
    return Decoded(
        _analog(payload)
        | {"PH1_SOIL": f"{_u16(payload, 4) / 100:.2f}", "TEMP_SOIL": f"{_below_zero(payload, 6) / 10:.2f}"}
    )


def door_or_leak(payload: bytes, port: int) -> Decoded:
    """LDS01, LDS02, LWL01, LWL02: `DOOR_OPEN_STATUS` or `WATER_LEAK_STATUS` (1 open, 1 leak), by `MOD`."""
    _on(_DOORS, port, payload, "door or leak sensor", (7, 8, 9, 10))
    mode, door, leak = payload[2], payload[0] >> 7, payload[0] >> 6 & 1
    fields: dict[str, Any] = {"BAT_V": _battery(payload), "MOD": mode}
    whole = len(payload) == 10
    if mode in (1, 3):
        fields["DOOR_OPEN_STATUS"] = door
    if mode in (2, 3):
        fields["WATER_LEAK_STATUS"] = leak
    if mode in (1, 2):
        name = "DOOR_OPEN" if mode == 1 else "WATER_LEAK"
        fields[f"{name}_TIMES"] = int.from_bytes(payload[3:6], "big")
        if whole:
            fields[f"LAST_{name}_DURATION"] = int.from_bytes(payload[6:9], "big")
    if whole and mode in (1, 3):
        fields["ALARM"] = payload[9] & 1
    return Decoded(fields)


def climate(payload: bytes, port: int) -> Decoded:
    """LHT65: `TempC_SHT` in °C, `Hum_SHT` in %, and what the external sensor measures."""
    if port in (3, 4, 5) and payload:
        return Decoded({})  # kept values without times, settings
    _on(_MEASURES, port, payload, "LHT65", (11,))
    if payload[6] & 0x40:
        return Decoded({})  # answers a poll of what was kept
    kind = payload[6] & 0x0F
    fields: dict[str, Any] = {}
    if kind == 9:
        fields |= {"TempC_DS": _i16(payload, 0) / 100, "Bat_status": payload[4] >> 6}
    else:
        fields |= {"BatV": _battery(payload), "Bat_status": payload[0] >> 6}
    if kind != 15:
        fields |= {"TempC_SHT": _i16(payload, 2) / 100, "Hum_SHT": (_u16(payload, 4) & 0xFFF) / 10}
    if payload[6] & 0x80:
        fields["No_connect"] = "Sensor no connection"
    elif kind in (1, 2):
        fields |= {"Ext_sensor": "Temperature Sensor", "TempC_DS": _i16(payload, 7) / 100}
    if kind == 0:
        fields["Ext_sensor"] = "No external sensor"
    elif kind == 5:
        fields |= {"Work_mode": "Illumination Sensor", "ILL_lx": _u16(payload, 7)}
    elif kind == 6:
        fields |= {"Work_mode": "ADC Sensor", "ADC_V": _u16(payload, 7) / 1000}
    return Decoded(fields)


def air_quality(payload: bytes, port: int) -> Decoded:
    """LAQ4: `CO2_ppm`, `TVOC_ppb`, `TempC_SHT` in °C, `Hum_SHT` in %."""
    _on(_MEASURES, port, payload, "LAQ4", (11,))
    if payload[2] >> 2 & 0x1F != 1:
        return Decoded({})
    fields = {
        "Bat_V": _u16(payload, 0) / 1000,
        "Work_mode": "CO2",
        "Alarm_status": "TRUE" if payload[2] & 1 else "FALSE",
        "TVOC_ppb": _u16(payload, 3),
        "CO2_ppm": _u16(payload, 5),
        "TempC_SHT": _i16(payload, 7) / 10,
        "Hum_SHT": _u16(payload, 9) / 10,
    }
    return Decoded(fields)


def node(payload: bytes, port: int) -> Decoded:
    """LSN50 v2: by its working mode `TempC_SHT` and `Hum_SHT`, or `Distance_cm`; `Door_status` of its switch input."""
    _on(_MEASURES, port, payload, "LSN50", (11, 12))
    mode = payload[6] >> 2 & 0x1F
    if mode not in (0, 1, 3, 4, 5):
        return Decoded({})
    fields: dict[str, Any] = {
        "BatV": _u16(payload, 0) / 1000,
        "TempC1": _i16(payload, 2) / 10,
        "ADC_CH0V": _u16(payload, 4) / 1000,
        "Digital_IStatus": "H" if payload[6] & 2 else "L",
        "EXTI_Trigger": "TRUE" if payload[6] & 1 else "FALSE",
        "Door_status": "CLOSE" if payload[6] & 0x80 else "OPEN",
    }
    if mode == 0 and _u16(payload, 9) == 0:
        fields |= {"Work_mode": "IIC", "Illum": _u16(payload, 7)}
    elif mode == 0:
        fields |= {"Work_mode": "IIC", "TempC_SHT": _i16(payload, 7) / 10, "Hum_SHT": _u16(payload, 9) / 10}
    elif mode == 1:
        fields |= {"Work_mode": " Distance", "Distance_cm": _u16(payload, 7) / 10}
    return Decoded(fields)


def inputs(payload: bytes, port: int) -> Decoded:
    """LT22222, LT33222: relays "ON"/"OFF", inputs and outputs "H"/"L", analog inputs in V and mA, counters."""
    _on(_MEASURES, port, payload, "LT22222 or LT33222", (11,))
    board, mode, states = payload[10] >> 6, payload[10] & 0x3F, payload[8]
    if mode not in _IO_MODES or board > 1:
        return Decoded({})
    fields: dict[str, Any] = {
        "Hardware_mode": "LT22222" if board else "LT33222",
        "Work_mode": _IO_MODES[mode],
        "DO1_status": "L" if states & 1 else "H",
        "DO2_status": "L" if states & 2 else "H",
        "RO1_status": "ON" if states & 0x80 else "OFF",
        "RO2_status": "ON" if states & 0x40 else "OFF",
    }
    if board == 0:
        fields["DO3_status"] = "L" if states & 4 else "H"
    if mode == 1:
        fields |= {"DI1_status": "H" if states & 8 else "L", "DI2_status": "H" if states & 16 else "L"}
        if board == 0:
            fields["DI3_status"] = "H" if states & 32 else "L"
    else:
        fields["First_status"] = "Yes" if states & 32 else "No"
    return Decoded(fields | _channels(payload, mode))


def _channels(payload: bytes, mode: int) -> dict[str, Any]:
    volts = {"AVI1_V": _i16(payload, 0) / 1000, "AVI2_V": _i16(payload, 2) / 1000}
    currents = {"ACI1_mA": _i16(payload, 4) / 1000, "ACI2_mA": _i16(payload, 6) / 1000}
    first, second = int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big")
    match mode:
        case 1:
            return volts | currents
        case 2:
            return {"Count1_times": first, "Count2_times": second}
        case 3:
            return {"Count1_times": first} | currents
        case 4:
            return {"Count1_times": first, "Acount_times": second}
        case _:
            return volts | {"ACI1_mA": currents["ACI1_mA"], "Count1_times": _u16(payload, 6)}


def _analog(payload: bytes) -> dict[str, Any]:
    return {
        "Bat": _battery(payload),
        "TempC_DS18B20": f"{_i16(payload, 2) / 10:.2f}",
        "Interrupt_flag": payload[8],
        "Message_type": payload[10],
    }


def _on(wanted: int, port: int, payload: bytes, what: str, lengths: tuple[int, ...]) -> None:
    if port != wanted or len(payload) not in lengths:
        raise RejectedError(f"no frame of a Dragino {what}: port {port}, {len(payload)} bytes")


def _battery(payload: bytes) -> float:
    return (_u16(payload, 0) & 0x3FFF) / 1000


def _u16(payload: bytes, at: int) -> int:
    return int.from_bytes(payload[at : at + 2], "big")


def _i16(payload: bytes, at: int) -> int:
    return int.from_bytes(payload[at : at + 2], "big", signed=True)


def _below_zero(payload: bytes, at: int) -> int:
    """As the vendor writes it: below zero from 0xFFFF down, not from 0x10000."""
    value = _u16(payload, at)
    return value - 0xFFFF if value & 0x8000 else value
