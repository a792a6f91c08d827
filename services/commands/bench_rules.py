"""`tidewalk bench rules`: what a quiet reading costs the rule engine."""

import gc
import json
import time
from itertools import cycle
from pathlib import Path

import click

from domain.naming import Element, Kind
from domain.readings import Millis, Reading, Value
from domain.site import Device, Facility, Gateway, Grade, Name, Position, Site, Zone
from rules.book import load_rules, shipped
from rules.context.all import surroundings
from rules.runners.live import Live

_START: Millis = 1_790_942_400_000  # 2026-10-02T20:00+08:00: lamps are lit
_HERE = Position(36.0608, 120.3146)
_ROW = 1_000  # readings a journal row
_LAMPS_A_FEEDER = 40

_QUIET: dict[Kind, tuple[dict[str, Value], dict[str, float], int]] = {
    Kind.LIGHT: (
        {
            "commanded_level": 80.0,
            "active_power": 78.5,
            "supply_voltage": 229.0,
            "leakage_current": 1.2,
            "tilt_deg": 0.6,
            "lamp_failure": False,
            "supply_loss": False,
        },
        {"rated_power": 100.0},
        900,
    ),
    Kind.BIN: (
        {"fill_level": 22.0, "bin_temperature": 21.0, "tipped": False, "battery": 88.0},
        {"depth_mm": 900.0},
        1800,
    ),
    Kind.TOILET: ({"nh3_ppm": 0.4, "h2s_ppm": 0.01, "stalls_free": 5.0, "paper_level": 60.0}, {"stalls": 8.0}, 600),
    Kind.PARKING: ({"occupied_spots": 60.0, "available_spots": 40.0, "gate_state": "down"}, {"capacity": 100.0}, 300),
    Kind.GREEN: ({"soil_moisture": 28.0, "soil_temp": 17.0, "soil_ec": 0.8}, {"holding_capacity": 40.0}, 1800),
}
# What moves a little from one report to the next: an instrument of which nothing ever moves is stuck.
_MOVES = {
    Kind.LIGHT: "supply_voltage",
    Kind.BIN: "bin_temperature",
    Kind.TOILET: "nh3_ppm",
    Kind.PARKING: "occupied_spots",
    Kind.GREEN: "soil_temp",
}
_MIX = (*[Kind.LIGHT] * 12, *[Kind.BIN] * 5, Kind.TOILET, Kind.PARKING, Kind.GREEN)  # of 20 facilities


JSON_KEYS = (
    "The line alone: name, readings_per_second, microseconds_per_message, resident_mb, engine_mb, facilities, rules, "
    "alarms."
)


@click.command("rules")
@click.option("--facilities", default=5_000, show_default=True, help="How many report, one device each.")
@click.option("--rounds", default=40, show_default=True, help="How often each of them reports.")
@click.option("--path", type=click.Path(path_type=Path, exists=True), help="Rule files; left out: the shipped library.")
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def rules_bench(facilities: int, rounds: int, path: Path | None, *, as_json: bool) -> None:
    """Measure what a quiet reading costs the rule engine, with all rules loaded.

    Readings are in no rule's interest: that is what nearly all readings are. They come in journal rows of 1,000, each
    followed by its Tick. Making them is not counted; handing over the changed states, at every 20th row, is. Time is
    processor time on one core.

    \b
        tidewalk bench rules
        tidewalk bench rules --facilities 50000 --rounds 5 --json
    """
    book = load_rules(path) if path is not None else shipped()
    site = _coast(facilities)
    before = _resident_mb()
    live = Live(book, site, surroundings(site, book))
    live.listening_from(_START)
    spent, changes, readings = _spend(live, site, rounds)
    figures = {
        "name": "rules",
        "readings_per_second": round(readings / spent),
        "microseconds_per_message": round(spent / readings * 1e6, 3),
        "resident_mb": round(_resident_mb(), 1),
        "engine_mb": round(_resident_mb() - before, 1),
        "facilities": facilities,
        "rules": len(book.rules),
        "alarms": changes,
    }
    if not as_json:
        click.echo(f"{figures['readings_per_second']:,} readings/s, {figures['microseconds_per_message']} µs a reading")
        click.echo(f"{facilities:,} facilities, {len(book.rules)} rules, {figures['engine_mb']} MB for the engine")
    click.echo(json.dumps(figures))


def _spend(live: Live, site: Site, rounds: int) -> tuple[float, int, int]:
    """Seconds spent in the engine, alarms raised (none, of quiet readings), readings heard."""
    spent, changes, readings = 0.0, 0, 0
    names = cycle(site.facilities.values())
    at = _START
    gap = 900_000 * _ROW // len(site.facilities)  # each reports about every 15 minutes
    for row in range(max(1, rounds * len(site.facilities) // _ROW)):
        at += gap
        batch = [_reading(facility, at) for facility, _ in zip(names, range(_ROW), strict=False)]
        gc.collect() if row == 0 else None
        began = time.process_time()
        changes += len(live.hear(batch, at + 1))
        if row % 20 == 19:
            live.drain_dirty(row)
        spent += time.process_time() - began
        readings += len(batch)
    return spent, changes, readings


def _reading(facility: Facility, at: Millis) -> Reading:
    values = dict(_QUIET[facility.kind][0])
    values[_MOVES[facility.kind]] += at // 60_000 % 7 / 10  # type: ignore[operator]  # these are numbers
    return Reading(facility.id, facility.id, facility.kind.value, facility.zone, at, values, 0, -1, at)


def _coast(count: int) -> Site:
    facilities: dict[str, Facility] = {}
    for number in range(count):
        kind = _MIX[number % len(_MIX)]
        name = f"{kind}-{number:05}"
        facilities[name] = Facility(
            id=name,
            kind=kind,
            element=Element.MUNICIPAL,
            name=Name(name, name),
            zone=f"zone-{number % 5}",
            position=_HERE,
            feeder=f"feeder-{number // _LAMPS_A_FEEDER}" if kind is Kind.LIGHT else "",
            attributes=_QUIET[kind][1],
        )
    zones = {f"zone-{n}": Zone(f"zone-{n}", Name("", ""), Grade.ORDINARY, (), (), (), "", "") for n in range(5)}
    devices = {
        f.id: Device(f.id, f.id, gateway=f"gw-{i % 50}", interval_s=max(900, _QUIET[f.kind][2]))
        for i, f in enumerate(facilities.values())
    }
    gateways = {f"gw-{n}": Gateway(f"gw-{n}", "zone-0", _HERE) for n in range(50)}
    return Site(
        id="bench",
        name=Name("bench", "基准"),
        timezone="Asia/Shanghai",
        simulated=True,
        parties={},
        zones=zones,
        sections={},
        gateways=gateways,
        facilities=facilities,
        devices=devices,
        shifts={},
        crews={},
        desk="",
    )


def _resident_mb() -> float:
    """Resident memory of this process; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * 4096 / 1e6
