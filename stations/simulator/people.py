"""Who comes to charge, when, with which battery, and for how long they stay. Pure: give it a random source and the hour."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from . import battery

AC_HOURS = (
    0.15, 0.1, 0.1, 0.1, 0.15, 0.3, 0.8, 1.6, 2.2, 1.9, 1.4, 1.2, 1.3, 1.4, 1.3, 1.2, 1.2, 1.5, 1.9, 1.8, 1.3, 0.8, 0.5, 0.3,
)  # fmt: skip
DC_HOURS = (
    0.15, 0.1, 0.1, 0.1, 0.15, 0.3, 0.6, 1.0, 1.2, 1.3, 1.5, 1.7, 1.6, 1.4, 1.4, 1.5, 1.7, 1.9, 1.8, 1.4, 1.0, 0.7, 0.4, 0.25,
)  # fmt: skip
"""Arrivals at each hour of the local day, relative to the day's mean."""
WEEKEND = {False: 0.75, True: 1.15}
"""Arrivals on Saturday and Sunday, by whether it is a fast charger."""


@dataclass(slots=True)
class Visit:
    """`car` as it arrives. It leaves `lingers` after its battery is full (or `leaves_after` the arrival if that is sooner).
    `by_card` drivers end with the card, the others just pull the cable."""

    car: battery.Car
    lingers: timedelta
    leaves_after: timedelta
    by_card: bool


def visit(rng: random.Random, *, dc: bool) -> Visit:
    """Fast chargers see emptier batteries, an 80 % target and short stays; slow ones see everything."""
    if dc:
        car = battery.car(
            rng.randrange(100), soc=rng.triangular(0.05, 0.55, 0.2), target=rng.choice((0.8, 0.8, 0.85, 0.9))
        )
        lingers = timedelta(minutes=rng.choice((1, 2, 3, 4, 6, 9, 22)))
        return Visit(car, lingers, timedelta(minutes=rng.triangular(15, 75, 35)), rng.random() < 0.5)
    car = battery.car(rng.randrange(100), soc=rng.triangular(0.1, 0.85, 0.4), target=rng.choice((0.8, 0.9, 1.0, 1.0)))
    lingers = timedelta(minutes=rng.choice((1, 3, 5, 10, 15, 25, 50, 95)))
    return Visit(car, lingers, timedelta(minutes=rng.triangular(20, 220, 60)), rng.random() < 0.6)


def rate(at: datetime, zone: ZoneInfo, *, per_day: float, dc: bool) -> float:
    """Arrivals per hour at an instant."""
    local = at.astimezone(zone)
    hours = DC_HOURS if dc else AC_HOURS
    weekend = WEEKEND[dc] if local.weekday() >= 5 else 1.0
    return per_day / sum(hours) * hours[local.hour] * weekend


def gap(rng: random.Random, at: datetime, zone: ZoneInfo, *, per_day: float, dc: bool) -> timedelta:
    """Until the next arrival: a Poisson process whose rate follows the hour of the day, by thinning."""
    most = per_day / 24 * max(*AC_HOURS, *DC_HOURS) * max(1.0, *WEEKEND.values()) * 1.1
    waited = timedelta()
    while True:
        waited += timedelta(hours=rng.expovariate(most))
        if rng.random() * most < rate(at + waited, zone, per_day=per_day, dc=dc):
            return waited


def arrivals(
    rng: random.Random, start: datetime, end: datetime, zone: ZoneInfo, *, per_day: float, dc: bool
) -> Iterator[datetime]:
    """Every arrival in between, in order."""
    at = start + gap(rng, start, zone, per_day=per_day, dc=dc)
    while at < end:
        yield at
        at += gap(rng, at, zone, per_day=per_day, dc=dc)


class Cards:
    """The cards of the people around: each in one pocket at a time."""

    def __init__(self, rng: random.Random, tokens: Sequence[str], in_use: Sequence[str] = ()) -> None:
        self._rng = rng
        self._free = [token for token in tokens if token not in in_use]

    def take(self) -> str | None:
        """Any card nobody uses just now."""
        if not self._free:
            return None
        return self._free.pop(self._rng.randrange(len(self._free)))

    def give_back(self, token: str) -> None:
        if token not in self._free:
            self._free.append(token)
