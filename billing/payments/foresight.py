"""What a running charge will have cost by the time it can be stopped."""

from datetime import timedelta
from decimal import Decimal

HOUR_S = Decimal(3600)


def ahead(*, cost: Decimal, energy_wh: Decimal, power_w: int, lasted: timedelta, within: timedelta) -> Decimal:
    """How much more `within` that time may bring, at the average price per kWh so far at its present power, or by the clock at the
    average per second, whichever is more. 0 before anything is known."""
    seconds = Decimal(within.total_seconds())
    by_energy = cost / energy_wh * Decimal(max(power_w, 0)) * seconds / HOUR_S if energy_wh > 0 else Decimal(0)
    by_time = cost * seconds / Decimal(lasted.total_seconds()) if lasted > timedelta(0) else Decimal(0)
    return max(by_energy, by_time, Decimal(0))
