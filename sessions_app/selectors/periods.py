"""How a session is priced: stretches of charging and of parking with their energy.

CHARGING includes pauses that the station makes; PARKING is a connected vehicle that asks for no power (CdrDimensionType in
OCPI 2.2.1-d2, tariffs-billing §1). The sum of the stretches is the session's energy, to the milliwatt-hour.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from cms.core import energy
from sessions_app.engine import trail
from sessions_app.engine.evidence import Evidence
from sessions_app.engine.trail import Point
from sessions_app.models import ChargingSession
from sessions_app.services import ledger
from stations.models import StatusChange

CHARGING: Final = "CHARGING"
PARKING: Final = "PARKING"

# What a state (2.x chargingState, 1.6 connector status) says of the vehicle; all others: it may take energy.
_TAKES, _BY_VEHICLE, _BY_STATION = "takes", "pause of the vehicle", "pause of the station"
_MEANS = {
    "SuspendedEV": _BY_VEHICLE,
    "EVConnected": _BY_VEHICLE,
    "Idle": _BY_VEHICLE,
    "Finishing": _BY_VEHICLE,
    "SuspendedEVSE": _BY_STATION,
}
_PAUSE = timedelta(seconds=60)  # a shorter one belongs to the charging around it: messages are a second apart
_SILENT_PAUSE = timedelta(minutes=15)  # without state and power: registers of whole kWh stand still for some minutes


class ChargingPeriod(NamedTuple):
    """Times of the station's clock; `power_w` is the highest power seen, else the mean, None where nothing flowed; `current_ma` the
    highest current over all phases, None where nobody measured it."""

    start: datetime
    end: datetime
    state: str
    energy_wh: Decimal
    power_w: int | None
    current_ma: int | None = None


class _Stretch(NamedTuple):
    """`power_w` and `current_ma` are what was read; `parked`: between two registers nothing was taken; after `_part`: it is priced as parking."""

    start: datetime
    end: datetime
    parked: bool
    mwh: int
    power_w: int | None
    current_ma: int | None = None


def charging_periods(session: ChargingSession) -> list[ChargingPeriod]:
    """Up to its end, or up to the last thing known of a running session. Empty where no time has passed."""
    return by_session([session])[session.pk]


def by_session(sessions: Sequence[ChargingSession]) -> dict[int, list[ChargingPeriod]]:
    """The same for many sessions, in two queries."""
    evidence = ledger.read([session.pk for session in sessions])
    changes = _status_changes([session for session in sessions if session.ocpp_version == "1.6"])
    return {
        session.pk: _periods(session, evidence.get(session.pk, []), changes.get(session.pk, [])) for session in sessions
    }


def _periods(
    session: ChargingSession, evidence: Sequence[Evidence], changes: Sequence[tuple[datetime, str]]
) -> list[ChargingPeriod]:
    told = trail.walk(evidence)
    states = told.states or changes
    start = session.started_at
    end = session.stopped_at or _last_known(session, states)
    if end <= start:
        return []
    total = energy.to_mwh(session.energy)
    curve = [point for point in told.points if start < point.at <= end]
    stretches = _stretches(_known_energy(start, end, total, curve), curve, has_states=bool(states))
    switches = _switches(start, end, states)
    parted = [part for stretch in stretches for part in _part(stretch, switches)]
    return [_told(stretch) for stretch in _merged(_without_short_pauses(parted))]


def _told(stretch: _Stretch) -> ChargingPeriod:
    start, end, parked, mwh, power, current = stretch
    if power is None:
        power = mwh * 36 // 10 // max(1, int((end - start).total_seconds()))
    return ChargingPeriod(start, end, PARKING if parked else CHARGING, energy.from_mwh(mwh), power or None, current)


def _last_known(session: ChargingSession, states: Sequence[tuple[datetime, str]]) -> datetime:
    return max([session.last_reading_at or session.started_at, *(at for at, _state in states)])


def _known_energy(start: datetime, end: datetime, total: int, curve: Iterable[Point]) -> list[tuple[datetime, int]]:
    """(when, mWh since the start), rising from 0 to the session's energy."""
    known = [(start, 0)]
    known += [(p.at, min(p.energy, total)) for p in curve if p.energy is not None and p.at < end]
    return [*known, (end, total)]


def _stretches(known: Sequence[tuple[datetime, int]], curve: Sequence[Point], *, has_states: bool) -> list[_Stretch]:
    """One per interval between two registers."""
    stretches = []
    last: list[int] = []
    for (start, before), (end, after) in pairwise(known):
        if end <= start:
            continue
        within = [p for p in curve if start < p.at <= end]
        powers = [p.power_w for p in within if p.power_w is not None]
        currents = [p.current_ma for p in within if p.current_ma is not None]
        mwh = after - before
        silent = not powers and not has_states and len(known) > 2 and end - start > _SILENT_PAUSE
        last = powers or last
        idle = mwh == 0 and ((bool(last) and not any(last)) or silent)
        stretches.append(_Stretch(start, end, idle, mwh, max(powers, default=None), max(currents, default=None)))
    return stretches


def _switches(start: datetime, end: datetime, states: Iterable[tuple[datetime, str]]) -> list[tuple[datetime, str]]:
    """From when on which meaning holds. Before anything was said the vehicle takes energy."""
    switches = [(start, _TAKES)]
    for at, state in sorted(states):
        meaning = _MEANS.get(state, _TAKES)
        if at <= start:
            switches[0] = (start, meaning)
        elif at < end and meaning != switches[-1][1]:
            switches.append((at, meaning))
    return switches


def _part(stretch: _Stretch, switches: Sequence[tuple[datetime, str]]) -> list[_Stretch]:
    """Cut where the state changed. The energy goes to the parts that take it, by their time; the last gets what is left."""
    parts: list[_Stretch] = []
    for (since, meaning), until in zip(switches, [at for at, _ in switches[1:]] + [stretch.end], strict=True):
        start, end = max(since, stretch.start), min(until, stretch.end)
        if start < end:
            parked = meaning == _BY_VEHICLE or (meaning == _TAKES and stretch.parked)
            parts.append(_Stretch(start, end, parked, 0, None))
    taking = [place for place, part in enumerate(parts) if not part.parked] or list(range(len(parts)))
    whole = sum(_microseconds(parts[place]) for place in taking)
    left = stretch.mwh
    for place in taking:
        share = left if place == taking[-1] else stretch.mwh * _microseconds(parts[place]) // whole
        parts[place] = parts[place]._replace(mwh=share, power_w=stretch.power_w, current_ma=stretch.current_ma)
        left -= share
    return parts


def _microseconds(stretch: _Stretch) -> int:
    return (stretch.end - stretch.start) // timedelta(microseconds=1)


def _without_short_pauses(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    """Runs of parking of less than a minute become charging, unless there is no charging beside them."""
    lasting: list[_Stretch] = []
    run: list[_Stretch] = []
    for stretch in [*stretches, None]:
        if stretch is not None and stretch.parked:
            run.append(stretch)
            continue
        if run:
            short = run[-1].end - run[0].start < _PAUSE and (lasting or stretch is not None)
            lasting += [one._replace(parked=False) for one in run] if short else run
            run = []
        if stretch is not None:
            lasting.append(stretch)
    return lasting


def _merged(stretches: Iterable[_Stretch]) -> list[_Stretch]:
    """Parking in one piece: nothing within it changes its price but time."""
    merged: list[_Stretch] = []
    for stretch in stretches:
        before = merged[-1] if merged else None
        if before and before.parked and stretch.parked and not before.mwh and not stretch.mwh:
            merged[-1] = before._replace(end=stretch.end, power_w=None, current_ma=None)
        else:
            merged.append(stretch)
    return merged


def _status_changes(sessions: Sequence[ChargingSession]) -> dict[int, list[tuple[datetime, str]]]:
    """What the connectors of 1.6 sessions reported, from their last status before the start on."""
    if not sessions:
        return {}
    since = min(session.started_at for session in sessions) - timedelta(hours=1)
    rows = StatusChange.objects.filter(station__in={session.station_id for session in sessions}, at__gte=since)
    until = [session.stopped_at for session in sessions]
    if all(until):
        rows = rows.filter(at__lte=max(until))  # type: ignore[type-var]
    by_place: dict[tuple[int, int], list[tuple[datetime, str]]] = defaultdict(list)
    for station, evse, at, status in rows.order_by("at", "pk").values_list("station_id", "evse_id", "at", "status"):
        by_place[station, evse].append((at, status))
    return {
        session.pk: [
            (at, status)
            for at, status in by_place.get((session.station_id, session.evse_id or 0), ())
            if session.started_at - timedelta(hours=1) <= at and (not session.stopped_at or at <= session.stopped_at)
        ]
        for session in sessions
    }
