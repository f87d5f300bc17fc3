"""What a charge costs and why, exact. Nothing here is rounded: `documents` does that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from . import exact
from .model import Component, Dimension
from .periods import Period, State

_NOTHING = (Fraction(0), Fraction(0))


@dataclass(frozen=True, slots=True)
class Part:
    """An uninterrupted stretch in which one component priced its dimension."""

    start: datetime
    end: datetime
    quantity: Fraction


@dataclass(frozen=True, slots=True)
class Line:
    """All that one component of one element priced: `quantity` after step_size, `measured` before, both in the dimension's
    unit. `amount` is in the tariff's own terms (gross or net), after the component's cap."""

    dimension: Dimension
    element: int
    component: Component
    quantity: Fraction
    measured: Fraction
    amount: Fraction
    start: datetime
    end: datetime
    parts: tuple[Part, ...]

    @property
    def unit_price(self) -> Fraction:
        return self.component.price

    @property
    def vat(self) -> Fraction | None:
        return self.component.vat

    @property
    def capped(self) -> bool:
        return self.amount != self.quantity * self.component.price


class ReliefKind(StrEnum):
    INCLUDED = "included"
    DISCOUNT = "discount"


@dataclass(frozen=True, slots=True)
class Relief:
    """What a plan includes or a discount takes off: `amount` is negative, in the tariff's terms. Of something included also
    how much of which dimension, at which price; `label` is the plan's or the code's name, `source` its owner's word for it."""

    kind: ReliefKind
    amount: Fraction
    vat: Fraction | None
    label: str
    source: str = ""
    dimension: Dimension | None = None
    quantity: Fraction = Fraction(0)
    unit_price: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """An OCPI ChargingPeriod: from `start` on these elements were active, until the next stretch or `end`."""

    start: datetime
    end: datetime
    state: State
    energy_wh: Fraction
    elements: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the earlier `charges` of a visit (quirk 48; primary keys, oldest first) used up of what a tariff says once. Their `periods`
    are not priced again: time, energy and parking count on from them. `started`: their start fee was asked for. `due` before a
    minimum and a maximum price, `charged` after them, each (excl., incl. VAT). `capped`: what components with a `max_amount` cost so
    far, by dimension and element."""

    charges: tuple[int, ...] = ()
    periods: tuple[Period, ...] = ()
    started: bool = False
    due: tuple[Fraction, Fraction] = _NOTHING
    charged: tuple[Fraction, Fraction] = _NOTHING
    capped: Mapping[tuple[Dimension, int], Fraction] = field(default_factory=dict)


ALONE = Earlier()


@dataclass(frozen=True, slots=True)
class Breakdown:
    """`excl_vat` and `incl_vat` are the exact totals after the tariff's limits; None where the tariff cannot tell (OCPI 2.3.0
    with taxes that somebody else knows). `limit` says which limit moved the total in the tariff's own terms: "", "min",
    "max" or "paid" (an earlier charge of the visit had paid more than was due, to reach the minimum). Durations in seconds, without the reservation. `earlier`: the charges of its visit that the limits count with it."""

    currency: str
    gross: bool
    lines: tuple[Line, ...] = ()
    excl_vat: Fraction | None = Fraction(0)
    incl_vat: Fraction | None = Fraction(0)
    limit: str = ""
    limit_vat: Fraction | None = None
    energy_wh: Fraction = Fraction(0)
    charging_s: Fraction = Fraction(0)
    parking_s: Fraction = Fraction(0)
    stretches: tuple[Stretch, ...] = field(default=())
    reliefs: tuple[Relief, ...] = ()
    earlier: Earlier = ALONE

    @property
    def own_total(self) -> Fraction:
        """In the terms of the tariff's prices: what is charged (gross) or what VAT is added to (net)."""
        total = self.incl_vat if self.gross else self.excl_vat
        return total if total is not None else Fraction(0)

    @property
    def total_excl_vat(self) -> Decimal | None:
        """Rounded once, at the end (OCPI Price.excl_vat)."""
        return None if self.excl_vat is None else exact.cents(self.excl_vat, self.currency)

    @property
    def total_incl_vat(self) -> Decimal | None:
        return None if self.incl_vat is None else exact.cents(self.incl_vat, self.currency)
