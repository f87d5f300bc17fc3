"""Exact numbers and their texts. `Fraction` inside; a text is a plain decimal where one exists, else "a/b"."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from cms.core import money

_MOST_DIGITS = 60


def number(value: object) -> Fraction:
    """A JSON number or its text, exactly as written. ValueError for anything else (a float counts as its shortest text)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        raise ValueError(f"not a number: {value!r}")
    if isinstance(value, int | Fraction):
        return Fraction(value)
    try:
        decimal = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise ValueError(f"not a number: {value!r}") from error
    if not decimal.is_finite() or abs(decimal.adjusted()) > _MOST_DIGITS:  # 1e99999999 would fill the memory
        raise ValueError(f"not a number that anybody means: {decimal}")
    return Fraction(decimal)


def text(value: Fraction | int) -> str:
    """1/2 → "0.5", 61/60 → "61/60"; what `number_of` reads back without loss."""
    numerator, denominator = value.numerator, value.denominator
    if denominator == 1:
        return str(numerator)
    places = _decimal_places(denominator)
    if places is None:
        return f"{numerator}/{denominator}"
    return _fixed(numerator * 10**places // denominator, places)


def number_of(written: str) -> Fraction:
    """The inverse of `text`."""
    return Fraction(written)


def rounded(value: Fraction | int, places: int) -> Decimal:
    """HALF_UP, away from zero for negative amounts as for positive ones."""
    numerator, denominator = abs(value.numerator) * 10**places, value.denominator
    units = (2 * numerator + denominator) // (2 * denominator)
    return Decimal(-units if value < 0 else units).scaleb(-places)


def cents(value: Fraction | int, currency: str) -> Decimal:
    """To the currency's minor unit (ISO 4217)."""
    return rounded(value, exponent(currency))


@lru_cache(maxsize=64)
def exponent(currency: str) -> int:
    return money.exponent(currency)


@lru_cache(maxsize=4096)
def _decimal_places(denominator: int) -> int | None:
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None


def _fixed(units: int, places: int) -> str:
    sign, digits = ("-" if units < 0 else ""), str(abs(units)).rjust(places + 1, "0")
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
