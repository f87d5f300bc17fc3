"""Numbers as the schema wants them: a point, no thousands, exactly two decimals or two to eight."""

from decimal import ROUND_HALF_UP, Decimal

_CENT, _FINE = Decimal("0.01"), Decimal("0.00000001")


def two(amount: Decimal) -> str:
    return f"{amount.quantize(_CENT, ROUND_HALF_UP) + 0:f}"


def two_to_eight(amount: Decimal) -> str:
    """As many decimals as the number has, at least two, at most eight."""
    places = -int(amount.as_tuple().exponent)
    if places <= 2:
        return two(amount)
    return f"{amount.quantize(_FINE, ROUND_HALF_UP) + 0:f}" if places > 8 else f"{amount + 0:f}"


def short(amount: Decimal) -> Decimal:
    """Rounded to eight decimals, without the zeros beyond the second."""
    fine = amount.quantize(_FINE, ROUND_HALF_UP)
    plain = fine.normalize()
    return fine.quantize(_CENT) if int(plain.as_tuple().exponent) > -2 else plain
