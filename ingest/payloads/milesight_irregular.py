"""Milesight's channels that no line can tell: values that others decide about. By the names milesight_table.py uses."""

from collections.abc import Callable
from typing import Any, Final

from ingest.payloads import milesight_modbus, milesight_people
from ingest.payloads.milesight_bytes import Bytes, EndsEarlyError, Found, put, word_of

_RADAR_EVENTS: Final = (
    "threshold alarm",
    "threshold alarm release",
    "blind spot alarm",
    "blind spot alarm release",
    "mutation alarm",
    "tilt alarm",
)
_NO_DISTANCE: Final = {0xFFFD: "no target", 0xFFFE: "disabled", 0xFFFF: "sensor exception"}
_NO_TEMPERATURE: Final = {0xFFFE: "disabled", 0xFFFF: "sensor exception"}
_WATER_ALARMS: Final = (
    "none",
    "water outage timeout alarm",
    "water outage timeout alarm release",
    "water flow timeout alarm",
    "water flow timeout alarm release",
    "gpio alarm",
    "gpio alarm release",
)
_FAULTS: Final = {0: "collection error", 1: "lower range error", 2: "over range error", 3: "no data"}
_AIR_ALARMS: Final = {
    **_FAULTS,
    0x10: "alarm deactivation",
    0x11: "alarm trigger",
    0x20: "interference alarm deactivation",
    0x21: "interference alarm trigger",
}
_HOT_ALARMS: Final = {**_AIR_ALARMS, 0x20: "burning alarm deactivation", 0x21: "burning alarm trigger"}
_PROBE_ALARMS: Final = {
    **_FAULTS,
    **{
        0x10 + 2 * n + end: f"{side} range alarm {('deactivation', 'trigger')[end]}"
        for n, side in enumerate(("lower", "over", "within", "exceed"))
        for end in (0, 1)
    },
    0x20: "mutation alarm trigger",
    0x30: "mutation alarm trigger no mutation",
}
_PLUG_MAGNET: Final = {-1000: "close", -1001: "open"}
_PROBE_STATES: Final = ("normal", "read error", "out of range")


def _signed(raw: int) -> int:
    return raw - 0x10000 if raw > 0x7FFF else raw


def _fine_angles(source: Bytes, found: Found) -> None:
    """EM320-TILT: three angles, each with its alarm in the lowest bit."""
    raw = [source.i(2) for _ in "xyz"]
    for axis, value in zip("xyz", raw, strict=True):
        found.target[f"angle_{axis}"] = (value >> 1) / 100
        found.target[f"threshold_{axis}"] = "trigger" if value & 1 else "normal"


def _radar_history(source: Bytes, found: Found) -> None:
    at, distance, temperature, mutation, events = source.u(4), source.u(2), source.u(2), source.i(2), source.u(1)
    fields: dict[str, Any] = {}
    if distance in _NO_DISTANCE:
        fields["distance_sensor_status"] = _NO_DISTANCE[distance]
    else:
        fields["distance"] = _signed(distance)
    if temperature in _NO_TEMPERATURE:
        fields["temperature_sensor_status"] = _NO_TEMPERATURE[temperature]
    else:
        fields["temperature"] = _signed(temperature) / 10
    if events:
        fields["event"] = [word for bit, word in enumerate(_RADAR_EVENTS) if events >> bit & 1]
    if events >> 4 & 1:
        fields["distance_mutation"] = mutation
    found.earlier(at, fields)


def _gpio(mode: int, fields: dict[str, Any], level: int) -> None:
    fields["gpio_type"] = {1: "gpio", 2: "counter"}.get(mode, "unknown")
    if mode == 1:
        fields["gpio"] = word_of(("low", "high"), level)


def _pulse_history(source: Bytes, found: Found, *_: str) -> None:
    at, fields = source.u(4), {"temperature": source.i(2) / 10, "humidity": source.u(1) / 2}
    mode, level, pulse = source.u(1), source.u(1), source.u(4)
    _gpio(mode, fields, level)
    if mode == 2:
        fields["pulse"] = pulse
    found.earlier(at, fields)


def _water_history(source: Bytes, found: Found, *climate: str) -> None:
    at, temperature, humidity = source.u(4), source.i(2), source.u(1)
    fields: dict[str, Any] = {"temperature": temperature / 10, "humidity": humidity / 2} if climate else {}
    alarm, mode, level = source.u(1), source.u(1), source.u(1)
    water = {"water_conv": source.u(2) / 10, "pulse_conv": source.u(2) / 10, "water": source.f(4)}
    fields["alarm"] = word_of(_WATER_ALARMS, alarm)
    _gpio(mode, fields, level)
    if mode == 2:
        fields.update({name: value for name, value in water.items() if value is not None})
    found.earlier(at, fields)


def _air_alarm(source: Bytes, found: Found, name: str, kind: str, divisor: str) -> None:
    code = source.u(1)
    value = _valued(source, kind, divisor) if code in {0x10, 0x11} else None
    _alarmed(found, name, (_HOT_ALARMS if name == "temperature" else _AIR_ALARMS).get(code, "unknown"), value)


def _probe_alarm(source: Bytes, found: Found, name: str, kind: str, divisor: str) -> None:
    code = source.u(1)
    value = _valued(source, kind, divisor) if code >= 0x10 and code in _PROBE_ALARMS else None
    if code == 0x20:
        _valued(source, kind, divisor)  # how far it jumped, after where to
    _alarmed(found, name, _PROBE_ALARMS.get(code, "unknown"), value)


def _valued(source: Bytes, kind: str, divisor: str) -> float:
    size = int(kind[1:]) // 8
    value = source.i(size) if kind[0] == "i" else source.u(size)
    return value if divisor == "1" else value / int(divisor)


def _alarmed(found: Found, name: str, word: str, value: float | None) -> None:
    found.target[f"{name}_alarm"] = {"type": word}
    if value is not None:
        found.target[name] = value


def _checked_history(source: Bytes, found: Found, light: str, *more: str) -> None:
    """AM304L and AM305L: each value with a word on whether it is valid (1)."""
    at, fields = source.u(4), dict[str, Any]()
    valid, temperature = source.u(1), source.i(2)
    if valid == 1:
        fields["temperature"] = temperature / 10
    valid, humidity = source.u(1), source.u(1)
    if valid == 1:
        fields["humidity"] = humidity / 2
    source.take(3)  # presence
    for name in (light, *more):
        valid, value = source.u(1), source.u(2)
        if valid == 1:
            fields[name] = value
    found.earlier(at, fields)


def _sound(source: Bytes, found: Found) -> None:
    """WS302: levels in dB, named for their weighting in frequency (A, C, Z) and time (I, F, S)."""
    weight = source.u(1)
    now, equivalent, most = (source.u(2) / 10 for _ in range(3))
    by_frequency, by_time = weight & 3, weight >> 2 & 3
    if by_frequency == 3 or by_time == 3:
        return
    name, speed = "L" + "ZAC"[by_frequency], "IFS"[by_time]
    found.target.update({f"{name}{speed}": now, f"{name}eq": equivalent, f"{name}{speed}max": most})


def _one_wire_history(source: Bytes, found: Found) -> None:
    at, event, temperature = source.u(4), source.u(1), source.i(2)
    fields: dict[str, Any] = {"read_status": word_of(_PROBE_STATES, event >> 4)}
    if event >> 4 == 0:
        fields["temperature"] = temperature / 10
    found.earlier(at, fields)


def _probe_history(source: Bytes, found: Found) -> None:
    at, kind, temperature, humidity, event = source.u(4), source.u(1), source.i(2), source.u(1), source.u(1)
    fields: dict[str, Any] = {"sensor_type": {1: "DS18B20", 2: "SHT4X"}.get(kind, "unknown")}
    fields["temperature_sensor_status"] = word_of(_PROBE_STATES, event >> 6)
    if event >> 6 == 0:
        fields["temperature"] = temperature / 10
    if kind == 2 and event >> 4 & 3 == 0:
        fields["humidity"] = humidity / 2
    found.earlier(at, fields)


def _plug_history(source: Bytes, found: Found, end: str = "") -> None:
    at, _, humidity, temperature = source.u(4), source.u(1), source.i(2), source.i(2)
    fields: dict[str, Any] = {}
    for name, value in (("temperature", temperature), ("humidity", humidity)):
        if value in _PLUG_MAGNET:
            fields[f"magnet{end}"] = _PLUG_MAGNET[value]
        elif value not in {-999, -1002}:  # nothing plugged in, over range
            fields[f"{name}{end}"] = value / 10
    found.earlier(at, fields)


def _earlier(source: Bytes, found: Found) -> None:
    """All that follows was kept at this time."""
    source.u(1)
    at, fields = source.u(4), dict[str, Any]()
    found.target = fields
    found.earlier(at, fields)


def _pressed(source: Bytes, found: Found) -> None:
    """WS136 and WS156: the button of a panel, and the command it sends to its neighbours."""
    button, command = source.u(1), source.u(2)
    found.target[f"button_{button}"] = 1
    found.target[f"button_{button}_d2d"] = command


def _shown(source: Bytes, found: Found) -> None:
    """DS3604: what a block of the electronic paper says."""
    place = source.u(1)
    block = place & 0x3F
    if block > 10:
        raise EndsEarlyError
    text = source.take(source.u(1)).decode("utf-8", "replace")
    put(found.target, f"template_{(place >> 6) + 1}.{'qrcode' if block == 10 else f'text_{block + 1}'}", text)


def _valve_history(source: Bytes, found: Found) -> None:
    at, state, pulse = source.u(4), source.u(1), source.u(4)
    index, counting = 2 if state >> 4 & 1 else 1, not state >> 1 & 1
    fields: dict[str, Any] = {"mode": "counter" if counting else "gpio"}
    fields[f"valve_{index}"] = "open" if state & 1 else "close"
    # The published decoder has these two the wrong way round for its own words; the published example is followed.
    if counting:
        fields[f"valve_{index}_pulse"] = pulse
    else:
        fields[f"gpio_{index}"] = "on" if state >> 2 & 1 else "off"
    found.earlier(at, fields)


def _ball_valve(source: Bytes, found: Found, n: str) -> None:
    """UC521: how far it is open, in percent; a three-way valve opens to the left (to 100) or the right (above)."""
    kind, opening = source.u(1), source.u(1)
    name = f"valve_{n}"
    if kind > 1 or opening > (200 if kind else 100):
        return
    found.target[f"{name}_type"] = "3_way_ball_valve" if kind else "2_way_ball_valve"
    found.target[f"{name}_opening"] = opening - 100 if opening > 100 else opening
    if kind:
        found.target[f"{name}_direction"] = "right" if opening > 100 else "left"


READERS: Final[dict[str, Callable[..., None]]] = {
    "fine_angles": _fine_angles,
    "radar_history": _radar_history,
    "pulse_history": _pulse_history,
    "water_history": _water_history,
    "air_alarm": _air_alarm,
    "probe_alarm": _probe_alarm,
    "checked_history": _checked_history,
    "sound": _sound,
    "one_wire_history": _one_wire_history,
    "probe_history": _probe_history,
    "plug_history": _plug_history,
    "earlier": _earlier,
    "pressed": _pressed,
    "shown": _shown,
    "valve_history": _valve_history,
    "ball_valve": _ball_valve,
    **milesight_modbus.READERS,
    **milesight_people.READERS,
}
