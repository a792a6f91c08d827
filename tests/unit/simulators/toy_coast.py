"""A small coast in Python, for tests of the simulators: one zone, one long feeder, a few of everything."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from domain.naming import Element, Kind
from domain.readings import Millis
from domain.site import Crew, Device, Facility, Gateway, Grade, Name, Node, Position, Site, Zone
from simulators.faults import Edge, Entry, FaultPlan
from simulators.voice import Publish

START = round(datetime.fromisoformat("2026-10-01T16:00+08:00").timestamp() * 1000)
MINUTE, HOUR = 60_000, 3_600_000
NOTHING = FaultPlan("none")
_ELEMENTS = {
    Kind.BIN: Element.SANITATION,
    Kind.TOILET: Element.SANITATION,
    Kind.GREEN: Element.GREENING,
    Kind.PARKING: Element.ORDER,
    Kind.CROWD: Element.ORDER,
}
_ATTRIBUTES = {
    Kind.LIGHT: {"rated_power": 60.0},
    Kind.BIN: {"depth_mm": 900.0},
    Kind.TOILET: {"stalls": 8.0},
    Kind.PARKING: {"capacity": 120.0},
    Kind.GREEN: {"holding_capacity": 32.0},
    Kind.CROWD: {"capacity": 3000.0},
}
_HOW_MANY = {
    Kind.CABINET: (1, 300),
    Kind.FEEDER: (2, 300),
    Kind.LIGHT: (52, 3600),
    Kind.BIN: (20, 1800),
    Kind.TOILET: (6, 600),
    Kind.PARKING: (4, 300),
    Kind.GREEN: (5, 1800),
    Kind.CROWD: (2, 600),
    Kind.COAST: (1, 600),
}


def toy_site() -> Site:
    """42 lamps on feeder-00, 10 on feeder-01; bin-19 is not played."""
    here = Position(36.0600, 120.3140)
    zone = Zone(
        "bay",
        Name("Bay", "湾"),
        Grade.ORDINARY,
        (),
        (Node("pier", Name("Pier", "桥"), here, Grade.KEY_NODE),),
        (),
        "s",
        "c",
    )
    facilities: dict[str, Facility] = {}
    devices: dict[str, Device] = {}
    for kind, (many, interval) in _HOW_MANY.items():
        for n in range(many):
            one = f"{kind}-{n:02}"
            facilities[one] = Facility(
                id=one,
                kind=kind,
                element=_ELEMENTS.get(kind, Element.MUNICIPAL),
                name=Name(one, one),
                zone="bay",
                position=Position(here.lat, here.lon + 0.0005 * n),
                feeder=("feeder-00" if n < 42 else "feeder-01") if kind is Kind.LIGHT else "",
                cabinet="cabinet-00" if kind is Kind.FEEDER else "",
                attributes=MappingProxyType(_ATTRIBUTES.get(kind, {})),
            )
            devices[f"d-{one}"] = Device(
                id=f"d-{one}",
                facility=one,
                gateway="gw-1" if kind is Kind.BIN else "",
                interval_s=interval,
                lit_interval_s=900 if kind is Kind.LIGHT else 0,
                played=one != "bin-19",
            )
    crews = {
        name: Crew(name, Name(name, name), ("all",), ("bay",), (), 8, here, "p") for name in ("alpha", "beta", "desk")
    }
    return Site(
        id="toy",
        name=Name("Toy", "玩具"),
        timezone="Asia/Shanghai",
        simulated=True,
        parties={},
        zones={"bay": zone},
        sections={},
        gateways={"gw-1": Gateway("gw-1", "bay", here)},
        facilities=facilities,
        devices=devices,
        shifts={},
        crews=crews,
        desk="desk",
    )


def at_once(what: str, facility: str, minutes: float = 1.0) -> FaultPlan:
    """A plan with one incident so many minutes after the start."""
    return FaultPlan("one", (Entry(what, Edge("start", minutes), Edge("start", minutes), facility=facility),))


def said_by(sent: Iterable[Publish], facility: str) -> list[tuple[Millis, Mapping[str, Any]]]:
    """(time, values) of what a facility's first device sent, in order."""
    return [(p.at, json.loads(p.payload)["values"]) for p in sent if p.device == f"d-{facility}"]


def stamp_of(at: Millis) -> str:
    """RFC 3339 as the service writes it."""
    return datetime.fromtimestamp(at / 1000).astimezone().isoformat()


def order(facility: str, now: Millis, **more: Any) -> bytes:
    """An order as the wire has it."""
    kind = facility.partition("-")[0]
    told = {
        "order": "00ff00ff00ff00ff",
        "revision": 1,
        "state": "dispatched",
        "priority": "P3",
        "kind": kind,
        "rule": f"{kind}-trouble",
        "safety": False,
        "facility": facility,
        "dispatched": stamp_of(now),
        "rework": 0,
    }
    return json.dumps(told | more).encode()
