"""How much energy a session took, and how we know.

The order of sources, stated once (quirks 36, 43, 44, 60, 66; OCPP 1.6 §6, 2.0.1 E/J):

1. `meterStop − meterStart` of the transaction, where both are known. Up to 10 Wh below zero is rounding and counts as 0.
   If the difference is negative beyond that, or more than any connector could have given in the time, it is not believed:
   source 2 decides and a person reviews. Where source 2 exists too, both must tell the same story, else review.
2. The register among the transaction's own readings, from the start (meterStart, if it is of the same series) to the last
   value, segment by segment. Registers are never added up; with 2.x this is the ordinary source.
3. The register in readings that named only the EVSE.
4. The sum of interval values. 5. The integral of the power. Both are estimates.

A session whose stop never came is estimated: it ends at its last good reading, and the next session's meterStart is the most
it can have taken. Estimates are always reviewed. Above all of them stands what a person has corrected.
"""

from typing import Final, NamedTuple

from sessions_app.metering.series import TOLERANCE, WRAP, Series, anchored, plausible

from .state import State

TRANSACTION, OWN_REGISTER, FREE_REGISTER = "transaction", "own_register", "free_register"
INTERVALS, POWER, BOUND, NOTHING, PERSON = "intervals", "power", "bound", "nothing", "person"

ESTIMATES: Final = frozenset({INTERVALS, POWER, BOUND})

_MISMATCH = 100_000  # mWh: meterStop and the samples may differ by this much before somebody looks


class Energy(NamedTuple):
    """In mWh. `reasons` is what a person must look at."""

    mwh: int
    source: str
    reasons: tuple[str, ...] = ()


def settle(state: State) -> Energy:
    """The energy as far as it is known now."""
    told = by_evidence(state)
    if state.corrected_heard is None or state.corrected_energy is None:
        return told
    more = state.heard_at is not None and state.heard_at > state.corrected_heard and told.mwh != state.corrected_energy
    return Energy(state.corrected_energy, PERSON, ("after_correction",) if more else ())


def by_evidence(state: State) -> Energy:
    """What the station's words and our own add up to, whatever a person has corrected."""
    sampled = _sampled(state)
    if state.stops and (counted := by_transaction(state)) is not None:
        return _reconciled(state, counted, sampled)
    if state.bounded_at and not state.stops:
        return _bounded(state, sampled)
    return sampled


def by_transaction(state: State) -> int | None:
    """`meterStop − meterStart`. A counter of 32 bits that was full meanwhile begins anew (quirk 65); one that fell by less than
    nearly all of it does not."""
    if state.meter_start is None or state.meter_stop is None:
        return None
    counted = state.meter_stop - state.meter_start
    return counted + WRAP if counted < -TOLERANCE and counted + WRAP <= _room(state) else counted


def _sampled(state: State) -> Energy:
    own, free = state.own, state.free
    if own.first is not None:
        return _registered(state, own, OWN_REGISTER)
    if free is not None and free.first is not None:
        return _registered(state, free, FREE_REGISTER)
    for series in (own, free):
        if series is not None and series.intervals:
            return Energy(series.intervals, INTERVALS)
    for series in (own, free):
        if series is not None and series.work:
            return Energy(series.work * 1_000 // 3_600, POWER)
    return Energy(0, NOTHING)


_DOUBTFUL = ("other_register", "register_jump", "register_reset", "scale")


def _registered(state: State, series: Series, source: str) -> Energy:
    """Compares the register with the power, too: values in kWh that are called Wh give a thousandth (quirks 60, 63)."""
    anchor = anchored(series, state.meter_start, state.started_at)
    mwh = anchor.energy(series)
    by_power = series.work * 1_000 // 3_600
    if anchor.scale == 1 and by_power > 200_000 and 1_000 * mwh <= 2 * by_power < 4_000 * mwh:
        return Energy(mwh * 1_000, source, ("scale",))
    return Energy(mwh, source, tuple(note for note in _DOUBTFUL if note == anchor.note or note in series.notes))


def _reconciled(state: State, counted: int, sampled: Energy) -> Energy:
    known = sampled.source in (OWN_REGISTER, FREE_REGISTER)
    if counted < -TOLERANCE:
        return sampled._replace(reasons=(*sampled.reasons, "negative"))
    if counted > _room(state):
        if known and sampled.mwh <= _room(state):
            return sampled._replace(reasons=(*sampled.reasons, "mixed_registers"))
        return Energy(counted, TRANSACTION, ("implausible",))
    counted = max(0, counted)
    if (
        known
        and _contradicts(state, counted, sampled)
        and _contradicts(state, counted, _of_the_session(state, sampled))
    ):
        return Energy(counted, TRANSACTION, ("register_mismatch",))
    return Energy(counted, TRANSACTION)


def _of_the_session(state: State, sampled: Energy) -> Energy:
    """What looked like kWh called Wh may be a register that counts the session alone (quirk 44): heard late, both can be true
    of a small number, and only the stop tells which."""
    series = state.own if sampled.source == OWN_REGISTER else state.free
    if "scale" not in sampled.reasons or series is None or series.first is None:
        return sampled
    return sampled._replace(mwh=series.first + series.flowed)


def _contradicts(state: State, counted: int, sampled: Energy) -> bool:
    series = state.own if sampled.source == OWN_REGISTER else state.free
    missed = counted - sampled.mwh  # between the last reading and the stop
    gap = (state.stopped_at - series.at).total_seconds() if series and series.at and state.stopped_at else 0
    return missed < -_MISMATCH - counted // 100 or missed > plausible(gap) + _MISMATCH


def _bounded(state: State, sampled: Energy) -> Energy:
    """The next meterStart is the most it can have taken, where both count on one register. One that starts anew with every
    session (quirk 44) proves nothing of the readings before it."""
    bound = None
    if state.bounded_meter is not None and state.meter_start is not None:
        bound = state.bounded_meter - state.meter_start
    if bound is None or not 0 <= bound <= _room(state):
        return sampled
    if sampled.source == NOTHING:
        return Energy(bound, BOUND)
    overtaken = sampled.source == OWN_REGISTER and state.own.at and state.bounded_at and state.own.at > state.bounded_at
    if overtaken or (sampled.source in ESTIMATES and bound > 0):
        return sampled._replace(mwh=min(bound, sampled.mwh))
    return sampled


def _room(state: State) -> int:
    """The most that can have been given between start and end, by the station's clock or by ours."""
    began, heard = state.started_at, state.started_heard
    until, until_heard = state.stopped_at or state.bounded_at, state.stopped_heard or state.bounded_heard
    if began is None or heard is None or until is None or until_heard is None:
        return plausible(0)
    return plausible(max(until - began, until_heard - heard).total_seconds())


def uncertainty(state: State, settled: Energy) -> int:
    """By how much (mWh) the truth may differ from `settled`, either way: what can have flowed while nobody counted, at the
    highest power seen and, where the next meterStart continues the register, at most up to that. An estimate may be wrong
    altogether."""
    if settled.source in (TRANSACTION, PERSON):
        return TOLERANCE
    if settled.source == NOTHING:
        return _room(state)
    if settled.source in ESTIMATES:
        return max(settled.mwh, TOLERANCE)
    series = state.own if settled.source == OWN_REGISTER else state.free
    if series is None:
        return _room(state)
    unseen, most = _unseen(state, series), state.bounded_meter
    if most is not None and not series.unseen and most >= series.last:
        unseen = min(unseen, most - series.last)
    return TOLERANCE + unseen


def _unseen(state: State, series: Series) -> int:
    seconds = series.unseen
    if state.meter_start is None and state.started_at and series.first_at:
        seconds += max(0, int((series.first_at - state.started_at).total_seconds()))
    end = state.stopped_at or state.bounded_at
    if end and series.at:
        seconds += max(0, int((end - series.at).total_seconds()))
    return seconds * series.peak * 10 // 36 if series.peak else plausible(seconds) if seconds else 0
