"""Numbers as documents and price sentences write them, in a language that is named (screens use the reader's own)."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from . import exact

NBSP = "\u00a0"
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}


@dataclass(frozen=True, slots=True)
class _Style:
    decimal: str
    thousands: str
    sign_first: bool


_STYLES = {"it": _Style(",", ".", sign_first=False), "en": _Style(".", ",", sign_first=True)}
LANGUAGES = tuple(_STYLES)


def number(value: Decimal | Fraction | int, places: int, language: str) -> str:
    """1.234,50 in Italian, 1,234.50 in English; a true minus sign."""
    style = _style(language)
    text = f"{abs(exact.rounded(Fraction(value), places)):,.{places}f}"
    grouped = text.replace(",", "\0").replace(".", style.decimal).replace("\0", style.thousands)
    return ("−" if value < 0 and text.strip("0.,") else "") + grouped


def money(amount: Decimal | Fraction, currency: str, language: str, *, places: int | None = None) -> str:
    """12,20 € or €12.20; without `places` as many as the currency has."""
    digits = number(abs(Fraction(amount)), exact.exponent(currency) if places is None else places, language)
    minus = "−" if amount < 0 and digits.strip("0.,") else ""
    sign = _SIGNS.get(currency, currency)
    if _style(language).sign_first:
        return f"{minus}{sign}{NBSP if sign == currency else ''}{digits}"
    return f"{minus}{digits}{NBSP}{sign}"


def price(amount: Fraction, currency: str, language: str) -> str:
    """A unit price: the currency's decimals, more only where the price has them (0,4836 €)."""
    places = exact.exponent(currency)
    while places < 6 and amount * 10**places % 1:
        places += 1
    return money(amount, currency, language, places=places)


def kwh(value: Fraction | Decimal, language: str, places: int = 2) -> str:
    return f"{number(value, places, language)}{NBSP}kWh"


def plain(value: Fraction, language: str) -> str:
    """As few decimals as the number has, three at most: 10, 0,5."""
    places = next((n for n in range(3) if not value * 10**n % 1), 3)
    return number(value, places, language)


def duration(seconds: Fraction | int) -> str:
    """1 h 05 min, 12 min, 45 s; the same in both languages."""
    whole = int(exact.rounded(Fraction(seconds), 0))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}{NBSP}h{NBSP}{minutes:02}{NBSP}min"
    if minutes:
        return f"{minutes}{NBSP}min" + (f"{NBSP}{rest:02}{NBSP}s" if rest else "")
    return f"{rest}{NBSP}s"


def percent(rate: Fraction, language: str) -> str:
    return f"{plain(rate, language)}{NBSP}%"


def _style(language: str) -> _Style:
    return _STYLES.get(language[:2], _STYLES["en"])
