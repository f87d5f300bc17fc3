"""Money: exact Decimal amounts in Python, an integer of 10⁻⁶ of the currency unit in every database.

Rounding, stated once (tariffs-billing §1): compute exactly, round each document line HALF_UP to the currency's
minor unit; with `tax_included` the taxable amount per VAT rate is round(gross / (1 + rate)) and VAT = gross − taxable;
without it VAT is round(net × rate) on the sum of the rounded lines.
"""

from decimal import ROUND_HALF_UP, Decimal

from iso4217 import Currency

_MICRO = Decimal(1_000_000)


def to_micros(amount: Decimal) -> int:
    """Currency units → stored integer millionths, half up."""
    return int((amount * _MICRO).to_integral_value(ROUND_HALF_UP))


def from_micros(micros: int) -> Decimal:
    """Stored integer millionths → exact currency units."""
    return Decimal(micros) / _MICRO


def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit (ISO 4217)."""
    return Currency(currency).exponent or 0


def round_money(amount: Decimal, currency: str = "EUR") -> Decimal:
    """To the minor unit, HALF_UP: the only rounding that documents know."""
    return amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP)
