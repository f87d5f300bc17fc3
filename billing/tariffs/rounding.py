"""From exact amounts to cents: the one rule of every receipt and invoice (it is printed on them).

Each line is rounded half up to the currency's minor unit, in the terms of the prices; what a plan includes and what a discount
takes off are lines too. The total in those terms is the exact total
rounded once; where the lines add up to something else by a cent, the difference is a line of its own, never hidden. Then per
VAT rate: with prices that include VAT, taxable = round(gross / (1 + rate)) and VAT = gross − taxable; without it,
VAT = round(net × rate). So the driver pays exactly what a price of 0.55 €/kWh promised.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from . import exact
from .breakdown import Breakdown, Line, Relief

Rate = Fraction | None  # percent; None: no VAT applies


class Kind(StrEnum):
    PRICED = "priced"
    INCLUDED = "included"
    DISCOUNT = "discount"
    MIN_PRICE = "min_price"
    MAX_PRICE = "max_price"
    PAID_BEFORE = "paid_before"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Charge:
    """One amount of a document: of a priced line, of a relief, or of neither (what the limits and the rounding add)."""

    kind: Kind
    amount: Decimal
    vat: Rate
    line: Line | None = None
    relief: Relief | None = None


@dataclass(frozen=True, slots=True)
class VatRow:
    rate: Rate
    taxable: Decimal
    vat: Decimal

    @property
    def total(self) -> Decimal:
        return self.taxable + self.vat


@dataclass(frozen=True, slots=True)
class Settlement:
    charges: tuple[Charge, ...]
    vat_rows: tuple[VatRow, ...]
    excl_vat: Decimal
    vat: Decimal
    incl_vat: Decimal


def settle(breakdown: Breakdown) -> Settlement:
    currency = breakdown.currency
    charges = [Charge(Kind.PRICED, exact.cents(line.amount, currency), line.vat, line) for line in breakdown.lines]
    charges += [
        Charge(Kind(relief.kind), exact.cents(relief.amount, currency), relief.vat, relief=relief)
        for relief in breakdown.reliefs
    ]
    missing = exact.cents(breakdown.own_total, currency) - _sum(charge.amount for charge in charges)
    if missing:
        kind = _LIMITS.get(breakdown.limit, Kind.ROUNDING)
        shares = _shared(missing, charges, breakdown) if kind is not Kind.ROUNDING else [(_largest(charges), missing)]
        charges += [Charge(kind, amount, rate) for rate, amount in shares if amount]
    if moved := _owed_nothing(charges):
        charges = _rounded_once(charges, moved)
    rows = vat_rows(((charge.vat, charge.amount) for charge in charges), gross=breakdown.gross, currency=currency)
    return Settlement(tuple(charges), rows, *_totals(rows, currency))


def vat_rows(amounts: Iterable[tuple[Rate, Decimal]], *, gross: bool, currency: str) -> tuple[VatRow, ...]:
    """One row per rate, highest first, "no VAT" last. `amounts` are rounded and in the terms of the prices."""
    by_rate: dict[Rate, Decimal] = {}
    for rate, amount in amounts:
        by_rate[rate] = by_rate.get(rate, Decimal(0)) + amount
    ordered = sorted(by_rate, key=lambda rate: (rate is None, -(rate or 0)))
    return tuple(_row(rate, by_rate[rate], gross, currency) for rate in ordered)


def _row(rate: Rate, amount: Decimal, gross: bool, currency: str) -> VatRow:
    percent = (rate or 0) / Fraction(100)
    if gross:
        taxable = exact.cents(Fraction(amount) / (1 + percent), currency)
        return VatRow(rate, taxable, amount - taxable)
    return VatRow(rate, amount, exact.cents(Fraction(amount) * percent, currency))


_LIMITS = {"min": Kind.MIN_PRICE, "max": Kind.MAX_PRICE, "paid": Kind.PAID_BEFORE}


def _shared(amount: Decimal, charges: list[Charge], breakdown: Breakdown) -> list[tuple[Rate, Decimal]]:
    """What a limit adds or takes, over the VAT rates in proportion to what was priced; the cent left over to the largest."""
    by_rate: dict[Rate, Decimal] = {}
    for charge in charges:
        by_rate[charge.vat] = by_rate.get(charge.vat, Decimal(0)) + charge.amount
    whole = _sum(by_rate.values())
    if not whole:
        return [(breakdown.limit_vat, amount)]
    largest = max(by_rate, key=lambda rate: by_rate[rate])
    shares = {
        rate: exact.cents(Fraction(amount) * Fraction(part) / Fraction(whole), breakdown.currency)
        for rate, part in by_rate.items()
        if rate != largest
    }
    return [(largest, amount - _sum(shares.values())), *shares.items()]


def _owed_nothing(charges: list[Charge]) -> list[tuple[Rate, Decimal]]:
    """Where a discount took all of one rate, rounding may have taken a coin more: the rate with the most gives it back."""
    by_rate: dict[Rate, Decimal] = {}
    for charge in charges:
        by_rate[charge.vat] = by_rate.get(charge.vat, Decimal(0)) + charge.amount
    below = [(rate, -amount) for rate, amount in by_rate.items() if amount < 0]
    if not below or _sum(by_rate.values()) < 0:
        return []
    giver = max(by_rate, key=lambda rate: by_rate[rate])
    return [*below, (giver, -_sum(amount for _rate, amount in below))]


def _rounded_once(charges: list[Charge], moved: list[tuple[Rate, Decimal]]) -> list[Charge]:
    """One line of rounding for each rate."""
    others = [charge for charge in charges if charge.kind is not Kind.ROUNDING]
    by_rate = {charge.vat: charge.amount for charge in charges if charge.kind is Kind.ROUNDING}
    for rate, amount in moved:
        by_rate[rate] = by_rate.get(rate, Decimal(0)) + amount
    return others + [Charge(Kind.ROUNDING, amount, rate) for rate, amount in by_rate.items() if amount]


def _largest(charges: list[Charge]) -> Rate:
    return max(charges, key=lambda charge: charge.amount).vat


def _totals(rows: tuple[VatRow, ...], currency: str) -> tuple[Decimal, Decimal, Decimal]:
    nothing = exact.cents(0, currency)
    excl, vat = sum((row.taxable for row in rows), nothing), sum((row.vat for row in rows), nothing)
    return excl, vat, excl + vat


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
