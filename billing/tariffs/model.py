"""A tariff as the engine reads it (OCPI 2.2.1 mod_tariffs, 2.3.0 tax_included), with four members of our own that OCPI
cannot express: `min_parking_duration`, `max_parking_duration` (a grace period after charging), `max_amount` (a cap) and `holidays`
(public holidays of the site: docs/decisions/0019)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

HOUR_US = 3_600_000_000
KWH_MWH = 1_000_000
DAY_S = 86_400


class Dimension(StrEnum):
    """What is counted. The two of a reservation are ours: OCPI writes them as FLAT and TIME in an element with a
    `reservation` restriction."""

    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    FLAT = "FLAT"
    RESERVATION_TIME = "RESERVATION_TIME"
    RESERVATION_FLAT = "RESERVATION_FLAT"

    @property
    def unit(self) -> str:
        """The unit of quantities and of unit prices: kWh, h or 1 (once)."""
        return _UNITS[self]


_UNITS = {
    Dimension.ENERGY: "kWh",
    Dimension.TIME: "h",
    Dimension.PARKING_TIME: "h",
    Dimension.RESERVATION_TIME: "h",
    Dimension.FLAT: "1",
    Dimension.RESERVATION_FLAT: "1",
}


class Reservation(StrEnum):
    RESERVATION = "RESERVATION"
    EXPIRES = "RESERVATION_EXPIRES"


@dataclass(frozen=True, slots=True)
class Component:
    """`price` per kWh, per hour or once, in the tariff's own terms (gross or net). `vat` in percent; None: no VAT applies.
    `step_size` in Wh or s, 0 for none. `max_amount` caps what this component may add to one session (ours)."""

    dimension: Dimension
    price: Fraction
    vat: Fraction | None = None
    step_size: int = 0
    max_amount: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Restrictions:
    """All given ones must hold (AND). Every min is inclusive, every max and end exclusive. Wall clock in seconds of the
    local day, dates local, energy in mWh since the start, power in W, current in A (sum of the phases), durations in µs."""

    start_time: int | None = None
    end_time: int | None = None  # 00:00 is the end of the day, 86 400
    start_date: date | None = None
    end_date: date | None = None
    days: frozenset[int] = frozenset()  # 0 = Monday; empty = every day
    holidays: bool | None = None  # True: on public holidays only, False: on all other days
    min_energy: Fraction | None = None
    max_energy: Fraction | None = None
    min_power: Fraction | None = None
    max_power: Fraction | None = None
    min_current: Fraction | None = None
    max_current: Fraction | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    min_parking: int | None = None
    max_parking: int | None = None
    reservation: Reservation | None = None

    @property
    def wall_clock(self) -> bool:
        return (
            bool(self.days)
            or self.holidays is not None
            or any(limit is not None for limit in (self.start_time, self.end_time, self.start_date, self.end_date))
        )


NONE = Restrictions()


@dataclass(frozen=True, slots=True)
class Element:
    """`index` is its place in the tariff from 0: the first matching element with a dimension prices that dimension."""

    index: int
    components: tuple[Component, ...]
    restrictions: Restrictions = NONE


@dataclass(frozen=True, slots=True)
class Limit:
    """A floor or a cap. Each of the two works alone; where only one is given the other total moves in proportion."""

    excl_vat: Fraction | None = None
    incl_vat: Fraction | None = None


Rule = tuple[Element, Component]


@dataclass(frozen=True)
class Tariff:
    """`gross`: prices include VAT (OCPI 2.3.0 `tax_included` YES). With `taxes_known` false a component without `vat`
    means "somebody else knows the taxes" (2.3.0 YES/NO), and the other total cannot be told."""

    elements: tuple[Element, ...]
    currency: str = "EUR"
    gross: bool = False
    taxes_known: bool = True
    min_price: Limit | None = None
    max_price: Limit | None = None

    @cached_property
    def rules(self) -> dict[Dimension, tuple[Rule, ...]]:
        """The charging rules of each dimension, in order of preference."""
        charging = [e for e in self.elements if e.restrictions.reservation is None]
        return {
            d: _rules(charging, d) for d in (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT)
        }

    def reservation_rules(self, dimension: Dimension, *, expired: bool) -> tuple[Rule, ...]:
        """TIME or FLAT of a reservation. An expired one prefers RESERVATION_EXPIRES elements to RESERVATION ones
        (mod_tariffs, ReservationRestrictionType NOTE); one that was used knows only the latter."""
        kinds = (Reservation.EXPIRES, Reservation.RESERVATION) if expired else (Reservation.RESERVATION,)
        chosen = [e for kind in kinds for e in self.elements if e.restrictions.reservation is kind]
        return _rules(chosen, dimension)

    @cached_property
    def wall_clock(self) -> tuple[int, ...]:
        """The local times of day (seconds) at which a restriction may begin or cease to hold; empty: the clock is irrelevant."""
        times: set[int] = set()
        for r in (e.restrictions for e in self.elements):
            if not r.wall_clock:
                continue
            times.update(t % DAY_S for t in (r.start_time, r.end_time) if t is not None)
            times.add(0)
        return tuple(sorted(times))

    @cached_property
    def knows_holidays(self) -> bool:
        return any(e.restrictions.holidays is not None for e in self.elements)

    @cached_property
    def energy_limits(self) -> tuple[Fraction, ...]:
        return _limits(self, "min_energy", "max_energy")

    @cached_property
    def durations(self) -> tuple[int, ...]:
        return _limits(self, "min_duration", "max_duration")

    @cached_property
    def parking_durations(self) -> tuple[int, ...]:
        return _limits(self, "min_parking", "max_parking")

    @cached_property
    def main_vat(self) -> Fraction | None:
        """The rate of a minimum price where nothing else was billed: that of the energy, else of the first component."""
        components = [c for e in self.elements for c in e.components]
        energy = [c for c in components if c.dimension is Dimension.ENERGY]
        return (energy or components)[0].vat if components else None


def _rules(elements: list[Element], dimension: Dimension) -> tuple[Rule, ...]:
    return tuple((e, c) for e in elements for c in e.components if c.dimension is dimension)


def _limits(tariff: Tariff, *names: str) -> tuple:
    values = (getattr(e.restrictions, name) for e in tariff.elements for name in names)
    return tuple(sorted({value for value in values if value is not None}))
