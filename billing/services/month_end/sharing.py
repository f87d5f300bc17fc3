"""What a month at a site comes to for its host: the lines of a statement, from what was counted and agreed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from accounts.models import Operator
from billing.models import RevenueShare
from billing.selectors import shares
from billing.selectors.shares import Counted, Sums
from billing.tariffs import exact


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement. `amount` in cents; only those that `count` add up to the total, the others say how they came
    about. `quantity` in `unit` (kWh, % or the currency)."""

    kind: str  # revenue, refunds, fees, energy_cost, share, per_kwh, fixed
    month: str
    quantity: str
    unit: str
    unit_price: str
    amount: str
    counts: bool


def all_lines(history: list[RevenueShare], counted: Counted, month: date, operator: Operator) -> list[Line]:
    counted_months = sorted({*counted.by_month, month})
    return [line for on in counted_months for line in of_month(history, counted, on, month, operator)]


def total(lines: Sequence[Line]) -> Decimal:
    return sum((Decimal(line.amount) for line in lines if line.counts), Decimal(0))


def of_month(history: list[RevenueShare], counted: Counted, on: date, month: date, operator: Operator) -> list[Line]:
    """Of one month, by what was agreed for it; the fixed amount with the month itself."""
    share, sums = shares.holding(history, on), counted.by_month.get(on, Sums())
    if share is None or (on != month and not sums):
        return []
    terms = _Terms(share, sums, f"{on:%Y-%m}", operator.currency)
    lines = [terms.revenue(), terms.refunds(), terms.fees(), terms.energy_cost(), terms.part(), terms.per_kwh()]
    if on == month:
        lines.append(terms.fixed())
    return [line for line in lines if Decimal(line.amount) or line.kind == "revenue"]


@dataclass(frozen=True, slots=True)
class _Terms:
    share: RevenueShare
    sums: Sums
    month: str
    currency: str

    @property
    def kwh(self) -> Decimal:
        return exact.rounded(exact.number(self.sums.energy) / 1000, 3)

    @property
    def kept_back(self) -> Decimal:
        fees = exact.cents(-Fraction(self.sums.net) * Fraction(self.share.fee_percent) / 100, self.currency)
        cost = exact.cents(-Fraction(self.sums.energy) / 1000 * Fraction(self.share.energy_cost), self.currency)
        return fees + cost

    def revenue(self) -> Line:
        return self._line("revenue", str(self.sums.sessions), "", "", self.sums.revenue, counts=False)

    def refunds(self) -> Line:
        return self._line("refunds", "", "", "", self.sums.refunds, counts=False)

    def fees(self) -> Line:
        amount = exact.cents(-Fraction(self.sums.net) * Fraction(self.share.fee_percent) / 100, self.currency)
        return self._line("fees", str(self.sums.net), self.currency, str(self.share.fee_percent), amount, counts=False)

    def energy_cost(self) -> Line:
        amount = exact.cents(-Fraction(self.sums.energy) / 1000 * Fraction(self.share.energy_cost), self.currency)
        return self._line("energy_cost", str(self.kwh), "kWh", str(self.share.energy_cost), amount, counts=False)

    def part(self) -> Line:
        base = self.sums.net + self.kept_back
        amount = exact.cents(Fraction(base) * Fraction(self.share.percent) / 100, self.currency)
        return self._line("share", str(base), self.currency, str(self.share.percent), amount)

    def per_kwh(self) -> Line:
        amount = exact.cents(Fraction(self.sums.energy) / 1000 * Fraction(self.share.per_kwh), self.currency)
        return self._line("per_kwh", str(self.kwh), "kWh", str(self.share.per_kwh), amount)

    def fixed(self) -> Line:
        return self._line(
            "fixed", "1", "", str(self.share.fixed), exact.cents(Fraction(self.share.fixed), self.currency)
        )

    def _line(
        self, kind: str, quantity: str, unit: str, unit_price: str, amount: Decimal, *, counts: bool = True
    ) -> Line:
        return Line(kind, self.month, quantity, unit, unit_price, str(amount), counts)
