"""A tariff as an operator checks it: a row per price, the week painted, and where the law lets it be used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import pricing
from billing.documents import words as names
from billing.models import TariffVersion
from billing.tariffs import afir, figures, findings, week, words
from billing.tariffs.afir import Objection
from billing.tariffs.findings import Finding, Kind, Span
from billing.tariffs.model import DAY_S, NONE, Component, Dimension, Element, Tariff
from cms import charts
from cms.templatetags.figures import SIGNS


@dataclass(frozen=True, slots=True)
class Row:
    """`when` is empty where the price always applies, `cap` where nothing caps it; `before`: what the version before had there."""

    when: str
    what: str
    price: str
    cap: str
    before: str


def rows(version: TariffVersion, before: TariffVersion | None, language: str) -> list[Row]:
    """One row per component, in the order in which they are looked at."""
    past = {key: price for key, price, _cap in _prices(pricing.parsed(before), language)} if before else {}
    return [
        Row(when, names.line(kind, language), price, cap, past.get((when, kind), ""))
        for (when, kind), price, cap in _prices(pricing.parsed(version), language)
    ]


def _prices(tariff: Tariff, language: str) -> Iterator[tuple[tuple[str, Dimension], str, str]]:
    for element in tariff.elements:
        when = words.restrictions(element.restrictions, language)
        for component in element.components:
            kind_of = kind(element, component)
            price = words.per_unit(component, kind_of, tariff.currency, language)
            yield (when, kind_of), price, _cap(component, tariff.currency, language)


def kind(element: Element, component: Component) -> Dimension:
    """What is counted: TIME and FLAT of a reservation are its own."""
    if element.restrictions.reservation is None:
        return component.dimension
    flat = component.dimension is Dimension.FLAT
    return Dimension.RESERVATION_FLAT if flat else Dimension.RESERVATION_TIME


def _cap(component: Component, currency: str, language: str) -> str:
    if component.max_amount is None:
        return ""
    return _("at most %(amount)s") % {"amount": figures.money(component.max_amount, currency, language)}


@dataclass(frozen=True, slots=True)
class Note:
    """A finding in words: `hole` where something is given away, else two prices or one that never applies."""

    text: str
    hole: bool


@dataclass(frozen=True, slots=True)
class Week:
    """`unit` says what the numbers are: €/kWh, VAT included. `notes` are the findings, worst first."""

    chart: charts.Chart
    answer: str
    unit: str
    notes: list[Note]


def painted(version: TariffVersion, language: str, now: datetime, zone: ZoneInfo) -> Week | None:
    """The week of `now`; None where neither energy nor time is priced."""
    tariff = pricing.parsed(version)
    shown = week.dimension(tariff)
    if shown is None:
        return None
    local = now.astimezone(zone)
    monday = datetime.combine(local.date() - timedelta(days=local.weekday()), time.min)
    bands = week.bands(tariff, monday)
    prices = sorted({band.price for band in bands if band.price is not None})
    mine, others = findings.of(tariff, shown, monday), findings.besides(tariff, shown, monday)
    found = [*mine, *others]
    said = {finding: _said(finding, tariff, language) for finding in found}
    chart = charts.week_prices(
        [
            charts.PriceBand(
                band.day, band.start_s, band.end_s, _words(band.price, shown, language), _level(band.price, prices)
            )
            for band in bands
        ],
        now=(local.weekday(), local.hour * 3600 + local.minute * 60 + local.second),
        doubts=[
            charts.Doubt(span.day, span.start_s, span.end_s, said[finding])
            for finding in found
            if finding.kind is Kind.OVERLAP
            for span in finding.spans
        ],
    )
    unit = _("%(currency)s/kWh") if shown is Dimension.ENERGY else _("%(currency)s/min")
    taxes = _("VAT included") if version.tax_included else _("plus VAT")
    return Week(
        chart,
        _answer(bands, prices, mine, language),
        f"{unit % {'currency': SIGNS.get(version.currency, version.currency)}}, {taxes}",
        [Note(said[finding], finding.kind in (Kind.HOLE, Kind.CASE)) for finding in found],
    )


def _words(price: Fraction | None, shown: Dimension, language: str) -> str:
    if price is None:
        return _("free")
    unit = price / 60 if shown.unit == "h" else price
    places = next((n for n in range(2, 6) if not unit * 10**n % 1), 6)
    return figures.number(unit, places, language)


def _level(price: Fraction | None, prices: Sequence[Fraction]) -> int:
    """1, the cheapest, to 4; 0 for no price. One price alone is 2: not pale, not alarming."""
    if price is None:
        return 0
    return 2 if len(prices) == 1 else 1 + 3 * prices.index(price) // (len(prices) - 1)


def _answer(bands: Sequence[week.Band], prices: Sequence[Fraction], found: Sequence[Finding], language: str) -> str:
    hole = sum(band.end_s - band.start_s for band in bands if band.price is None)
    if hole:
        return _("A hole: %(hours)s of 168 hours have no price and are free of charge.") % {
            "hours": figures.plain(Fraction(hole, 3600), language)
        }
    if any(finding.kind is Kind.CASE for finding in found):
        return _("Some charges have no price: see below.")
    if any(finding.kind is Kind.OVERLAP for finding in found):
        return _("No hole; where two prices ask for one hour, the first element wins.")
    if len(prices) == 1:
        return _("The same price at every hour.")
    return _("No hole and no overlap: all 168 hours have one price.")


# ---- findings in words ---------------------------------------------------------------------------------------------

_UNPRICED = {
    Dimension.ENERGY: gettext_lazy("%(when)s: energy has no price, it is free."),
    Dimension.TIME: gettext_lazy("%(when)s: charging time has no price, it is free."),
}


def _said(finding: Finding, tariff: Tariff, language: str) -> str:
    if finding.kind is Kind.NEVER:
        return _never(finding, tariff)
    if finding.kind is Kind.OVERLAP:
        winner, loser = (_element(tariff, index, finding.dimension, language) for index in finding.elements)
        return _("%(when)s: %(winner)s wins over %(loser)s.") % {"when": when(finding.spans), "winner": winner, "loser": loser}  # fmt: skip
    case = words.restrictions(finding.case, language) if finding.case != NONE else ""
    hours = when(finding.spans) if finding.spans else ""
    said = ", ".join(part for part in (hours, case) if part)
    return str(_UNPRICED[finding.dimension]) % {"when": said[:1].upper() + said[1:]}


_PRICES = {
    Dimension.ENERGY: gettext_lazy("energy"),
    Dimension.TIME: gettext_lazy("charging time"),
    Dimension.PARKING_TIME: gettext_lazy("parking"),
    Dimension.FLAT: gettext_lazy("the start"),
}


def _never(finding: Finding, tariff: Tariff) -> str:
    """Of an element that prices more than one thing, which of them."""
    [index] = finding.elements
    if len(tariff.elements[index].components) == 1:
        return _("Element %(n)s never applies: one before it always wins.") % {"n": index + 1}
    said = {"n": index + 1, "what": _PRICES[finding.dimension]}
    return _("The price of element %(n)s for %(what)s never applies: one before it always wins.") % said


def _element(tariff: Tariff, index: int, dimension: Dimension, language: str) -> str:
    component = next(c for c in tariff.elements[index].components if c.dimension is dimension)
    price = words.per_unit(component, dimension, tariff.currency, language)
    return _("element %(n)s (%(price)s)") % {"n": index + 1, "price": price}


def when(spans: Sequence[Span]) -> str:
    """ "Saturday 00:00–06:00", "Monday–Friday, Sunday 06:00–08:00, 22:00–24:00": days that share their hours together."""
    hours: dict[int, list[tuple[int, int]]] = {}
    for span in spans:
        hours.setdefault(span.day, []).append((span.start_s, span.end_s))
    days: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for day, found in sorted(hours.items()):
        days.setdefault(tuple(found), []).append(day)
    return "; ".join(f"{_days(shared)} {_hours(found)}".strip() for found, shared in days.items())


def _hours(found: Sequence[tuple[int, int]]) -> str:
    return "" if found == ((0, DAY_S),) else ", ".join(charts.span(start, end) for start, end in found)


def _days(days: Sequence[int]) -> str:
    """Three days and more in a row as from–to."""
    if len(days) == 7:
        return _("every day")
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = [
        [f"{WEEKDAYS[run[0]]}–{WEEKDAYS[run[-1]]}"] if len(run) > 2 else [str(WEEKDAYS[day]) for day in run]
        for run in runs
    ]
    return ", ".join(name for names in said for name in names)


# ---- the law -------------------------------------------------------------------------------------------------------

OBJECTIONS = {
    Objection.NO_ENERGY: gettext_lazy("It has no price per kWh."),
    Objection.TIME: gettext_lazy("It has a price for charging time."),
    Objection.FLAT: gettext_lazy("It has a fee per charge."),
    Objection.MIN_PRICE: gettext_lazy("It has a minimum price."),
}


def objections(version: TariffVersion) -> list[str]:
    """Why it may not be the ad-hoc price of points of 50 kW and more, in words; empty where it may."""
    return [str(OBJECTIONS[objection]) for objection in afir.objections(pricing.parsed(version))]
