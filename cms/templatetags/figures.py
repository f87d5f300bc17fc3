"""Numbers as people read them, in the active language: `{% load figures %}{{ session.energy|kwh }}`. Missing is "–": None,
or the empty text that a template makes of what is not there at all."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.utils import formats
from django.utils.translation import get_language

register = template.Library()

NB = "\u00a0"
MISSING = "–"
SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}
SIGN_FIRST = ("en",)  # €6.74 in English, 6,74 € elsewhere
MWH_FROM_WH = Decimal(10_000_000)


def number(value: Decimal | int, digits: int = 0) -> str:
    """Grouped, half up, in the reader's language."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return formats.number_format(rounded, decimal_pos=digits, force_grouping=True)


@register.filter
def kwh(wh: Decimal | int | str | None, digits: int = 2) -> str:
    """Wh → `11,42 kWh`; MWh from 10.000 kWh on."""
    if wh is None or isinstance(wh, str):
        return MISSING
    wh = Decimal(wh)
    if abs(wh) >= MWH_FROM_WH:
        return f"{number(wh / 1_000_000, digits)}{NB}MWh"
    return f"{number(wh / 1000, digits)}{NB}kWh"


@register.filter
def meter(wh: Decimal | int | None) -> str:
    """What a meter shows, always in kWh: `18.412,306 kWh`."""
    return MISSING if wh is None else f"{number(Decimal(wh) / 1000, 3)}{NB}kWh"


@register.filter
def kw(watts: Decimal | int | str | None) -> str:
    """W → `11,0 kW`, without decimals from 100 kW on."""
    return MISSING if watts is None or isinstance(watts, str) else f"{kw_number(watts)}{NB}kW"


@register.filter
def kw_number(watts: Decimal | int | str | None) -> str:
    """The same without the unit, where the unit is set in another size."""
    if watts is None or isinstance(watts, str):
        return MISSING
    kilowatts = Decimal(watts) / 1000
    return number(kilowatts, 0 if abs(kilowatts) >= 100 else 1)


@register.filter
def kw_rated(watts: Decimal | int | str | None) -> str:
    """What a socket can give: `22 kW`, `7,4 kW`."""
    if not watts or isinstance(watts, str):
        return MISSING
    return f"{number(Decimal(watts) / 1000, 0 if watts % 1000 == 0 else 1)}{NB}kW"


@register.filter
def money(amount: Decimal | str | None, currency: str = "EUR") -> str:
    """`6,74 €` or `€6.74`; a true minus sign for credits."""
    return MISSING if amount is None or isinstance(amount, str) else priced(amount, 2, currency)


def priced(amount: Decimal, digits: int, currency: str) -> str:
    """An amount with any number of decimals: prices per kWh may have three."""
    sign, minus = SIGNS.get(currency, currency), "−" if amount < 0 else ""
    digits_shown = number(abs(amount), digits)
    if (get_language() or "").startswith(SIGN_FIRST):
        return f"{minus}{sign}{digits_shown}" if sign != currency else f"{minus}{sign}{NB}{digits_shown}"
    return f"{minus}{digits_shown}{NB}{sign}"


@register.filter
def duration(span: timedelta | int | None) -> str:
    """Seconds or a timedelta → `1 h 05 min`, `25 min`, `40 s`."""
    if span is None:
        return MISSING
    seconds = max(0, int(span.total_seconds() if isinstance(span, timedelta) else span))
    if seconds < 60:
        return f"{seconds}{NB}s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}{NB}h{NB}{minutes:02d}{NB}min" if hours else f"{minutes}{NB}min"


@register.filter
def distance(metres: int | None) -> str:
    """`350 m` to the next ten, `1,4 km`, `27 km`."""
    if metres is None:
        return ""
    if metres < 1000:
        return f"{number(max(10, round(metres, -1)))}{NB}m"
    return f"{number(Decimal(metres) / 1000, 1 if metres < 10_000 and metres % 1000 else 0)}{NB}km"
