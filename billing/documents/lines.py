"""A charge's lines as documents show them: "Energia 17:00–20:00 · 15,33 kWh · 0,69 €/kWh · 10,58 €"."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from billing.tariffs import figures
from billing.tariffs import words as tariff_words
from billing.tariffs.model import Tariff
from billing.tariffs.rounding import Rate
from billing.tariffs.trace import Trace, TraceLine

from . import words


@dataclass(frozen=True, slots=True)
class Shown:
    """`quantity` and `unit_price` in `unit`: kWh, min (h where a minute has no short price), 1; empty for limits and
    rounding. `amount` in cents."""

    text: str
    quantity: Fraction
    unit: str
    unit_price: Fraction
    amount: Decimal
    vat: Rate
    measured: Fraction

    @property
    def rounded_up(self) -> bool:
        return self.quantity != self.measured


def shown(trace: Trace, tariff: Tariff | None, language: str) -> Sequence[Shown]:
    """`tariff` is the one the charge was rated with; it says when each element applies."""
    return [of_line(line, tariff, language) for line in trace.lines]


def of_line(line: TraceLine, tariff: Tariff | None, language: str) -> Shown:
    if line.dimension is None:
        text = words.line(line.kind, language) + (f" · {line.label}" if line.label else "")
        if line.unit:
            return _given_back(line, text)
        one = Fraction(1 if line.amount >= 0 else -1)
        return Shown(text, one, "", abs(Fraction(line.amount)), line.amount, line.vat, one)
    condition = _condition(line, tariff, language)
    text = words.line(line.dimension, language) + (f" ({condition})" if condition else "")
    factor, unit = _unit(line)
    return Shown(
        text, line.quantity * factor, unit, line.unit_price / factor, line.amount, line.vat, line.measured * factor
    )


def _given_back(line: TraceLine, text: str) -> Shown:
    """What a plan includes: a quantity of the other sign at the price it would have cost."""
    factor, unit = _unit(line)
    quantity = line.quantity * factor * (-1 if line.amount <= 0 else 1)
    return Shown(text, quantity, unit, line.unit_price / factor, line.amount, line.vat, quantity)


def _condition(line: TraceLine, tariff: Tariff | None, language: str) -> str:
    if tariff is None or line.element is None:
        return ""
    return tariff_words.restrictions(tariff.elements[line.element].restrictions, language)


def _unit(line: TraceLine) -> tuple[int, str]:
    """Minutes where their price is short (0.10 €/min), else hours."""
    if line.unit == "h" and line.unit_price / 60 * 10_000 % 1 == 0:
        return 60, "min"
    return 1, line.unit


def as_measured(line: Shown) -> Shown:
    """The same line before step_size."""
    return replace(line, quantity=line.measured)


def quantity_text(line: Shown, language: str) -> str:
    """18,64 kWh (three decimals only where the third counts), 12 min, 1; empty for limits and rounding."""
    if not line.unit:
        return ""
    if line.unit == "1":
        return "1"
    if line.unit == "kWh":
        return figures.kwh(line.quantity, language, places=2 if line.quantity * 100 % 1 == 0 else 3)
    if line.unit == "min":
        return f"{figures.plain(line.quantity, language)}{figures.NBSP}min"
    return f"{figures.number(line.quantity, 4, language)}{figures.NBSP}h"


def price_text(line: Shown, currency: str, language: str) -> str:
    """0,59 €/kWh; empty for limits and rounding."""
    if not line.unit:
        return ""
    price = figures.price(line.unit_price, currency, language)
    return price if line.unit == "1" else f"{price}/{line.unit}"
