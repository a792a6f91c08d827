"""A small shore for the tests of what is heard: two zones, two stations, two counters."""

from dataclasses import replace

from domain.naming import Element, Kind
from domain.readings import Millis, Reading, Value
from domain.site import Device, Facility, Grade, Name, Position, Site, Zone
from rules.core.surroundings import Place

START: Millis = 1_790_841_600_000  # 2026-10-01T16:00+08:00
MINUTE, HOUR = 60_000, 3_600_000
WEST, EAST = Position(36.06, 120.30), Position(36.06, 120.38)
TEN_MINUTES = 600


def _facility(name: str, kind: Kind, zone: str, position: Position, **attributes: float) -> Facility:
    return Facility(name, kind, Element.MUNICIPAL, Name(name, name), zone, position, attributes=attributes)


FACILITIES = [
    _facility("gauge-west", Kind.COAST, "west", WEST),
    _facility("gauge-east", Kind.COAST, "east", EAST),
    _facility("count-1", Kind.CROWD, "west", WEST, capacity=100.0),
    _facility("count-2", Kind.CROWD, "west", WEST, capacity=300.0),
    _facility("bin-1", Kind.BIN, "west", WEST),
    _facility("toilet-1", Kind.TOILET, "east", EAST),
]
SITE = Site(
    id="shore",
    name=Name("shore", "岸"),
    timezone="Asia/Shanghai",
    simulated=True,
    parties={},
    zones={name: Zone(name, Name(name, name), Grade.ORDINARY, (), (), (), "", "") for name in ("west", "east")},
    sections={},
    gateways={},
    facilities={one.id: one for one in FACILITIES},
    devices={one.id: Device(one.id, one.id, interval_s=TEN_MINUTES) for one in FACILITIES},
    shifts={},
    crews={},
    desk="",
)
ONE_GAUGE = replace(SITE, facilities={name: one for name, one in SITE.facilities.items() if name != "gauge-east"})
IN_WEST, IN_EAST = Place("west", {}), Place("east", {})
AT_BIN = Place("west", {}, "bin-1")


def said(device: str, minutes: float, *, late: float = 0, quality: int = 0, **values: Value) -> Reading:
    """What a device says so many minutes after the start, heard `late` minutes after that."""
    at = START + round(minutes * MINUTE)
    of = SITE.facilities[device]
    received = at + round(late * MINUTE)
    return Reading(of.id, device, of.kind.value, of.zone, at, values, quality, -1, received)


def after(minutes: float) -> Millis:
    """So many minutes after the start."""
    return START + round(minutes * MINUTE)
