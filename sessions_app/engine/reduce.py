"""A session is what its evidence says: `fold` is the only way in which a session comes to its state.

The same evidence gives the same state whatever the order in which it arrived: evidence is folded in the order of its place in
the transaction. Live, the newest evidence is usually also the last one and is folded on top (`NEXT`); what arrives late makes
the whole session be told again (`LATE`), and what is already known changes nothing (`KNOWN`). What we add ourselves (bounded,
closed, doubted, aged, corrected, flagged, accepted, discarded) touches fields of its own and fits in anywhere.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from sessions_app.metering import series
from sessions_app.metering.normalise import Measured
from sessions_app.metering.series import Series

from .evidence import (
    ACCEPTED,
    AGED,
    BOUNDED,
    CLOSED,
    CORRECTED,
    DISCARDED,
    DOUBTED,
    ENDED,
    FLAGGED,
    METERED,
    OURS,
    STARTED,
    UPDATED,
    Evidence,
    Key,
    place,
)
from .state import State

NEXT: Final = "next"
KNOWN: Final = "known"
LATE: Final = "late"

_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)


def reduce(state: State, evidence: Evidence) -> State:
    """The state once this is known too. `evidence` must not be older than what is in `state` (`standing`)."""
    return fold(state, (evidence,))


def fold(state: State, evidences: Iterable[Evidence]) -> State:
    state = state.copy()
    for evidence in evidences:
        take(state, evidence)
    return state


def retell(evidences: Iterable[Evidence]) -> State:
    """The state from nothing but the evidence, in any order."""
    return fold(State(), sorted(evidences, key=place))


def standing(state: State, evidence: Evidence) -> str:
    """NEXT, KNOWN or LATE: where the evidence stands towards what has been folded already."""
    if evidence.kind in OURS:
        return NEXT
    latest = state.latest_free if evidence.kind == METERED else state.latest
    key = place(evidence)
    return NEXT if key > latest else KNOWN if key == latest else LATE


def moment(at: datetime, received_at: datetime) -> datetime:
    """The station's time if it can be true, else ours (quirks 27, 29: 1970, absurd years)."""
    return at if trusted(at, received_at) else received_at


def trusted(at: datetime, received_at: datetime) -> bool:
    return _EARLIEST <= at <= received_at + _AHEAD


def take(state: State, evidence: Evidence) -> None:
    """Folds one piece of evidence into `state` itself. What stands exactly at the latest place is a repetition."""
    kind = evidence.kind
    if kind in OURS:
        _OUR_OWN[kind](state, evidence)
        return
    key = place(evidence)
    if kind == METERED:
        if key == state.latest_free:
            return
        state.latest_free = key
        state.free = state.free or Series()
        _read(state.free, evidence)
    else:
        if key == state.latest:
            return
        state.latest = key
        _take_transaction_event(state, evidence, key)
    if state.heard_at is None or evidence.received_at > state.heard_at:
        state.heard_at = evidence.received_at


def _take_transaction_event(state: State, evidence: Evidence, key: Key) -> None:
    at = moment(evidence.occurred_at, evidence.received_at)
    if at is not evidence.occurred_at:
        state.note("clock")
    _STATIONS[evidence.kind](state, evidence, at)
    _merge(state, evidence)
    if evidence.seq_no is not None:
        _count(state, evidence.seq_no)
    if evidence.readings:
        _read(state.own, evidence)


def _started(state: State, evidence: Evidence, at: datetime) -> None:
    state.starts += 1
    if state.starts > 1:
        state.note("double_start")
        return
    state.started_at, state.started_heard = at, evidence.received_at
    state.meter_start = evidence.meter
    if evidence.again:
        state.note("reused_id")


def _updated(state: State, evidence: Evidence, at: datetime) -> None:
    _begin_unseen(state, evidence, at)
    if evidence.trigger == "StopAuthorized" and evidence.token:
        state.stop_token = evidence.token


def _ended(state: State, evidence: Evidence, at: datetime) -> None:
    _begin_unseen(state, evidence, at)
    state.stops += 1
    if state.stops > 1:
        state.note("double_stop")
        return
    if state.started_at and at < state.started_at:
        state.note("clock")
        at = max(state.started_at, evidence.received_at)
    if evidence.seq_no is not None and state.seq_last is not None and evidence.seq_no < state.seq_last:
        state.note("after_end")
    state.stopped_at, state.stopped_heard = at, evidence.received_at
    state.reason, state.meter_stop = evidence.reason, evidence.meter
    state.stop_token = evidence.token or state.stop_token


def _begin_unseen(state: State, evidence: Evidence, at: datetime) -> None:
    """A session whose start has not been heard of (yet) begins with the first that was."""
    if state.started_at is None:
        state.started_at, state.started_heard = at, evidence.received_at


def _merge(state: State, evidence: Evidence) -> None:
    """2.x says most things once and not again; absence takes nothing away (OCPP 2.0.1 E)."""
    if state.evse is None and evidence.evse_id is not None:
        state.evse = evidence.evse_id
    if state.connector is None and evidence.connector_id is not None and state.evse == evidence.evse_id:
        state.connector = evidence.connector_id
    if not state.token and evidence.token:
        state.token = evidence.token
    if not state.told and evidence.told:
        state.told = evidence.told
    if evidence.charging_state:
        state.charging = evidence.charging_state
    if state.remote is None:
        state.remote = evidence.remote_start_id
    if state.reservation is None:
        state.reservation = evidence.reservation_id


def _count(state: State, seq_no: int) -> None:
    """The station's own numbers. Two different messages with one number are both kept (OCPP 2.0.1 E)."""
    if state.seq_first is None or seq_no < state.seq_first:
        state.seq_first = seq_no
    if seq_no == state.seq_last:
        state.note("seq_conflict")
    if state.seq_last is None or seq_no > state.seq_last:
        state.seq_last = seq_no


def _read(into: Series, evidence: Evidence) -> None:
    for measured in evidence.readings:
        series.measure(into, in_our_time(measured, evidence), evidence.received_at)


def in_our_time(measured: Measured, evidence: Evidence) -> Measured:
    """A reading of a wrong clock, moved by as much as the message's own time is wrong."""
    if trusted(measured.at, evidence.received_at):
        return measured
    if trusted(evidence.occurred_at, evidence.received_at):
        return measured._replace(at=evidence.received_at)
    return measured._replace(at=evidence.received_at + (measured.at - evidence.occurred_at))


def _bounded(state: State, evidence: Evidence) -> None:
    """The tightest bound counts."""
    new = (evidence.occurred_at, evidence.received_at, evidence.meter or 0)
    if state.bounded_at is None or new < (state.bounded_at, state.bounded_heard, state.bounded_meter or 0):
        state.bounded_at, state.bounded_heard = evidence.occurred_at, evidence.received_at
        state.bounded_meter = evidence.meter


def _closed(state: State, evidence: Evidence) -> None:
    """The first close counts."""
    new = (evidence.received_at, evidence.occurred_at, evidence.reason)
    if state.closed_heard is None or new < (state.closed_heard, state.closed_at, state.closed_reason):
        state.closed_at, state.closed_heard = evidence.occurred_at, evidence.received_at
        state.closed_reason = evidence.reason


def _doubted(state: State, evidence: Evidence) -> None:
    if state.doubted_at is None or evidence.occurred_at > state.doubted_at:
        state.doubted_at = evidence.occurred_at


def _aged(state: State, evidence: Evidence) -> None:
    if state.aged_at is None or evidence.occurred_at > state.aged_at:
        state.aged_at = evidence.occurred_at


def _corrected(state: State, evidence: Evidence) -> None:
    """The last correction counts."""
    new = (evidence.received_at, evidence.meter or 0, evidence.occurred_at)
    if state.corrected_heard is None or new > (state.corrected_heard, state.corrected_energy or 0, state.corrected_at):
        state.corrected_at, state.corrected_heard = evidence.occurred_at, evidence.received_at
        state.corrected_energy = evidence.meter or 0


def _flagged(state: State, evidence: Evidence) -> None:
    """The last check counts."""
    if state.flagged_at is None or (evidence.received_at, evidence.reasons) > (state.flagged_at, state.flags):
        state.flagged_at, state.flags = evidence.received_at, evidence.reasons


def _accepted(state: State, evidence: Evidence) -> None:
    state.accepted = tuple(sorted({*state.accepted, *evidence.reasons}))


def _discarded(state: State, evidence: Evidence) -> None:
    if state.discarded_at is None or evidence.received_at < state.discarded_at:
        state.discarded_at = evidence.received_at


_STATIONS: dict[str, Callable[[State, Evidence, datetime], None]] = {
    STARTED: _started,
    UPDATED: _updated,
    ENDED: _ended,
}
_OUR_OWN: dict[str, Callable[[State, Evidence], None]] = {
    BOUNDED: _bounded,
    CLOSED: _closed,
    DOUBTED: _doubted,
    AGED: _aged,
    CORRECTED: _corrected,
    FLAGGED: _flagged,
    ACCEPTED: _accepted,
    DISCARDED: _discarded,
}
