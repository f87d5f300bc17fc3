"""The session's row, read off its state."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sessions_app import lifecycle

from . import energy, skew
from .state import State


class Projection(NamedTuple):
    """Columns of ChargingSession by their names, energies in mWh. `review` holds comma-separated reasons."""

    status: str
    evse_id: int | None
    connector_id: int | None
    id_tag: str
    stop_id_tag: str | None
    authorization: str
    started_at: datetime | None
    started_received_at: datetime | None
    stopped_at: datetime | None
    stopped_received_at: datetime | None
    stop_reason: str | None
    closed_by_us: bool
    meter_start: int | None
    meter_stop: int | None
    energy: int
    estimated: bool
    charging_state: str
    power_w: int | None
    soc: int | None
    last_reading_at: datetime | None
    last_seq_no: int | None
    discarded: bool
    review: str


REVIEWED_NOTES = ("clock", "double_start", "double_stop", "after_end", "seq_conflict", "reused_id")
LATE = timedelta(minutes=10)
UNMETERED_S = 120  # a charge that is over sooner may end before its first reading
UNAUTHORISED_MWH = 100_000  # a refused token may take this much before somebody looks (quirk 50)


def project(state: State) -> Projection:
    """While it runs it has no end, and its energy is what is known so far."""
    settled = energy.settle(state)
    over = state.status == lifecycle.COMPLETED
    power, soc, read_at = _latest(state)
    stopped_at, heard, reason = _end(state) if over else (None, None, None)
    estimated = over and settled.source != energy.PERSON and (settled.source in energy.ESTIMATES or not state.stops)
    return Projection(
        status=state.status,
        evse_id=state.evse,
        connector_id=state.connector,
        id_tag=state.token,
        stop_id_tag=state.stop_token or None,
        authorization=state.told,
        started_at=state.started_at,
        started_received_at=state.started_heard,
        stopped_at=stopped_at,
        stopped_received_at=heard,
        stop_reason=reason,
        closed_by_us=bool(state.closed_at or state.corrected_at or state.discarded_at) and not state.bounded_at,
        meter_start=state.meter_start if state.meter_start is not None else state.own.first,
        meter_stop=_meter_stop(state) if over else None,
        energy=settled.mwh,
        estimated=estimated,
        charging_state=state.charging[:24],
        power_w=0 if over and power is not None else None if _is_late(state, read_at) else power,
        soc=soc,
        last_reading_at=read_at,
        last_seq_no=state.seq_last,
        discarded=state.discarded_at is not None,
        review=""
        if state.discarded_at
        else ",".join(sorted({*_reasons(state, settled, over), *state.flags}.difference(state.accepted))),
    )


def _latest(state: State) -> tuple[int | None, int | None, datetime | None]:
    own, free = state.own, state.free
    if free is None or (own.read_at and free.read_at and own.read_at >= free.read_at):
        return own.power, own.soc, own.read_at
    power = free.power if free.power is not None else own.power
    return power, free.soc if free.soc is not None else own.soc, free.read_at or own.read_at


def _is_late(state: State, read_at: datetime | None) -> bool:
    """Was it waiting in a queue? Then it says nothing of now (quirk 67)."""
    return read_at is not None and state.heard_at is not None and state.heard_at - read_at > LATE


def _end(state: State) -> tuple[datetime | None, datetime | None, str | None]:
    """A person's close stands, whatever the station says later (its readings still count). Without a stop a session ends
    where it was last seen to charge."""
    if state.corrected_at:
        return state.corrected_at, state.corrected_heard, state.closed_reason or state.reason or None
    if state.closed_at:
        return state.closed_at, state.closed_heard, state.closed_reason
    if state.stops:
        return state.stopped_at, state.stopped_heard, state.reason
    heard = state.bounded_heard or state.aged_at or state.discarded_at
    return last_sign(state) or state.bounded_at or state.started_at or heard, heard, None


def last_sign(state: State) -> datetime | None:
    """When the session was last seen to charge, None if it never was."""
    signs = [at for at in (state.own.read_at, state.free and state.free.read_at) if at]
    return max([*signs, state.started_at]) if signs and state.started_at else None


def _meter_stop(state: State) -> int | None:
    if state.meter_stop is not None:
        return state.meter_stop
    return state.own.last if state.own.first is not None else None


def _reasons(state: State, settled: energy.Energy, over: bool) -> list[str]:
    """A correction has answered every question but those that came after it."""
    if state.corrected_at:
        return list(settled.reasons)
    reasons = [*settled.reasons, *(note for note in REVIEWED_NOTES if note in state.notes)]
    if skew.is_wrong(state):
        reasons.append("clock_skew")
    if state.doubted_at and state.heard_at and state.doubted_at > state.heard_at and not over:
        reasons.append("silent")
    if not over:
        return reasons
    if not state.stops and not state.closed_at:
        reasons.append("missing_stop")
    if not state.starts:
        reasons.append("missing_start")
    if state.closed_at:
        reasons.append("late_stop" if state.stops else "closed")
    if settled.source in energy.ESTIMATES:
        reasons.append("estimated")
    if settled.source == energy.NOTHING and state.meter_stop is None and _charged_for_a_while(state):
        reasons.append("unmetered")
    if state.told not in ("", "Accepted") and settled.mwh > UNAUTHORISED_MWH:
        reasons.append("unauthorised")
    return reasons


def _charged_for_a_while(state: State) -> bool:
    if state.told not in ("", "Accepted") or state.started_at is None or state.stopped_at is None:
        return False
    return (state.stopped_at - state.started_at).total_seconds() > UNMETERED_S
