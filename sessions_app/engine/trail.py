"""The way a session went, reading by reading: the same folding as `reduce`, watched."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sessions_app.metering import series

from . import energy, reduce
from .evidence import METERED, Evidence, place
from .state import State


class Point(NamedTuple):
    """After a reading: mWh since the start as counted then, W, % and mA as read then."""

    at: datetime
    energy: int | None
    power_w: int | None
    soc: int | None
    current_ma: int | None = None


class Trail(NamedTuple):
    """`points` in the order of their clock, of the series that counts. `states` are the charging states that 2.x stations
    reported, from when on."""

    state: State
    points: list[Point]
    states: list[tuple[datetime, str]]


def walk(evidences: Iterable[Evidence]) -> Trail:
    """`evidences` in any order. The series of the transaction counts where it says anything of energy or power."""
    state = State()
    told: dict[bool, list[Point]] = {True: [], False: []}
    states: list[tuple[datetime, str]] = []
    for one in sorted(evidences, key=place):
        reduce.take(state, one._replace(readings=()))
        if one.charging_state:
            states.append((reduce.moment(one.occurred_at, one.received_at), one.charging_state))
        if one.readings:
            own = one.kind != METERED
            told[own] += _read(state, own, one)
    own = any(point.energy is not None or point.power_w is not None for point in told[True])
    followed = state.own if own else state.free or state.own
    return Trail(state, _counted(state, followed, _in_time(told[own])), states)


def _read(state: State, own: bool, one: Evidence) -> Iterable[Point]:
    """Points with what flowed since the first register."""
    if state.free is None and not own:
        state.free = series.Series()
    into: series.Series = state.own if own else state.free  # type: ignore[assignment]  # made above
    for measured in one.readings:
        sound = reduce.in_our_time(measured, one)
        series.measure(into, sound, one.received_at)
        flowed = into.flowed if measured.register is not None else None
        yield Point(sound.at, flowed, measured.power_w, measured.soc, measured.current_ma)


def _in_time(points: list[Point]) -> list[Point]:
    """One point per instant."""
    merged: dict[datetime, Point] = {}
    for point in points:
        known = merged.get(point.at)
        merged[point.at] = point if known is None else _both(known, point)
    return [merged[at] for at in sorted(merged)]


def _both(one: Point, two: Point) -> Point:
    return Point(
        one.at,
        two.energy if two.energy is not None else one.energy,
        two.power_w if two.power_w is not None else one.power_w,
        two.soc if two.soc is not None else one.soc,
        two.current_ma if two.current_ma is not None else one.current_ma,
    )


def _counted(state: State, followed: series.Series, points: list[Point]) -> list[Point]:
    """With the energy since the start of the transaction. It never falls: a late reading knows less than the one that
    overtook it."""
    anchor = series.anchored(followed, state.meter_start, state.started_at)
    by_power = 1_000 if anchor.scale == 1 and "scale" in energy.settle(state).reasons else 1
    highest = 0
    counted = []
    for point in points:
        if point.energy is not None:
            highest = max(highest, (point.energy * anchor.scale + anchor.head) * by_power)
            point = point._replace(energy=highest)
        counted.append(point)
    return counted
