"""The map before anybody asks for streets: where the listed places lie to each other, on the outline of the country.
Drawn on the server from a file of our own, so that the first page asks no other host for anything."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import cos, radians
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from cms.portal import states
from cms.portal.geography import Point
from cms.portal.selectors.places import Place

OUTLINE = Path(settings.BASE_DIR) / "static/vendor/world-atlas/outline.json"
COUNTRY = (Point(36.4, 6.4), Point(47.2, 18.7))
LEAST_SPAN = 0.06  # degrees: about 7 km, so that two neighbours do not fill a continent
MARGIN = 0.22
NEAR_PC = 11.0  # pins closer than this (percent of the width) share one
SIZE = 1000
NEAREST = 6

Ring = tuple[Point, ...]


class Frame(NamedTuple):
    """A square window: its middle and its span in degrees of latitude."""

    middle: Point
    span: float

    def pc(self, point: Point) -> tuple[float, float]:
        """Percent from the left and from the top; longitudes narrowed as they are at the middle."""
        narrowed = (point.longitude - self.middle.longitude) * cos(radians(self.middle.latitude))
        return 50 + 100 * narrowed / self.span, 50 - 100 * (point.latitude - self.middle.latitude) / self.span


@dataclass(frozen=True, slots=True)
class Pin:
    """`places`: one, or several that lie too close to be told apart; the first is the best."""

    x: float
    y: float
    places: Sequence[Place]

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
class Sketch:
    """`land` is an SVG path in a square of 1000; `me` the driver in percent, if they said where they are."""

    land: str
    pins: Sequence[Pin]
    me: tuple[float, float] | None


def of(places: Sequence[Place], *, me: Point | None) -> Sketch:
    """With `me` the window holds the nearest few; who wants the others scrolls the list, or asks for streets."""
    spots = [place.point for place in places if place.point]
    frame = _frame([me, *spots[:NEAREST]] if me else spots)
    return Sketch(_land(frame), _pins(places, frame), frame.pc(me) if me else None)


def _frame(points: Sequence[Point]) -> Frame:
    """Around the points, or the whole country where there is none."""
    shown = points or COUNTRY
    south, north = min(p.latitude for p in shown), max(p.latitude for p in shown)
    west, east = min(p.longitude for p in shown), max(p.longitude for p in shown)
    middle = Point((south + north) / 2, (west + east) / 2)
    widest = max(north - south, (east - west) * cos(radians(middle.latitude)), LEAST_SPAN)
    return Frame(middle, widest * (1 + 2 * MARGIN) if points else widest)


def _pins(places: Iterable[Place], frame: Frame) -> list[Pin]:
    pins: list[tuple[float, float, list[Place]]] = []
    for place in places:
        if place.point is None:
            continue
        x, y = frame.pc(place.point)
        near = next((pin for pin in pins if abs(pin[0] - x) < 2 * NEAR_PC and abs(pin[1] - y) < NEAR_PC), None)
        if near:
            near[2].append(place)
        else:
            pins.append((x, y, [place]))
    return [Pin(round(x, 2), round(y, 2), sharing) for x, y, sharing in pins]


def _land(frame: Frame) -> str:
    return "".join(f"M{'L'.join(_at(frame, point) for point in ring)}Z" for ring in _rings())


def _at(frame: Frame, point: Point) -> str:
    x, y = frame.pc(point)
    return f"{x * SIZE / 100:.0f} {y * SIZE / 100:.0f}"


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
