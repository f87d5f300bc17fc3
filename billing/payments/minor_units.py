"""Providers count in the currency's smallest unit: 10.50 EUR are 1050, 500 JPY are 500, 1.250 KWD are 1250 (ISO 4217)."""

from decimal import ROUND_HALF_UP, Decimal

from cms.core import money


def of(amount: Decimal, currency: str) -> int:
    return int(amount.scaleb(money.exponent(currency)).to_integral_value(ROUND_HALF_UP))


def amount(units: int, currency: str) -> Decimal:
    return Decimal(units).scaleb(-money.exponent(currency))


def rounded(value: Decimal, currency: str) -> Decimal:
    """What can be paid of it."""
    return amount(of(value, currency), currency)
