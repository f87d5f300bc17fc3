"""The energy of a session laid open: every figure that its evidence gives, which one counts, and how sure that is."""

from datetime import datetime
from typing import NamedTuple

from sessions_app.metering.series import Series, anchored

from . import energy
from .energy import Energy
from .state import State


class Figure(NamedTuple):
    """What one source says, in mWh, None where it says nothing."""

    source: str
    mwh: int | None
    counts: bool


class Mark(NamedTuple):
    """A register of the meter in mWh, by the station's clock; `heard` by ours."""

    register: int
    at: datetime | None
    heard: datetime | None


class Account(NamedTuple):
    """`uncertainty` in mWh either way. `unseen_s` are seconds around resets in which nobody counted; `notes` the anomalies of
    the readings; `scale` 1000 where kWh were called Wh."""

    settled: Energy
    uncertainty: int
    figures: tuple[Figure, ...]
    start: Mark | None
    stop: Mark | None
    unseen_s: int
    scale: int
    notes: tuple[str, ...]


def of(state: State) -> Account:
    settled = energy.settle(state)
    series = state.free if settled.source == energy.FREE_REGISTER and state.free is not None else state.own
    return Account(
        settled,
        energy.uncertainty(state, settled),
        tuple(Figure(source, mwh, source == settled.source) for source, mwh in _figures(state) if mwh is not None),
        _start(state, series),
        _stop(state, series),
        series.unseen,
        anchored(series, state.meter_start, state.started_at).scale,
        tuple(sorted({*state.notes, *state.own.notes, *(state.free.notes if state.free else ())})),
    )


def _figures(state: State) -> list[tuple[str, int | None]]:
    own, free = state.own, state.free or Series()
    bound = None
    if state.bounded_meter is not None and state.meter_start is not None:
        bound = state.bounded_meter - state.meter_start
    return [
        (energy.PERSON, state.corrected_energy),
        (energy.TRANSACTION, energy.by_transaction(state)),
        (energy.OWN_REGISTER, _counted(state, own)),
        (energy.FREE_REGISTER, _counted(state, free)),
        (energy.BOUND, bound),
        (energy.INTERVALS, own.intervals or free.intervals or None),
        (energy.POWER, (own.work or free.work) * 1_000 // 3_600 or None),
    ]


def _counted(state: State, series: Series) -> int | None:
    if series.first is None:
        return None
    return anchored(series, state.meter_start, state.started_at).energy(series)


def _start(state: State, series: Series) -> Mark | None:
    if state.meter_start is not None:
        return Mark(state.meter_start, state.started_at, state.started_heard)
    return None if series.first is None else Mark(series.first, series.first_at, series.first_at)


def _stop(state: State, series: Series) -> Mark | None:
    if state.meter_stop is not None:
        return Mark(state.meter_stop, state.stopped_at, state.stopped_heard)
    return None if series.first is None else Mark(series.last, series.at, series.heard)
