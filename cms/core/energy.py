"""Energy: exact Decimal watt-hours in Python, an integer of milliwatt-hours in every database."""

from decimal import ROUND_HALF_UP, Decimal

_MILLI = Decimal(1000)


def to_mwh(wh: Decimal) -> int:
    """Wh → stored integer mWh, half up."""
    return int((wh * _MILLI).to_integral_value(ROUND_HALF_UP))


def from_mwh(mwh: int) -> Decimal:
    """Stored integer mWh → exact Wh."""
    return Decimal(mwh) / _MILLI


def whole_wh(wh: Decimal) -> int:
    """Wh as the API shows them: an integer, rounded half up (api-contract §4)."""
    return int(wh.to_integral_value(ROUND_HALF_UP))
