"""Links to a map, each in the datum that its map draws."""

from math import atan2, cos, degrees, hypot, radians
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from domain.site import Node, Position
from services.site.datum import to_gcj02

METRES_PER_DEGREE: Final = 111_195.0
# Where GCJ-02 is in force, roughly: beyond it Chinese maps draw WGS-84 as well.
_SOUTH, _NORTH, _WEST, _EAST = 0.8293, 55.8271, 72.004, 137.8347


def amap(at: Position, name: str) -> str:
    """高德地图, which opens its app on a phone. GCJ-02."""
    lat, lon = to_gcj02(at) if _SOUTH <= at.lat <= _NORTH and _WEST <= at.lon <= _EAST else at
    asked = {"position": f"{lon:.6f},{lat:.6f}", "name": name, "coordinate": "gaode", "callnative": "1"}
    return f"https://uri.amap.com/marker?{urlencode(asked, quote_via=quote, safe=',')}"


def openstreetmap(at: Position) -> str:
    """OpenStreetMap. WGS-84."""
    return f"https://www.openstreetmap.org/?mlat={at.lat:.6f}&mlon={at.lon:.6f}#map=18/{at.lat:.5f}/{at.lon:.5f}"


class Bearing(NamedTuple):
    """Where something lies from a named place: eighths of a turn from north by east, and metres."""

    node: Node
    eighth: int
    metres: float


def bearing_from(nodes: tuple[Node, ...], at: Position) -> Bearing | None:
    """From the nearest of some places; None where there is none."""
    found = [_bearing(node, at) for node in nodes]
    return min(found, key=lambda one: one.metres, default=None)


def _bearing(node: Node, at: Position) -> Bearing:
    north = (at.lat - node.position.lat) * METRES_PER_DEGREE
    east = (at.lon - node.position.lon) * METRES_PER_DEGREE * cos(radians(at.lat))
    return Bearing(node, round(degrees(atan2(east, north)) / 45) % 8, hypot(north, east))
