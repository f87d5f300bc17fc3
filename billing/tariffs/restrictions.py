"""Does an element apply at this moment? Restrictions are AND-ed and looked at continuously (OCPI mod_tariffs)."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache

from .model import DAY_S, NONE, Restrictions, Rule

Quantity = int | Fraction


@dataclass(frozen=True, slots=True)
class Moment:
    """`local` is the site's wall clock; `energy` mWh since the start; `elapsed` and `parked` µs since the session's start and
    since the vehicle last stopped asking for power (None while it does); `power` W, `current` A, None where unknown. `holidays`: the site's public holidays."""

    local: datetime
    energy: Quantity = 0
    elapsed: Quantity = 0
    parked: Quantity | None = None
    power: Quantity | None = None
    current: Quantity | None = None
    holidays: Container[date] = frozenset()


def chosen(rules: tuple[Rule, ...], now: Moment) -> Rule | None:
    """The first rule in list order whose restrictions hold; None: this dimension costs nothing now."""
    for rule in rules:
        restrictions = rule[0].restrictions
        if restrictions is NONE or hold(restrictions, now):
            return rule
    return None


def hold(r: Restrictions, now: Moment) -> bool:
    if r.wall_clock and not _clock_holds(r, now.local, now.holidays):
        return False
    return (
        _within(r.min_energy, now.energy, r.max_energy)
        and _within(r.min_duration, now.elapsed, r.max_duration)
        and _within(r.min_power, now.power, r.max_power)
        and _within(r.min_current, now.current, r.max_current)
        and _within(r.min_parking, now.parked, r.max_parking)
    )


def _within(least: Quantity | None, value: Quantity | None, below: Quantity | None) -> bool:
    """least ≤ value < below; an unknown value is within no limit."""
    if least is None and below is None:
        return True
    if value is None:
        return False
    return (least is None or value >= least) and (below is None or value < below)


def _clock_holds(r: Restrictions, local: datetime, holidays: Container[date]) -> bool:
    if r.days and local.weekday() not in r.days:
        return False
    today = local.date()
    if (r.start_date and today < r.start_date) or (r.end_date and today >= r.end_date):
        return False
    if r.holidays is not None and (today in holidays) is not r.holidays:
        return False
    if r.start_time is None and r.end_time is None:
        return True
    return _time_holds(r.start_time or 0, DAY_S if r.end_time is None else r.end_time, _seconds(local))


@lru_cache(maxsize=4096)
def _time_holds(start: int, end: int, now: int) -> bool:
    """A window whose end is not after its start goes over midnight; our reading: `day_of_week` then asks for the day of
    each instant, so after midnight it is the next day's."""
    return start <= now < end if start < end else now >= start or now < end


def _seconds(local: datetime) -> int:
    return local.hour * 3600 + local.minute * 60 + local.second
