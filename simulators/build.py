"""A site's facilities, made into things that change."""

from collections.abc import Mapping
from typing import assert_never

from domain.naming import Kind
from domain.readings import Millis
from domain.site import Facility, Site
from simulators.beds import Bed
from simulators.bins import Bin
from simulators.coast import CoastStation
from simulators.crowd import CrowdPoint
from simulators.feeders import Cabinet, Feeder
from simulators.lights import Lamp
from simulators.lots import Lot
from simulators.thing import Scene, Thing
from simulators.toilets import Toilet


def things_of(site: Site, scene: Scene, start: Millis) -> Mapping[str, Thing]:
    """Every facility, by id; lamps hang on their feeders, feeders in their cabinets."""
    order = sorted(site.facilities.values(), key=lambda f: (f.kind is not Kind.FEEDER, f.id))
    things: dict[str, Thing] = {}
    for facility in order:
        things[facility.id] = _thing(facility, scene, start, things)
    for thing in list(things.values()):
        cabinet = things.get(thing.facility.cabinet)
        if isinstance(thing, Feeder) and isinstance(cabinet, Cabinet):
            cabinet.feeders.append(thing)
    return things


def _thing(facility: Facility, scene: Scene, start: Millis, so_far: Mapping[str, Thing]) -> Thing:
    match facility.kind:
        case Kind.LIGHT:
            feeder = so_far.get(facility.feeder)
            return Lamp(facility, scene, start, feeder if isinstance(feeder, Feeder) else None)
        case Kind.FEEDER:
            return Feeder(facility, scene, start)
        case Kind.CABINET:
            return Cabinet(facility, scene, start)
        case Kind.BIN:
            return Bin(facility, scene, start)
        case Kind.TOILET:
            return Toilet(facility, scene, start)
        case Kind.PARKING:
            return Lot(facility, scene, start)
        case Kind.GREEN:
            return Bed(facility, scene, start)
        case Kind.CROWD:
            return CrowdPoint(facility, scene, start)
        case Kind.COAST:
            return CoastStation(facility, scene, start)
        case _:
            assert_never(facility.kind)
