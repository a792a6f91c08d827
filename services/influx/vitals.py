"""How the service stands, as a point of the `ingest` series and one for each way to crews."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from domain.readings import Millis
from domain.series import CHANNEL, INGEST
from services.api.seams import Pulse, Reach
from services.influx.happened import Event, at_ns

_STATES: Final = ("pending", "sent", "dead")


class Beside(NamedTuple):
    """What a pulse does not tell. `skew_s`: our clock before (−: behind) InfluxDB's; None where nobody knows."""

    journal_bytes: int
    quarantined: int
    ways: Mapping[str, Mapping[str, int]]  # to crews: by channel, how many messages are pending, sent, dead
    devices: int
    blind: int
    rolled_up_to: Millis  # 0: not begun
    rollups_dirty: int
    skew_s: float | None
    up_s: int


class Before(NamedTuple):
    """Of the point before."""

    at: Millis
    messages: int
    written: int


def points(site: str, now: Millis, pulse: Pulse, beside: Beside, before: Before | None) -> list[Event]:
    """How it stands at `now`."""
    fields: dict[str, float | int | bool | str] = {
        "lag_judge_s": _lag_s(pulse, pulse.judge),
        "lag_store_s": _lag_s(pulse, pulse.store),
        "messages": pulse.messages,
        "readings_written": pulse.written,
        "readings_pending": pulse.pending,
        "readings_refused": pulse.refused,
        "store_retries": pulse.retries,
        "held": pulse.held,
        "quarantined": beside.quarantined,
        "journal_rows": pulse.row,
        "journal_bytes": beside.journal_bytes,
        "behind_judge": max(0, pulse.row - pulse.judge.row),
        "behind_store": max(0, pulse.row - pulse.store.row),
        **{f"outbox_{state}": sum(way.get(state, 0) for way in beside.ways.values()) for state in _STATES},
        "devices": beside.devices,
        "blind": beside.blind,
        "rollup_dirty": beside.rollups_dirty,
        "up_s": beside.up_s,
        "link_up": pulse.link in ("up", "passed", "unmeasured"),
        "store_up": not pulse.store.waiting_for and "store" not in pulse.away,
        "judge_up": not pulse.judge.waiting_for and "judge" not in pulse.away,
        "dispatch_up": not pulse.dispatch and "dispatch" not in pulse.away,
        "waiting_for": pulse.trouble or pulse.judge.waiting_for or pulse.store.waiting_for or pulse.dispatch,
    }
    if beside.rolled_up_to:
        fields["rollup_lag_s"] = max(0, now - beside.rolled_up_to) // 1000
    if beside.skew_s is not None:
        fields["clock_skew_s"] = beside.skew_s
    if before is not None and now > before.at and pulse.messages >= before.messages and pulse.written >= before.written:
        seconds = (now - before.at) / 1000
        fields["messages_per_s"] = (pulse.messages - before.messages) / seconds
        fields["readings_per_s"] = (pulse.written - before.written) / seconds
    return [Event(INGEST.name, {"site": site}, fields, at_ns(now)), *_ways(site, now, pulse, beside)]


def _ways(site: str, now: Millis, pulse: Pulse, beside: Beside) -> list[Event]:
    """Every way to crews that was ever used, or is down: it is down where one of its contacts takes nothing."""
    trouble = dict.fromkeys(beside.ways, "")
    for target, (_, why) in sorted(pulse.down.items(), key=lambda one: -one[1][0]):  # of several the longest says why
        trouble[target.partition(" ")[0]] = why
    away = "dispatch" in pulse.away
    found = []
    for channel, why in sorted(trouble.items()):
        counts = beside.ways.get(channel, {})
        fields: dict[str, float | int | bool | str] = {
            **{state: counts.get(state, 0) for state in _STATES},
            "up": not (why or pulse.dispatch or away),
            "waiting_for": pulse.dispatch or why,
        }
        found.append(Event(CHANNEL.name, {"site": site, "channel": channel}, fields, at_ns(now)))
    return found


def _lag_s(pulse: Pulse, reach: Reach) -> float:
    """By how much what it works on is older than the newest; 0.0 where it has all."""
    return max(0, pulse.at - reach.at) / 1000 if reach.row < pulse.row and reach.at else 0.0
