"""A session's energy laid open, and the registers it was counted from."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from cms.core import energy
from sessions_app.engine import account, reduce
from sessions_app.engine import energy as sources
from sessions_app.engine.account import Account
from sessions_app.engine.evidence import METERED, Evidence, place
from sessions_app.engine.state import State
from sessions_app.metering import series
from sessions_app.metering.series import Anchor, Series
from sessions_app.models import ChargingSession
from sessions_app.services import ledger

RESET, JUMP, WRAPPED, GLITCH = "register_reset", "register_jump", "register_wrapped", "register_glitch"


class RegisterPoint(NamedTuple):
    """One value of the meter: `at` by the station's clock, `heard` by ours; `register` as it was sent and `counted` since the
    start, both in Wh."""

    at: datetime
    heard: datetime
    register: Decimal
    counted: Decimal


class Break(NamedTuple):
    """Where the meter did not simply go on: `kind` is the engine's word for it."""

    at: datetime
    kind: str


class Registers(NamedTuple):
    points: list[RegisterPoint]
    breaks: list[Break]


def account_of(session: ChargingSession) -> Account:
    """From the state beside the row; no query."""
    return account.of(State.load(session.state))


def registers(session: ChargingSession) -> Registers:
    """Of the series that counts, in the order of the station's clock. One query."""
    state = State.load(session.state)
    source = sources.by_evidence(state).source
    own = source != sources.FREE_REGISTER and not (source == sources.TRANSACTION and state.own.first is None)
    followed = state.own if own else state.free or Series()
    anchor = series.anchored(followed, state.meter_start, state.started_at)
    evidence = ledger.read([session.pk]).get(session.pk, [])
    points, breaks = _follow(one for one in sorted(evidence, key=place) if (one.kind != METERED) is own)
    return Registers(_counted(points, anchor), breaks)


def _follow(evidence: Iterable[Evidence]) -> tuple[list[tuple[datetime, datetime, int, int]], list[Break]]:
    """(at, heard, register, flowed) in mWh. A value that the next ones contradict is forgotten, as it is in the energy."""
    into = Series()
    points: list[tuple[datetime, datetime, int, int]] = []
    breaks: list[Break] = []
    for heard, measured in _measured(evidence):
        before = into.copy()
        series.measure(into, measured, heard)
        if measured.register is None:
            continue
        if before.first is not None and into.base != before.base:
            if before.before is not None and into.base == before.before[0]:
                glitch = breaks.pop()
                breaks.append(Break(glitch.at, GLITCH))
                points.pop()
            else:
                breaks.append(Break(measured.at, _kind(before, into)))
        points.append((measured.at, heard, measured.register, into.flowed))
    return points, breaks


def _measured(evidence: Iterable[Evidence]) -> Iterator[tuple[datetime, series.Measured]]:
    for one in evidence:
        for measured in one.readings:
            yield one.received_at, reduce.in_our_time(measured, one)


def _kind(before: Series, after: Series) -> str:
    if after.before is None:
        return WRAPPED
    return RESET if after.base < before.last else JUMP


def _counted(points: Iterable[tuple[datetime, datetime, int, int]], anchor: Anchor) -> list[RegisterPoint]:
    """It never falls: a late reading knows less than the one that overtook it."""
    highest = 0
    told = []
    for at, heard, register, flowed in sorted(points):
        highest = max(highest, flowed * anchor.scale + anchor.head)
        told.append(RegisterPoint(at, heard, energy.from_mwh(register), energy.from_mwh(highest)))
    return told
