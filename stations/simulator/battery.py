"""Cars: what a battery accepts at a given state of charge. Power in W, energy in Wh, state of charge from 0 to 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

DC_CURVE = ((0.0, 0.75), (0.08, 1.0), (0.45, 1.0), (0.6, 0.72), (0.8, 0.42), (0.9, 0.2), (1.0, 0.05))
"""Share of the car's best DC power by state of charge: full power to the middle, then the taper."""
AC_CURVE = ((0.0, 1.0), (0.96, 1.0), (1.0, 0.15))
"""The on-board charger works flat out until the last few per cent."""


@dataclass(slots=True)
class Car:
    """`target` is where the driver has told the car to stop."""

    name: str = "Fiat 500e"
    capacity_wh: int = 42_000
    soc: float = 0.35
    target: float = 1.0
    ac_w: int = 11_000
    dc_w: int = 85_000

    @property
    def full(self) -> bool:
        return self.soc >= self.target - 1e-6

    def accepts_w(self, *, dc: bool) -> float:
        """What it would draw now from an unlimited station."""
        if self.full:
            return 0.0
        return self.dc_w * share(DC_CURVE, self.soc) if dc else self.ac_w * share(AC_CURVE, self.soc)

    def take(self, wh: float) -> float:
        """Puts energy in, up to the target; returns what fitted."""
        fits = min(wh, max(0.0, (self.target - self.soc) * self.capacity_wh))
        self.soc += fits / self.capacity_wh
        return fits


def seen(*, soc: float, power_w: int | None, dc: bool) -> Car:
    """The car that would draw this power at this state of charge; one that draws nothing has reached its target."""
    if power_w == 0:
        return Car(soc=soc, target=soc)
    met = Car(soc=soc, target=max(soc, 0.9), capacity_wh=60_000)
    if power_w and dc:
        met.dc_w = round(power_w / share(DC_CURVE, soc))
    elif power_w:
        met.ac_w = round(power_w / share(AC_CURVE, soc))
    return met


def share(curve: Sequence[tuple[float, float]], soc: float) -> float:
    """The curve's value at `soc`, straight between its points."""
    for (x0, y0), (x1, y1) in pairwise(curve):
        if soc <= x1:
            return y0 + (y1 - y0) * max(0.0, soc - x0) / (x1 - x0)
    return curve[-1][1]


CARS: tuple[tuple[str, int, int, int], ...] = (
    ("Fiat 500e", 42_000, 11_000, 85_000),
    ("Fiat 600e", 54_000, 11_000, 100_000),
    ("Renault Zoe", 52_000, 22_000, 46_000),
    ("Renault Mégane E-Tech", 60_000, 22_000, 130_000),
    ("Hyundai Kona", 64_000, 11_000, 77_000),
    ("Hyundai Ioniq 5", 77_400, 11_000, 220_000),
    ("Tesla Model 3", 60_000, 11_000, 170_000),
    ("Tesla Model Y", 75_000, 11_000, 210_000),
    ("Volkswagen ID.4", 77_000, 11_000, 135_000),
    ("Dacia Spring", 26_800, 6_600, 30_000),
    ("Jeep Avenger", 54_000, 11_000, 100_000),
    ("Peugeot e-208", 50_000, 7_400, 100_000),
)
"""Name, usable battery in Wh, best AC and DC power in W."""


def car(number: int, *, soc: float, target: float = 1.0) -> Car:
    """A car of the street, picked by any number."""
    name, capacity, ac, dc = CARS[number % len(CARS)]
    return Car(name, capacity, soc, target, ac, dc)
