"""The way a session went, reading by reading: the same folding as `reduce`, watched."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sessions_app.metering import series

from . import energy, reduce
from .evidence import METERED, Evidence, place
from .state import State


class Point(NamedTuple):
    """After a reading: mWh since the start as counted then, W and % as read then."""

    at: datetime
    energy: int | None
    power_w: int | None
    soc: int | None


class Trail(NamedTuple):
    """`points` in the order of their clock, of the series that counts. `states` are the charging states that 2.x stations
    reported, from when on."""

    state: State
    points: list[Point]
    states: list[tuple[datetime, str]]


def walk(evidences: Iterable[Evidence]) -> Trail:
    state = State()
    points: dict[bool, list[Point]] = {True: [], False: []}
    states: list[tuple[datetime, str]] = []
    for one in sorted(evidences, key=place):
        reduce.take(state, one._replace(readings=()))
        if one.charging_state:
            states.append((reduce.moment(one.occurred_at, one.received_at), one.charging_state))
        if one.readings:
            own = one.kind != METERED
            points[own] += _read(state, own, one)
    followed = (
        points[True] if any(p.energy is not None or p.power_w is not None for p in points[True]) else points[False]
    )
    return Trail(state, _scaled(state, _in_time(followed)), states)


def _read(state: State, own: bool, one: Evidence) -> Iterable[Point]:
    if not own and state.free is None:
        state.free = series.Series()
    into = state.own if own else state.free
    for measured in one.readings:
        sound = reduce.in_our_time(measured, one)
        series.measure(into, sound, one.received_at, start=state.meter_start, began=state.started_at)  # type: ignore[arg-type]
        counted = into.energy if measured.register is not None else None  # type: ignore[union-attr]
        yield Point(sound.at, counted, measured.power_w, measured.soc)


def _in_time(points: list[Point]) -> list[Point]:
    """One point per instant; energy never falls (a late reading knows less than the one that overtook it)."""
    merged: dict[datetime, Point] = {}
    for point in points:
        known = merged.get(point.at)
        merged[point.at] = point if known is None else _both(known, point)
    ordered = sorted(merged.values())
    highest = 0
    for place_, point in enumerate(ordered):
        if point.energy is not None:
            highest = max(highest, point.energy)
            ordered[place_] = point._replace(energy=highest)
    return ordered


def _both(one: Point, two: Point) -> Point:
    return Point(
        one.at,
        two.energy if two.energy is not None else one.energy,
        two.power_w if two.power_w is not None else one.power_w,
        two.soc if two.soc is not None else one.soc,
    )


def _scaled(state: State, points: list[Point]) -> list[Point]:
    """Registers in kWh that were called Wh, seen only in comparison with the power (quirk 63)."""
    if "scale" not in energy.settle(state).reasons or state.own.scale != 1:
        return points
    return [p if p.energy is None else p._replace(energy=p.energy * 1_000) for p in points]
