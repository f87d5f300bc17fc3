"""Where things are and how far: pure arithmetic on degrees. Positions need no exact decimals, only an order and "350 m"."""

from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

EARTH_M = 6_371_000
DEGREE_M = 111_195  # along a meridian


class Point(NamedTuple):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


class Box(NamedTuple):
    south: float
    west: float
    north: float
    east: float


def metres(a: Point, b: Point) -> int:
    """Great-circle distance (haversine)."""
    half = sin(radians(b.latitude - a.latitude) / 2) ** 2
    half += cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(radians(b.longitude - a.longitude) / 2) ** 2
    return round(2 * EARTH_M * asin(min(1.0, sqrt(half))))


def around(centre: Point, radius_m: int) -> Box:
    """The box that holds everything within `radius_m`, cut at the poles and at the date line."""
    north_south = radius_m / DEGREE_M
    narrowing = max(0.01, cos(radians(min(89.0, abs(centre.latitude) + north_south))))
    east_west = north_south / narrowing
    return Box(
        max(-90.0, centre.latitude - north_south),
        max(-180.0, centre.longitude - east_west),
        min(90.0, centre.latitude + north_south),
        min(180.0, centre.longitude + east_west),
    )


def parse(latitude: str, longitude: str) -> Point | None:
    """What a browser sent in the query string; None for anything that is no place on Earth."""
    try:
        point = Point(float(latitude), float(longitude))
    except ValueError:
        return None
    return point if -90 <= point.latitude <= 90 and -180 <= point.longitude <= 180 else None
