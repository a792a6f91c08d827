"""Milesight's counters of people and presence (VS): what no line of milesight_table.py can tell."""

from collections.abc import Callable
from typing import Any, Final

from ingest.payloads.milesight_bytes import Bytes, EndsEarlyError, Found, word_of

_KINDS: Final = tuple(
    kind
    for n in range(1, 5)
    for kind in (
        (f"line_{n}_{{}}total_in",),
        (f"line_{n}_{{}}total_out",),
        (f"line_{n}_{{}}period_in", f"line_{n}_{{}}period_out"),
    )
)  # of a VS133's history, in the order of their numbers
_DWELL: Final = {0x10: "{}_avg_dwell", 0x20: "{}_max_dwell", 0x1E: "{}_child_avg_dwell", 0x3C: "{}_child_max_dwell"}

_SEAT: Final = ("vacant", "occupied")
_BED_ALARMS: Final = (
    *("fall", "motionless", "dwell", "out_of_bed", "occupied", "vacant", "bradynea", "tachypnea", "lying_down"),
)
_BED_STATES: Final = ("unknown", "alarm_triggered", "alarm_deactivated", "alarm_ignored", "respiratory_status")


def _regions(source: Bytes) -> dict[str, Any]:
    people, count = source.u(1), source.u(1)
    taken = int.from_bytes(source.take(2), "big")
    fields: dict[str, Any] = {"people_count_all": people, "region_count": count}
    for n in range(min(count, 16)):
        fields[f"region_{n + 1}"] = taken >> n & 1
    return fields


def _people_regions(source: Bytes, found: Found) -> None:
    found.target.update(_regions(source))


def _pair(*names: str) -> Callable[[Bytes], dict[str, Any]]:
    return lambda source: {name: source.u(2) for name in names}


def _counts(first: int) -> Callable[[Bytes], dict[str, Any]]:
    return lambda source: {f"region_{n}_count": source.u(1) for n in range(first, first + 4)}


def _dwell(source: Bytes) -> dict[str, Any]:
    source.u(1)
    return {"dwell_time_avg": source.u(2), "dwell_time_max": source.u(2)}


_HISTORY: Final[dict[int, Callable[[Bytes], dict[str, Any]]]] = {
    1: _regions,
    2: _pair("people_in", "people_out"),
    3: lambda source: {"people_count_max": source.u(1)},
    **{4 + n: _counts(1 + 4 * n) for n in range(4)},
    **{
        8 + 2 * n + half: _pair(f"{origin}_to_{ends[0]}", f"{origin}_to_{ends[1]}")
        for n, origin in enumerate("abcd")
        for half, ends in enumerate(("ab", "cd"))
    },
    0x10: _pair("people_total_in", "people_total_out"),
    0x11: _dwell,
    0x12: _pair("line_in", "line_out"),
}


def _people_history(source: Bytes, found: Found) -> None:
    at, kind = source.u(4), source.u(1)
    if kind not in _HISTORY:
        raise EndsEarlyError
    found.earlier(at, _HISTORY[kind](source))


def _region_dwell(source: Bytes, found: Found, of: str = "") -> None:
    region, average, most = source.u(1), source.u(2), source.u(2)
    found.target[f"region_{region}_{of}avg_dwell"] = average
    found.target[f"region_{region}_{of}max_dwell"] = most


def _line_history(source: Bytes, found: Found) -> None:
    at, kind = source.u(4), source.u(1)
    fields: dict[str, Any]
    if kind in _DWELL:
        region = source.u(1)
        fields = {_DWELL[kind].format(f"region_{region}"): source.u(2)}
    elif kind in {0x0F, 0x1D}:
        of = "child_" if kind == 0x1D else ""
        fields = {f"region_{n}_{of}count": source.u(1) for n in range(1, 5)}
    elif 0x03 <= kind <= 0x0E or 0x11 <= kind <= 0x1C:
        of, names = ("", _KINDS[kind - 3]) if kind < 0x0F else ("child_", _KINDS[kind - 0x11])
        size = 4 if len(names) == 1 else 2
        fields = {name.format(of): source.u(size) for name in names}
    else:
        raise EndsEarlyError
    found.earlier(at, fields)


def _occlusion(source: Bytes, found: Found) -> None:
    """Which camera of several something stands before."""
    source.u(1)
    node, state = source.u(1), source.u(1)
    name = "master" if node == 0 else f"node_{node}"
    found.target[f"{name}_occlusion_alarm"] = {0: "alarm_released", 1: "alarm_triggered"}.get(state, "unknown")


def _desks(mask: int, taken: int, fields: dict[str, Any]) -> None:
    for n in range(10):
        fields[f"region_{n + 1}_enable"] = "enable" if mask >> n & 1 else "disable"
        fields[f"region_{n + 1}"] = _SEAT[taken >> n & 1]


def _desk_regions(source: Bytes, found: Found) -> None:
    _desks(source.u(2), source.u(2), found.target)


def _desk_history(source: Bytes, found: Found) -> None:
    at, mode, fields = source.u(4), source.u(1), dict[str, Any]()
    if mode == 0:
        fields["people_total_counts"] = source.u(2)
    elif mode == 1:
        _desks(source.u(2), source.u(2), fields)
    else:
        raise EndsEarlyError
    found.earlier(at, fields)


def _passage_history(source: Bytes, found: Found) -> None:
    at, kind = source.u(4), source.u(1)
    if kind > 1:
        raise EndsEarlyError
    names = ("period_in", "period_out", "total_in", "total_out")[: 4 if kind else 2]
    found.earlier(at, {name: source.u(2) for name in names})


def _bed_event(source: Bytes) -> dict[str, Any]:
    event, kind, state, region = source.u(2), source.u(1), source.u(1), source.u(1)
    fields: dict[str, Any] = {"alarm_id": event, "alarm_type": word_of(_BED_ALARMS, kind)}
    fields["alarm_status"] = word_of(_BED_STATES, state)
    return {**fields, "region_id": region} if kind in {3, 6, 7} else fields


def _bed_events(source: Bytes, found: Found) -> None:
    event = _bed_event(source)
    found.target.setdefault("events", []).append(event)


def _bed_history(source: Bytes, found: Found) -> None:
    found.earlier(source.u(4), _bed_event(source))


def _bed_regions(source: Bytes, found: Found) -> None:
    count, taken = source.u(1), source.u(4)
    for n in range(min(count, 32)):
        found.target[f"region_{n + 1}_occupancy"] = _SEAT[taken >> n & 1]


READERS: Final[dict[str, Callable[..., None]]] = {
    "people_regions": _people_regions,
    "people_history": _people_history,
    "region_dwell": _region_dwell,
    "line_history": _line_history,
    "occlusion": _occlusion,
    "desk_regions": _desk_regions,
    "desk_history": _desk_history,
    "passage_history": _passage_history,
    "bed_events": _bed_events,
    "bed_history": _bed_history,
    "bed_regions": _bed_regions,
}
