"""Money: exact Decimal amounts in Python, an integer of 10⁻⁶ of the currency unit in every database. How documents round to
cents is stated in `billing.tariffs.rounding`."""

from decimal import ROUND_HALF_UP, Decimal

from iso4217 import Currency

_MICRO = Decimal(1_000_000)


def to_micros(amount: Decimal) -> int:
    """Currency units → stored integer millionths, half up."""
    return int((amount * _MICRO).to_integral_value(ROUND_HALF_UP))


def from_micros(micros: int) -> Decimal:
    """Stored integer millionths → exact currency units."""
    return Decimal(micros) / _MICRO


def is_payable(amount: Decimal, currency: str) -> bool:
    """Is it whole in the currency's minor unit? 10.50 EUR is, 10.50 JPY is not."""
    return amount == round(amount, exponent(currency))


def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit (ISO 4217)."""
    return Currency(currency).exponent or 0
