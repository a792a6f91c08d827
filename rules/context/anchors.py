"""Where a zone is, as far as sun and weather are concerned."""

import math
from collections.abc import Mapping

from domain.site import Position, Site


def anchors(site: Site) -> Mapping[str, Position]:
    """Each zone at its first node, or where its first facility or gateway stands."""
    positions: dict[str, Position] = {}
    for facility in sorted(site.facilities.values(), key=lambda f: f.id):
        positions.setdefault(facility.zone, facility.position)
    for gateway in sorted(site.gateways.values(), key=lambda g: g.id):
        positions.setdefault(gateway.zone, gateway.position)
    for zone in site.zones.values():
        if zone.nodes:
            positions[zone.id] = zone.nodes[0].position
    return positions


def metres(one: Position, other: Position) -> float:
    """Along a straight line; flat enough for a coast."""
    north = (other.lat - one.lat) * 111_320.0
    east = (other.lon - one.lon) * 111_320.0 * math.cos(math.radians(one.lat))
    return math.hypot(north, east)
