"""What is put on a document, before it has a number: lines, and what the buyer's VAT treatment makes of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing.documents.fatturapa import check_ours
from billing.models import CDR, InvoiceLine
from billing.tariffs import exact, rounding

SPLIT = "split"
STAMP_DUTY = Decimal("2.00")
OUT_OF_BASE = "N1"  # art. 15 DPR 633/1972: advanced in the buyer's name


@dataclass(frozen=True, slots=True)
class Position:
    """One line of a document. `amount` is rounded as printed, in the terms (gross or net) of the document; `vat_rate` in percent,
    None where no VAT applies: then `natura` says why (the operator's own word for it where it is empty). `since` and `until`:
    the days that a fee is for, both included. `credits`: the line that this one takes back."""

    text: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    vat_rate: Decimal | Fraction | int | None
    cdr: CDR | None = None
    natura: str = ""
    since: date | None = None
    until: date | None = None
    credits: InvoiceLine | None = None

    @property
    def rate(self) -> rounding.Rate:
        return None if self.vat_rate is None else exact.number(self.vat_rate)


@dataclass(frozen=True, slots=True)
class Treated:
    """What stands on the document, and in which terms."""

    positions: tuple[Position, ...]
    tax_included: bool


def treat(positions: Sequence[Position], *, tax_included: bool, treatment: str, no_vat: str, currency: str) -> Treated:
    """As the buyer is taxed. A natura takes the VAT out of every price: each line is net, rounded for itself. Split payment keeps
    the lines: the buyer pays the VAT of the sum to the state. `no_vat`: the natura of lines that have no VAT for anybody."""
    if treatment in ("", SPLIT):
        named = [position if position.rate else _without(position, no_vat) for position in positions]
        return Treated(tuple(named), tax_included)
    return Treated(tuple(_net(position, treatment, tax_included, currency) for position in positions), False)


def stamp_duty(positions: Iterable[Position], currency: str) -> Decimal:
    """2.00 € where more than 77.47 € of a document have no VAT (art. 13 of the tariff in DPR 642/1972), else 0. Documents in
    another currency are for a person: the duty is on the day's exchange rate."""
    if currency != "EUR":
        return Decimal(0)
    untaxed = sum((position.amount for position in positions if position.natura in check_ours.STAMPED), Decimal(0))
    return STAMP_DUTY if abs(untaxed) > check_ours.STAMP_ABOVE else Decimal(0)


def stamp_line(text: str) -> Position:
    return Position(text, Decimal(1), "1", STAMP_DUTY, STAMP_DUTY, None, natura=OUT_OF_BASE)


def _without(position: Position, natura: str) -> Position:
    return replace(position, vat_rate=None, natura=position.natura or natura)


def _net(position: Position, natura: str, tax_included: bool, currency: str) -> Position:
    if position.natura == OUT_OF_BASE:
        return position
    factor = 1 + (position.rate or Fraction(0)) / 100 if tax_included else Fraction(1)
    return replace(
        position,
        unit_price=exact.rounded(Fraction(position.unit_price) / factor, 6),
        amount=exact.cents(Fraction(position.amount) / factor, currency),
        vat_rate=None,
        natura=natura,
    )
