"""Is it going well? What the running charge's page concludes from its own curve. Pure: points in, findings out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

STALE = timedelta(seconds=60)  # for stations that report at least twice a minute; see `patience`
LONGEST = timedelta(minutes=30)
IDLE = timedelta(minutes=3)
SLOW_SHARE = 0.6  # of the charge's own best: below it the car or the site holds back
NEARLY_FULL = 80  # % state of charge from which DC slows down by design
FULL = 99


class Verdict(StrEnum):
    """Worst first; the page shows the first that holds."""

    STALE = "stale"  # nothing heard for longer than usual
    IDLE_CAR = "idle_car"  # 0 kW for three minutes, and the car asked for it (or is full)
    IDLE_SITE = "idle_site"  # 0 kW for three minutes, paused by the charger
    IDLE = "idle"  # 0 kW for three minutes, nobody said why
    FULL = "full"
    NEARLY_FULL = "nearly_full"
    SLOWED = "slowed"
    GOOD = "good"
    WAITING = "waiting"  # too early to say


class Point(Protocol):
    @property
    def at(self) -> datetime: ...
    @property
    def power_w(self) -> int | None: ...
    @property
    def soc(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """`since`: when what we say began, where that is known."""

    verdict: Verdict
    since: datetime | None = None


def judge(
    points: Sequence[Point], *, now: datetime, last_reading_at: datetime | None, charging_state: str = ""
) -> Judgement:
    """`points` in time order; `charging_state` as OCPP 2.x says it (SuspendedEV …), which 1.6 is translated to."""
    if last_reading_at is not None and now - last_reading_at > patience(points):
        return Judgement(Verdict.STALE, last_reading_at)
    measured = [(point.at, point.power_w, point.soc) for point in points if point.power_w is not None]
    if not measured:
        return Judgement(Verdict.WAITING)
    idle_since = _idle_since(measured)
    soc = next((point.soc for point in reversed(points) if point.soc is not None), None)
    if idle_since is not None and now - idle_since >= IDLE:
        return Judgement(_who_paused(charging_state, soc), idle_since)
    if soc is not None and soc >= NEARLY_FULL:
        return Judgement(Verdict.FULL if soc >= FULL else Verdict.NEARLY_FULL)
    power = measured[-1][1]
    if power and power < SLOW_SHARE * max(other for _at, other, _soc in measured):
        return Judgement(Verdict.SLOWED)
    return Judgement(Verdict.GOOD if power else Verdict.WAITING)


def patience(points: Sequence[Point]) -> timedelta:
    """How old the last reading may be before it is worth a word: twice what this station usually takes, a minute at least."""
    last = [point.at for point in points[-8:]]
    gaps = sorted(b - a for a, b in pairwise(last) if b > a)
    return min(LONGEST, max(STALE, 2 * gaps[len(gaps) // 2])) if gaps else STALE


def _idle_since(measured: Sequence[tuple[datetime, int, int | None]]) -> datetime | None:
    """When the unbroken run of 0 kW at the end began."""
    since = None
    for at, power, _soc in reversed(measured):
        if power > 0:
            break
        since = at
    return since


def _who_paused(charging_state: str, soc: int | None) -> Verdict:
    if soc is not None and soc >= FULL:
        return Verdict.FULL
    return {"SuspendedEV": Verdict.IDLE_CAR, "SuspendedEVSE": Verdict.IDLE_SITE}.get(charging_state, Verdict.IDLE)
