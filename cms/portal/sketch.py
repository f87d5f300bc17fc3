"""The map before anybody asks for streets: where the listed places lie to each other, on the outline of the country.
Drawn on the server from a file of our own, so that the first page asks no other host for anything."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import cos, radians
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from cms.portal import states
from cms.portal.geography import DEGREE_M, Point
from cms.portal.selectors.places import Place

OUTLINE = Path(settings.BASE_DIR) / "static/vendor/world-atlas/outline.json"
COUNTRY = (Point(36.4, 6.4), Point(47.2, 18.7))
LEAST_SPAN = 0.06  # degrees: about 7 km, so that two neighbours do not fill a continent
MARGIN = 0.22
# A pin is about 88 × 42 px. Closer than this, in percent of the square's side, two share one (desktop, 850 px) …
SHARE_PC = (10.5, 5.5)
# … or only the first is drawn (phone, 232 px, pins at 72 %).
CROWD_PC = (27.0, 13.0)
RINGS_M = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000)
SIZE = 1000
NEAREST = 6

LEFT, RIGHT = -150.0, 250.0  # percent: what a wide screen shows beside the square

Ring = tuple[Point, ...]
Spot = tuple[float, float]


class Frame(NamedTuple):
    """A square window: its middle and its span in degrees of latitude."""

    middle: Point
    span: float

    def pc(self, point: Point) -> Spot:
        """Percent from the left and from the top; longitudes narrowed as they are at the middle."""
        narrowed = (point.longitude - self.middle.longitude) * cos(radians(self.middle.latitude))
        return 50 + 100 * narrowed / self.span, 50 - 100 * (point.latitude - self.middle.latitude) / self.span


@dataclass(frozen=True, slots=True)
class Pin:
    """`places`: one, or several that lie too close to be told apart. `wide`: only where there is room."""

    x: float
    y: float
    places: Sequence[Place]
    wide: bool = False

    @property
    def best(self) -> Place:
        return self.places[0]

    @property
    def state(self) -> str:
        return states.of_place(place.state for place in self.places)

    @property
    def rest(self) -> int:
        return len(self.places) - 1


@dataclass(frozen=True, slots=True)
class Circle:
    """A distance around the driver, radius in percent of the side."""

    radius: float
    metres: int


@dataclass(frozen=True, slots=True)
class Sketch:
    """`land` is an SVG path in a square of 1000; `me` the driver in percent, if they said where they are."""

    land: str
    pins: Sequence[Pin]
    me: tuple[float, float] | None
    circles: Sequence[Circle] = ()


def of(places: Sequence[Place], *, me: Point | None) -> Sketch:
    """With `me` the window holds the nearest few; who wants the others scrolls the list, or asks for streets."""
    spots = [place.point for place in places if place.point]
    frame = _frame([me, *spots[:NEAREST]] if me else spots)
    if me is None:
        return Sketch(_land(frame), _pins(places, frame), None)
    return Sketch(_land(frame), _pins(places, frame), frame.pc(me), _circles(frame))


def _circles(frame: Frame) -> list[Circle]:
    """The distances that say something at this scale."""
    sized = [Circle(round(100 * metres / DEGREE_M / frame.span, 1), metres) for metres in RINGS_M]
    return [circle for circle in sized if 12 <= circle.radius <= 60]


def _frame(points: Sequence[Point]) -> Frame:
    """Around the points, or the whole country where there is none."""
    shown = points or COUNTRY
    south, north = min(p.latitude for p in shown), max(p.latitude for p in shown)
    west, east = min(p.longitude for p in shown), max(p.longitude for p in shown)
    middle = Point((south + north) / 2, (west + east) / 2)
    widest = max(north - south, (east - west) * cos(radians(middle.latitude)), LEAST_SPAN)
    return Frame(middle, widest * (1 + 2 * MARGIN) if points else widest)


def _pins(places: Iterable[Place], frame: Frame) -> list[Pin]:
    shared: list[tuple[float, float, list[Place]]] = []
    for place in places:
        if place.point is None:
            continue
        x, y = frame.pc(place.point)
        near = next((pin for pin in shared if _closer((pin[0], pin[1]), (x, y), SHARE_PC)), None)
        if near:
            near[2].append(place)
        else:
            shared.append((x, y, [place]))
    pins: list[Pin] = []
    for x, y, together in shared:
        crowded = any(_closer((pin.x, pin.y), (x, y), CROWD_PC) for pin in pins if not pin.wide)
        pins.append(Pin(round(x, 2), round(y, 2), together, crowded))
    return pins


def _closer(a: Spot, b: Spot, limits: Spot) -> bool:
    return abs(a[0] - b[0]) < limits[0] and abs(a[1] - b[1]) < limits[1]


def _land(frame: Frame) -> str:
    """The outline, cut to what can be seen: in a city most of a continent's corners are far outside."""
    return "".join(_path(_clipped([frame.pc(point) for point in ring])) for ring in _rings())


def _path(ring: Sequence[Spot]) -> str:
    """Whole units of the square, each corner told from the one before: half the bytes, on a page that must be light."""
    corners = [(round(x * SIZE / 100), round(y * SIZE / 100)) for x, y in ring]
    if len(set(corners)) < 3:
        return ""
    steps = [(x - a, y - b) for (a, b), (x, y) in pairwise(corners) if (a, b) != (x, y)]
    return f"M{corners[0][0]} {corners[0][1]}l{' '.join(f'{x} {y}' for x, y in steps)}z"


def _clipped(ring: Sequence[Spot]) -> Sequence[Spot]:
    """Sutherland–Hodgman against the four sides of a window somewhat larger than the square."""
    for axis, limit, sign in ((0, LEFT, 1), (0, RIGHT, -1), (1, LEFT, 1), (1, RIGHT, -1)):
        kept: list[Spot] = []
        for before, here in zip([*ring[-1:], *ring], ring, strict=False):
            inside, was = sign * (here[axis] - limit) >= 0, sign * (before[axis] - limit) >= 0
            if inside is not was:
                share = (limit - before[axis]) / (here[axis] - before[axis])
                kept.append((before[0] + share * (here[0] - before[0]), before[1] + share * (here[1] - before[1])))
            if inside:
                kept.append(here)
        ring = kept
    return ring


@cache
def _rings() -> tuple[Ring, ...]:
    """The outer rings of the country and its neighbours (GeoJSON: longitude first)."""
    shapes = json.loads(OUTLINE.read_text())["features"]
    polygons = (
        [shape["geometry"]["coordinates"]]
        if shape["geometry"]["type"] == "Polygon"
        else shape["geometry"]["coordinates"]
        for shape in shapes
    )
    return tuple(tuple(Point(y, x) for x, y in rings[0]) for several in polygons for rings in several)
