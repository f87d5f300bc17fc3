"""PURE: what a unit costs at any hour of the week, as the week grid paints it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from .model import DAY_S, Dimension, Tariff
from .restrictions import Moment, chosen

SHOWN = (Dimension.ENERGY, Dimension.TIME)


@dataclass(frozen=True, slots=True)
class Band:
    """From `start_s` to `end_s` seconds of local day `day` (0 = Monday) one unit costs `price`; None: no rule holds."""

    day: int
    start_s: int
    end_s: int
    price: Fraction | None


def dimension(tariff: Tariff) -> Dimension | None:
    """What the grid shows: energy, else charging time; None for a tariff that counts neither."""
    return next((shown for shown in SHOWN if tariff.rules[shown]), None)


def bands(tariff: Tariff, monday: datetime) -> list[Band]:
    """The week from `monday` (naive local midnight), neighbours of one price as one band. The price is that of a charge that
    begins then: limits of energy and time stand at zero, power is unknown."""
    shown = dimension(tariff)
    if shown is None:
        return []
    cuts = sorted({0, *tariff.wall_clock, DAY_S})
    return [band for day in range(7) for band in _day(tariff, shown, monday, day, cuts)]


def _day(tariff: Tariff, shown: Dimension, monday: datetime, day: int, cuts: list[int]) -> list[Band]:
    found: list[Band] = []
    for start, end in pairwise(cuts):
        rule = chosen(tariff.rules[shown], Moment(monday + timedelta(days=day, seconds=start)))
        price = rule[1].price if rule else None
        if found and found[-1].price == price:
            found[-1] = Band(day, found[-1].start_s, end, price)
        else:
            found.append(Band(day, start, end, price))
    return found
