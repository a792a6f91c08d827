"""Chinese map datums. Positions in Tidewalk are WGS-84; 高德 and 腾讯 maps give GCJ-02, 百度 gives BD-09.

On this coast GCJ-02 lies about 450 m east of WGS-84: a facility with the wrong datum stands in the next bay.
"""

from math import atan2, cos, hypot, pi, radians, sin, sqrt
from typing import Final

DATUMS: Final = ("wgs84", "gcj02", "bd09")
# The ellipsoid that GCJ-02 is worked out on (Krasovsky 1940).
SEMI_MAJOR_M: Final = 6378245.0
ECCENTRICITY_SQUARED: Final = 0.00669342162296594323
BD_TURNS: Final = pi * 3000 / 180
CLOSE_ENOUGH_DEG: Final = 1e-9
ROUNDS: Final = 20

Point = tuple[float, float]  # latitude, longitude


def to_wgs84(point: Point, datum: str) -> Point:
    """A position of one of `DATUMS` in WGS-84, to within a millimetre of the forward transformation."""
    match datum:
        case "wgs84":
            return point
        case "gcj02":
            return _back(point)
        case "bd09":
            return _back(_bd09_to_gcj02(point))
        case _:
            raise ValueError(f"no datum {datum!r}; expected one of {', '.join(DATUMS)}")


def to_gcj02(point: Point) -> Point:
    """A WGS-84 position as Chinese map apps want it in a link."""
    lat, lon = point
    east, north = _shift(lat, lon)
    slope = 1 - ECCENTRICITY_SQUARED * sin(radians(lat)) ** 2
    metres_lat = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / (slope * sqrt(slope)) * pi / 180
    metres_lon = SEMI_MAJOR_M / sqrt(slope) * cos(radians(lat)) * pi / 180
    return lat + north / metres_lat, lon + east / metres_lon


def _back(wanted: Point) -> Point:
    """The WGS-84 position that the forward transformation takes to `wanted`, by fixed-point iteration."""
    lat, lon = wanted
    for _ in range(ROUNDS):
        got = to_gcj02((lat, lon))
        off_lat, off_lon = wanted[0] - got[0], wanted[1] - got[1]
        lat, lon = lat + off_lat, lon + off_lon
        if max(abs(off_lat), abs(off_lon)) < CLOSE_ENOUGH_DEG:
            break
    return lat, lon


def _bd09_to_gcj02(point: Point) -> Point:
    y, x = point[0] - 0.006, point[1] - 0.0065
    far = hypot(x, y) - 0.00002 * sin(y * BD_TURNS)
    angle = atan2(y, x) - 0.000003 * cos(x * BD_TURNS)
    return far * sin(angle), far * cos(angle)


def _shift(lat: float, lon: float) -> Point:
    """How far GCJ-02 lies from WGS-84, metres east and north on its ellipsoid."""
    x, y = lon - 105.0, lat - 35.0
    waves = 20 * (sin(6 * pi * x) + sin(2 * pi * x))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += 2 / 3 * (waves + 20 * sin(pi * x) + 40 * sin(pi * x / 3) + 150 * sin(pi * x / 12) + 300 * sin(pi * x / 30))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += 2 / 3 * (waves + 20 * sin(pi * y) + 40 * sin(pi * y / 3) + 160 * sin(pi * y / 12) + 320 * sin(pi * y / 30))
    return east, north
