"""Distances and insides, good to a few decimetres over the length of a coast."""

from collections.abc import Sequence
from itertools import pairwise
from math import cos, hypot, radians

METRES_A_DEGREE = 111_320.0

Point = tuple[float, float]  # latitude, longitude


def metres_between(a: Point, b: Point) -> float:
    """The distance between two positions a few kilometres apart at most."""
    lat = radians((a[0] + b[0]) / 2)
    return hypot((a[0] - b[0]) * METRES_A_DEGREE, (a[1] - b[1]) * METRES_A_DEGREE * cos(lat))


def length(line: Sequence[Point]) -> float:
    """The length of a polyline in metres."""
    return sum(metres_between(a, b) for a, b in pairwise(line))


def inside(point: Point, outline: Sequence[Point]) -> bool:
    """Whether a position lies in a polygon."""
    lat, lon = point
    found = False
    for (lat_a, lon_a), (lat_b, lon_b) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (lat_a > lat) != (lat_b > lat) and lon < (lon_b - lon_a) * (lat - lat_a) / (lat_b - lat_a) + lon_a:
            found = not found
    return found
