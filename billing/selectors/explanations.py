"""Why this price? From the assignments that were looked at to the rounded cents, for a page: every figure of a charge derived."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from billing import pricing
from billing.documents import lines as shown
from billing.models import CDR, TariffVersion
from billing.selectors import assignments, costs, session_prices
from billing.selectors.assignments import Considered
from billing.selectors.session_prices import Agreed
from billing.services.charges import rerating
from billing.tariffs import exact, figures, terms
from billing.tariffs.model import Tariff
from billing.tariffs.rounding import Kind, VatRow
from billing.tariffs.trace import Trace, TraceLine
from sessions_app.models import ChargingSession

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
class Explanation:
    """`considered`: the assignments that fit, best first, as they are today; `agreed`: what the session began with. `differs`: what
    comes out otherwise when its record is computed again from the evidence; None without a record."""

    agreed: Agreed
    considered: Sequence[Considered]
    version: TariffVersion | None
    trace: Trace | None
    lines: Sequence[Derived]
    totals: Sequence[Step]
    vat: Sequence[VatRow]
    rule: str
    cdr: CDR | None
    holidays: Sequence[str]
    differs: Sequence[str] | None


def of(session: ChargingSession, language: str) -> Explanation:
    """Of its standing record, else as it runs."""
    agreed = session_prices.of([session])[session.pk]
    cost = costs.of(session, language)
    cdr = cost.cdr if cost else None
    version = cost.version if cost else agreed.version
    tariff = pricing.parsed(version) if version else None
    trace = cost.trace if cost else None
    return Explanation(
        agreed=agreed,
        considered=assignments.considered(agreed.place, agreed.who, agreed.at),
        version=version,
        trace=trace,
        lines=[_derived(line, trace, tariff, language) for line in trace.lines] if trace else [],
        totals=_totals(trace, cdr, language) if trace else [],
        vat=trace.vat_rows if trace else (),
        rule=rule(gross=trace.gross) if trace else "",
        cdr=cdr,
        holidays=json.loads(cdr.snapshot).get("holidays", ()) if cdr else (),
        differs=_differs(cdr) if cdr else None,
    )


def rule(*, gross: bool) -> str:
    """How amounts are rounded and VAT is found (docs/decisions/0010)."""
    first = _(
        "Each line is rounded half up to the cent; the exact total is rounded once, and a difference is a line of its own."
    )
    if gross:
        return (
            first + " " + _("Prices include VAT: for each rate, taxable = total ÷ (1 + rate), VAT = total − taxable.")
        )
    return first + " " + _("Prices are without VAT: for each rate, VAT = taxable × rate.")


def _differs(cdr: CDR) -> list[str]:
    return [found.what for found in rerating.verify(CDR.objects.filter(pk=cdr.pk))]


# ---- one line ------------------------------------------------------------------------------------------------------


def _derived(line: TraceLine, trace: Trace, tariff: Tariff | None, language: str) -> Derived:
    printed = shown.of_line(line, tariff, language)
    stretches = [Stretch(start, end, _quantity(line, counted, language)) for start, end, counted in line.parts]
    steps = _STEPS.get(line.kind, _left_over)(line, trace, tariff, language)
    element = 0 if line.element is None else line.element + 1
    return Derived(printed.text, element, stretches if line.unit != "1" else [], steps, line.amount)


def _priced(line: TraceLine, trace: Trace, tariff: Tariff | None, language: str) -> list[Step]:
    component = None
    if tariff is not None and line.element is not None:
        component = next(c for c in tariff.elements[line.element].components if c.price == line.unit_price)
    steps = [] if line.unit == "1" else [Step(_("Measured"), _quantity(line, line.measured, language))]
    if line.quantity != line.measured and component is not None:
        step = _step(line, component.step_size, language)
        steps.append(Step(_("Counted in steps of %(step)s") % {"step": step}, _quantity(line, line.quantity, language)))
    uncapped = line.quantity * line.unit_price
    if line.unit != "1":
        steps.append(
            Step(_("At %(price)s") % {"price": _price(line, trace, language)}, _exact(uncapped, trace, language))
        )
    if uncapped != line.exact:
        steps.append(Step(_("At most, per charge"), _exact(line.exact, trace, language)))
    return [*steps, *_rounded(line, trace, language)]


def _included(line: TraceLine, trace: Trace, _tariff: Tariff | None, language: str) -> list[Step]:
    quantity = Step(_("Included"), _quantity(line, line.quantity, language))
    worth = _("At the price it would have cost, %(price)s") % {"price": _price(line, trace, language)}
    return [quantity, Step(worth, _exact(line.exact, trace, language)), *_rounded(line, trace, language)]


def _discount(line: TraceLine, trace: Trace, _tariff: Tariff | None, language: str) -> list[Step]:
    return [
        Step(_("Taken off what is left at this VAT rate"), _exact(line.exact, trace, language)),
        *_rounded(line, trace, language),
    ]


def _left_over(line: TraceLine, _trace: Trace, _tariff: Tariff | None, _language: str) -> list[Step]:
    reasons = {
        Kind.MIN_PRICE: _("The tariff’s minimum price was not reached."),
        Kind.MAX_PRICE: _("The tariff’s maximum price was exceeded."),
        Kind.ROUNDING: _("The exact total, rounded once, and the sum of the rounded lines differ by this."),
    }
    return [Step(reasons[line.kind], "")]


_STEPS = {Kind.PRICED: _priced, Kind.INCLUDED: _included, Kind.DISCOUNT: _discount}


def _rounded(line: TraceLine, trace: Trace, language: str) -> list[Step]:
    steps = []
    if Fraction(line.amount) != line.exact:
        steps.append(Step(_("Rounded to the cent"), figures.money(line.amount, trace.currency, language)))
    rate = figures.percent(line.vat, language) if line.vat is not None else _("no VAT applies")
    included = _("VAT in it") if trace.gross else _("VAT on top")
    return [*steps, Step(included, rate)]


# ---- totals --------------------------------------------------------------------------------------------------------


def _totals(trace: Trace, cdr: CDR | None, language: str) -> list[Step]:
    own = sum((line.exact for line in trace.lines if line.kind is not Kind.ROUNDING), Fraction(0))
    exact_total = exact.number_of(cdr.exact_incl_vat if trace.gross else cdr.exact_excl_vat) if cdr else own
    total = trace.incl_vat if trace.gross else trace.excl_vat
    steps = [
        Step(_("Exact total"), _exact(exact_total, trace, language)),
        Step(_("Rounded once"), figures.money(total, trace.currency, language)),
    ]
    if cdr and cdr.terms:
        steps += [Step(granted.label, _took(used, trace, language)) for granted, used in terms.uses(cdr.terms)]
    return steps


def _took(used: terms.Used, trace: Trace, language: str) -> str:
    said = []
    if used.wh:
        said.append(_("%(energy)s of what is included") % {"energy": figures.kwh(used.wh / 1000, language)})
    if used.seconds:
        said.append(_("%(time)s of what is included") % {"time": figures.duration(used.seconds)})
    if used.discount:
        said.append(figures.money(-used.discount, trace.currency, language))
    return "; ".join(said) or _("nothing was taken")


# ---- figures -------------------------------------------------------------------------------------------------------


def _quantity(line: TraceLine, value: Fraction, language: str) -> str:
    if line.unit == "h":
        return figures.duration(value * 3600)
    return f"{_number(value, language, least=2)}{figures.NBSP}{line.unit}" if line.unit != "1" else "1"


def _step(line: TraceLine, size: int, language: str) -> str:
    return figures.duration(size) if line.unit == "h" else f"{figures.number(size, 0, language)}{figures.NBSP}Wh"


def _price(line: TraceLine, trace: Trace, language: str) -> str:
    if line.unit == "h" and line.unit_price / 60 * 10_000 % 1 == 0:
        return f"{figures.price(line.unit_price / 60, trace.currency, language)}/min"
    return f"{figures.price(line.unit_price, trace.currency, language)}/{line.unit}"


def _exact(value: Fraction, trace: Trace, language: str) -> str:
    """With all its decimals, an ellipsis where they do not end."""
    places = _places(value, exact.exponent(trace.currency))
    more = "…" if value * 10**places % 1 else ""
    text = figures.money(value, trace.currency, language, places=places)
    return text.replace(figures.NBSP, f"{more}{figures.NBSP}", 1) if more and figures.NBSP in text else text + more


def _number(value: Fraction, language: str, least: int) -> str:
    return figures.number(value, _places(value, least), language)


def _places(value: Fraction, least: int) -> int:
    return next((n for n in range(least, _MOST_PLACES) if not value * 10**n % 1), _MOST_PLACES)
