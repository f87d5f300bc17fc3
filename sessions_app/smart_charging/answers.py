"""What a station says that holds: the answer to GetCompositeSchedule (1.6 §6.22, 2.0.1 K08)."""

from decimal import Decimal, InvalidOperation
from typing import Any

from .variants import VOLTS

SOON_S = 5
"""A profile with a start of its own begins within the next second."""


def limit_w(answer: dict[str, Any], *, phases: int) -> Decimal | None:
    """W in a moment, by the last period that has begun then; None where it says nothing readable."""
    schedule = answer.get("chargingSchedule", answer.get("schedule"))
    if not isinstance(schedule, dict):
        return None
    period = _begun(schedule.get("chargingSchedulePeriod"))
    try:
        limit = Decimal(str(period.get("limit")))
    except InvalidOperation:
        return None
    if not limit.is_finite():
        return None
    if schedule.get("chargingRateUnit") != "A":
        return limit
    said = period.get("numberPhases")
    return limit * VOLTS * (said if isinstance(said, int) and said in (1, 2, 3) else phases)


def _begun(periods: Any) -> dict[str, Any]:
    """{} where there is none."""
    told = [period for period in periods if isinstance(period, dict)] if isinstance(periods, list) else []
    begun = [period for period in told if _offset(period) <= SOON_S]
    return begun[-1] if begun else {}


def _offset(period: dict[str, Any]) -> float:
    seconds = period.get("startPeriod", 0)
    return seconds if isinstance(seconds, int | float) else 0
