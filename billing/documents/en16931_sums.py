"""The sums of a document by EN 16931, PURE: lines have two decimals, and what they leave of a rate is an allowance or a charge of the
document (BR-CO-10 to BR-CO-16, BR-S-08, BR-E-08, BR-AE-08). Naturas of one category are one row of the VAT breakdown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from .fatturapa import body

STANDARD, REVERSE_CHARGE, EXEMPT = "S", "AE", "E"
"""UNCL 5305."""

_CENT, _NOTHING = Decimal("0.01"), Decimal(0)
_BANK = "MP05"


@dataclass(frozen=True, slots=True)
class Rate:
    """One row of the breakdown. `between` is what its lines leave of `taxable`; `reason` why there is no VAT."""

    rate: Decimal
    category: str
    taxable: Decimal
    vat: Decimal
    between: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Sums:
    """`paid` (BT-113) is what the FatturaPA does not ask for by bank until some day; `due` (BT-115) the rest."""

    lines: Decimal
    rates: Sequence[Rate]
    paid: Decimal

    @property
    def charged(self) -> Decimal:
        return sum((row.between for row in self.rates if row.between > 0), _NOTHING)

    @property
    def allowed(self) -> Decimal:
        return -sum((row.between for row in self.rates if row.between < 0), _NOTHING)

    @property
    def taxable(self) -> Decimal:
        return sum((row.taxable for row in self.rates), _NOTHING)

    @property
    def vat(self) -> Decimal:
        return sum((row.vat for row in self.rates), _NOTHING)

    @property
    def whole(self) -> Decimal:
        return self.taxable + self.vat

    @property
    def due(self) -> Decimal:
        return self.whole - self.paid


def of(only: body.Body) -> Sums:
    details = [detail for payment in only.payments for detail in payment.details]
    keys = dict.fromkeys((row.rate, category(row.natura)) for row in only.goods.summaries)
    return Sums(
        lines=sum((cents(line.total) for line in only.goods.lines), _NOTHING),
        rates=[_rate(only, rate, of_category) for rate, of_category in keys],
        paid=sum((detail.amount for detail in details if detail.means != _BANK or detail.due_on is None), _NOTHING),
    )


def category(natura: str | None) -> str:
    if natura is None:
        return STANDARD
    return REVERSE_CHARGE if natura.startswith("N6") else EXEMPT


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _rate(only: body.Body, rate: Decimal, of_category: str) -> Rate:
    rows = [row for row in only.goods.summaries if (row.rate, category(row.natura)) == (rate, of_category)]
    lines = [line for line in only.goods.lines if (line.rate, category(line.natura)) == (rate, of_category)]
    taxable = sum((row.taxable for row in rows), _NOTHING)
    reasons = dict.fromkeys(row.law or row.natura or "" for row in rows) if of_category != STANDARD else {}
    return Rate(
        rate=rate,
        category=of_category,
        taxable=taxable,
        vat=sum((row.vat for row in rows), _NOTHING),
        between=taxable - sum((cents(line.total) for line in lines), _NOTHING),
        reason="; ".join(reasons),
    )
