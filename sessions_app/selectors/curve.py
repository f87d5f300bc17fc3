"""The power and energy curve of a session."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from cms.core import energy
from sessions_app.engine import trail
from sessions_app.engine.trail import Point
from sessions_app.models import ChargingSession
from sessions_app.services import ledger


class CurvePoint(NamedTuple):
    """One reading: W, Wh since the start, and %. What the station did not send is None."""

    at: datetime
    power_w: int | None
    energy_wh: Decimal | None
    soc: int | None


def curve(session: ChargingSession) -> list[CurvePoint]:
    """In the order of the station's clock. Stations that send no power get the mean power between two registers."""
    evidence = ledger.read([session.pk]).get(session.pk, [])
    points = trail.walk(evidence).points
    if not any(point.power_w is not None for point in points):
        points = _with_mean_power(points)
    return [CurvePoint(p.at, p.power_w, None if p.energy is None else energy.from_mwh(p.energy), p.soc) for p in points]


def _with_mean_power(points: Sequence[Point]) -> list[Point]:
    told: list[Point] = []
    before: Point | None = None
    for point in points:
        if before is not None and point.energy is not None and before.energy is not None:
            seconds = (point.at - before.at).total_seconds()
            mean = (point.energy - before.energy) * 3_600 // 1_000 // int(seconds) if seconds >= 1 else None
            told.append(point._replace(power_w=mean))
        else:
            told.append(point)
        before = point if point.energy is not None else before
    return told
