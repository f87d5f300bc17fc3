"""Every line of a charge derived, step by step, so that a person with paper and pencil comes to the same cents."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from billing.documents import lines as shown
from billing.tariffs import exact, figures, totals
from billing.tariffs.breakdown import Earlier
from billing.tariffs.model import Component, Tariff
from billing.tariffs.rounding import Kind, Rate
from billing.tariffs.terms import Granted, Terms
from billing.tariffs.trace import Trace, TraceLine

_MOST_PLACES = 6


@dataclass(frozen=True, slots=True)
class Step:
    """A line of arithmetic: "Measured" – "18,64 kWh"."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Stretch:
    start: datetime
    end: datetime
    quantity: str


@dataclass(frozen=True, slots=True)
class Derived:
    """One line of the receipt. `element` counts from 1; 0 for reliefs, limits and rounding."""

    title: str
    element: int
    stretches: Sequence[Stretch]
    steps: Sequence[Step]
    amount: Decimal


@dataclass(frozen=True, slots=True)
class _Charge:
    """What the steps of a line refer to."""

    trace: Trace
    tariff: Tariff | None
    visit: Earlier
    granted: Granted
    language: str

    def money(self, value: Fraction) -> str:
        return exact_money(value, self.trace, self.language)

    def coins(self, amount: Decimal) -> str:
        return figures.money(amount, self.trace.currency, self.language)

    @property
    def due(self) -> Fraction:
        """Before a minimum and a maximum price."""
        return sum((line.exact for line in self.trace.lines if line.kind in _DUE), Fraction(0))

    @property
    def paid_before(self) -> tuple[Fraction, Fraction]:
        """By the earlier charges of the visit: what was due, and what was charged."""
        own = 1 if self.trace.gross else 0
        return self.visit.due[own], self.visit.charged[own]


_DUE = (Kind.PRICED, Kind.INCLUDED, Kind.DISCOUNT)


def of(trace: Trace, tariff: Tariff | None, language: str, *, visit: Earlier, granted: Granted) -> list[Derived]:
    charge = _Charge(trace, tariff, visit, granted, language)
    return [_derived(line, charge) for line in trace.lines]


def _derived(line: TraceLine, charge: _Charge) -> Derived:
    printed = shown.of_line(line, charge.tariff, charge.language)
    stretches = [Stretch(start, end, _quantity(line, counted, charge.language)) for start, end, counted in line.parts]
    element = 0 if line.element is None else line.element + 1
    steps = [*_STEPS[line.kind](line, charge), *_rounded(line, charge)]
    return Derived(printed.text, element, stretches if line.unit != "1" else [], steps, line.amount)


def _priced(line: TraceLine, charge: _Charge) -> list[Step]:
    language, component = charge.language, _component(line, charge.tariff)
    steps = [] if line.unit == "1" else [Step(_("Measured"), _quantity(line, line.measured, language))]
    if line.quantity != line.measured and component is not None:
        step = _step(line, component.step_size, language)
        steps.append(Step(_("Counted in steps of %(step)s") % {"step": step}, _quantity(line, line.quantity, language)))
    uncapped = line.quantity * line.unit_price
    price = _("At %(price)s") % {"price": _price(line, charge)} if line.unit != "1" else _("Once")
    steps.append(Step(price, charge.money(uncapped)))
    if uncapped != line.exact:
        before = (
            charge.visit.capped.get((line.dimension, line.element), Fraction(0))
            if line.dimension and line.element is not None
            else 0
        )
        if before:
            steps.append(Step(_("Charged before"), charge.money(Fraction(before))))
        steps.append(Step(_("At most, per charge"), charge.money(line.exact)))
    return steps


def _component(line: TraceLine, tariff: Tariff | None) -> Component | None:
    if tariff is None or line.element is None:
        return None
    components = tariff.elements[line.element].components
    return next((one for one in components if one.price == line.unit_price and one.vat == line.vat), None)


def _included(line: TraceLine, charge: _Charge) -> list[Step]:
    quantity = Step(_("Included"), _quantity(line, line.quantity, charge.language))
    worth = _("At the price it would have cost, %(price)s") % {"price": _price(line, charge)}
    return [quantity, Step(worth, charge.money(line.exact))]


def _discount(line: TraceLine, charge: _Charge) -> list[Step]:
    """What is left at its VAT rate after what stands above it; the percentage first, then the share of the amount."""
    above = charge.trace.lines[: charge.trace.lines.index(line)]
    left = sum((one.exact for one in above if one.kind in _DUE and one.vat == line.vat), Fraction(0))
    steps = [Step(_("Left at this VAT rate"), charge.money(left))]
    terms = next((one for one in charge.granted if one.label == line.label), Terms())
    percent = left * min(terms.discount_percent / 100, Fraction(1))
    if percent:
        rate = figures.percent(terms.discount_percent, charge.language)
        steps.append(Step(_("%(rate)s off") % {"rate": rate}, charge.money(-percent)))
    if terms.discount_amount:
        amount = figures.money(terms.discount_amount, charge.trace.currency, charge.language)
        said = _("%(amount)s off, at most what is left, shared over the VAT rates") % {"amount": amount}
        steps.append(Step(said, charge.money(line.exact + percent)))
    return steps


def _limited(line: TraceLine, charge: _Charge) -> list[Step]:
    """What was due, what the limit says, and the share of this VAT rate where there are several."""
    due_before, charged = charge.paid_before
    steps = [Step(_REASONS[line.kind](), "")]
    due = charge.due + due_before
    steps.append(
        Step(_("Due with the charges before") if charge.visit.charges else _("Due before that"), charge.money(due))
    )
    limit = None if charge.tariff is None else totals.own_limit(charge.tariff, cap=line.kind is Kind.MAX_PRICE)
    if limit is not None and line.kind is not Kind.PAID_BEFORE:
        steps.append(Step(_("The tariff’s limit"), charge.money(limit)))
    if charge.visit.charges:
        steps.append(Step(_("Charged before"), charge.money(charged)))
    if sum(one.kind is line.kind for one in charge.trace.lines) > 1:
        whole = _sum(one.amount for one in charge.trace.lines if one.kind is line.kind)
        steps.append(Step(_("Shared over the VAT rates in proportion to what is due"), charge.coins(whole)))
        mine, every = (_sum(amounts) for amounts in (_lines_at(line.vat, charge), _lines_at(None, charge, every=True)))
        steps.append(Step(_("Lines at this VAT rate, of all lines"), f"{charge.coins(mine)} / {charge.coins(every)}"))
    return [*steps, _vat(line, charge)]


def _lines_at(rate: Rate, charge: _Charge, *, every: bool = False) -> list[Decimal]:
    return [one.amount for one in charge.trace.lines if one.kind in _DUE and (every or one.vat == rate)]


def _left_over(line: TraceLine, charge: _Charge) -> list[Step]:
    said = _("The exact total, rounded once, and the sum of the rounded lines differ by this.")
    every = _sum(_lines_at(None, charge, every=True))
    return [
        Step(said, ""),
        Step(_("Lines, added up"), charge.coins(every)),
        Step(_("Exact total, rounded once"), charge.coins(every + line.amount)),
        _vat(line, charge),
    ]


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


_REASONS: dict[Kind, Callable[[], str]] = {
    Kind.MIN_PRICE: lambda: _("The tariff’s minimum price was not reached."),
    Kind.MAX_PRICE: lambda: _("The tariff’s maximum price was exceeded."),
    Kind.PAID_BEFORE: lambda: _(
        "An earlier charge of this visit had paid more than was due, to reach the minimum price."
    ),
}
_STEPS: dict[Kind, Callable[[TraceLine, _Charge], list[Step]]] = {
    Kind.PRICED: _priced,
    Kind.INCLUDED: _included,
    Kind.DISCOUNT: _discount,
    Kind.MIN_PRICE: _limited,
    Kind.MAX_PRICE: _limited,
    Kind.PAID_BEFORE: _limited,
    Kind.ROUNDING: _left_over,
}


def _rounded(line: TraceLine, charge: _Charge) -> list[Step]:
    if line.kind not in _DUE:
        return []
    steps = []
    if Fraction(line.amount) != line.exact:
        cents = exact.exponent(charge.trace.currency) == 2
        steps.append(Step(_("Rounded to the cent") if cents else _("Rounded"), charge.coins(line.amount)))
    return [*steps, _vat(line, charge)]


def _vat(line: TraceLine, charge: _Charge) -> Step:
    rate = figures.percent(line.vat, charge.language) if line.vat is not None else _("no VAT applies")
    return Step(_("VAT in it") if charge.trace.gross else _("VAT on top"), rate)


# ---- figures -------------------------------------------------------------------------------------------------------


def _quantity(line: TraceLine, value: Fraction, language: str) -> str:
    if line.unit == "h":
        return _duration(value * 3600, language)
    return f"{_number(value, language, least=2)}{figures.NBSP}{line.unit}" if line.unit != "1" else "1"


def _duration(seconds: Fraction, language: str) -> str:
    """20 min 34,567 s: what costs something is never rounded away."""
    if seconds.denominator == 1:
        return figures.duration(seconds)
    minutes = seconds // 60 * 60
    rest = f"{_number(seconds - minutes, language, least=1)}{figures.NBSP}s"
    return f"{figures.duration(minutes)}{figures.NBSP}{rest}" if minutes else rest


def _step(line: TraceLine, size: int, language: str) -> str:
    return figures.duration(size) if line.unit == "h" else f"{figures.number(size, 0, language)}{figures.NBSP}Wh"


def _price(line: TraceLine, charge: _Charge) -> str:
    if line.unit == "h" and line.unit_price / 60 * 10_000 % 1 == 0:
        return f"{figures.price(line.unit_price / 60, charge.trace.currency, charge.language)}/min"
    return f"{figures.price(line.unit_price, charge.trace.currency, charge.language)}/{line.unit}"


def exact_money(value: Fraction, trace: Trace, language: str) -> str:
    """With all its decimals, an ellipsis where they do not end."""
    places = _places(value, exact.exponent(trace.currency))
    more = "…" if value * 10**places % 1 else ""
    text = figures.money(value, trace.currency, language, places=places)
    return text.replace(figures.NBSP, f"{more}{figures.NBSP}", 1) if more and figures.NBSP in text else text + more


def _number(value: Fraction, language: str, least: int) -> str:
    return figures.number(value, _places(value, least), language)


def _places(value: Fraction, least: int) -> int:
    return next((n for n in range(least, _MOST_PLACES) if not value * 10**n % 1), _MOST_PLACES)
