"""A tariff as an operator checks it: a row per price, the week painted, and where the law lets it be used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing import pricing
from billing.documents import words as names
from billing.models import TariffVersion
from billing.tariffs import figures, week, words
from billing.tariffs.model import Component, Dimension, Element, Tariff
from cms import charts
from cms.templatetags.figures import SIGNS

AD_HOC_FAST = frozenset({Dimension.ENERGY, Dimension.PARKING_TIME})


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
            kind = _kind(element, component)
            price = words.per_unit(component, kind, tariff.currency, language)
            yield (when, kind), price, _cap(component, tariff.currency, language)


def _kind(element: Element, component: Component) -> Dimension:
    if element.restrictions.reservation is None:
        return component.dimension
    flat = component.dimension is Dimension.FLAT
    return Dimension.RESERVATION_FLAT if flat else Dimension.RESERVATION_TIME


def _cap(component: Component, currency: str, language: str) -> str:
    if component.max_amount is None:
        return ""
    return _("at most %(amount)s") % {"amount": figures.money(component.max_amount, currency, language)}


@dataclass(frozen=True, slots=True)
class Week:
    """`unit` says what the numbers are: €/kWh, VAT included."""

    chart: charts.Chart
    answer: str
    unit: str


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
    chart = charts.week_prices(
        [
            charts.PriceBand(
                band.day, band.start_s, band.end_s, _words(band.price, shown, language), _level(band.price, prices)
            )
            for band in bands
        ],
        now=(local.weekday(), local.hour * 3600 + local.minute * 60 + local.second),
    )
    unit = _("%(currency)s/kWh") if shown is Dimension.ENERGY else _("%(currency)s/min")
    taxes = _("VAT included") if version.tax_included else _("plus VAT")
    return Week(
        chart, _answer(bands, prices), f"{unit % {'currency': SIGNS.get(version.currency, version.currency)}}, {taxes}"
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


def _answer(bands: Sequence[week.Band], prices: Sequence[Fraction]) -> str:
    hole = sum(band.end_s - band.start_s for band in bands if band.price is None)
    if hole:
        return _("A hole: %(hours)s of 168 hours have no price and are free of charge.") % {
            "hours": figures.plain(Fraction(hole, 3600), "en")
        }
    if len(prices) == 1:
        return _("The same price at every hour.")
    return _("No hole and no overlap: all 168 hours have one price.")


def ad_hoc_everywhere(version: TariffVersion) -> bool:
    """May it be the ad-hoc price of points of 50 kW and more? They know a price per kWh and an occupancy fee per minute, nothing
    else (AFIR art. 5 (4))."""
    tariff = pricing.parsed(version)
    priced = {c.dimension for element in tariff.elements for c in element.components if c.price}
    return priced <= AD_HOC_FAST and not tariff.min_price
