"""Sums of what was charged. Credits are negative CDRs, so that a plain sum is right at every moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth

from accounts.models import Operator
from billing.models import CDR


@dataclass(frozen=True, slots=True)
class Revenue:
    """`charges` counts standing CDRs, energy in Wh, amounts in the operator's currency."""

    charges: int = 0
    energy: Decimal = Decimal(0)
    net: Decimal = Decimal(0)
    vat: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)


_SUMS = {
    "charges": Count("pk", filter=Q(credits=None, credited_by=None)),
    "energy": Sum("energy"),
    "net": Sum("total_excl_vat"),
    "vat": Sum("total_vat"),
    "gross": Sum("total_incl_vat"),
}


def between(operator: Operator, start: datetime, end: datetime) -> Revenue:
    """Of the sessions that ended in [start, end)."""
    found = CDR.objects.filter(
        operator=operator, currency=operator.currency, stopped_at__gte=start, stopped_at__lt=end
    ).aggregate(**_SUMS)
    return _revenue(found)


def by_month(operator: Operator, zone: ZoneInfo, since: datetime) -> Sequence[tuple[date, Revenue]]:
    """Oldest first; a month without charges is absent."""
    rows = (
        CDR.objects.filter(operator=operator, currency=operator.currency, stopped_at__gte=since)
        .annotate(month=TruncMonth("stopped_at", tzinfo=zone))
        .values("month")
        .annotate(**_SUMS)
        .order_by("month")
    )
    return [(row["month"].date(), _revenue(row)) for row in rows]


def _revenue(row: Mapping[str, Any]) -> Revenue:
    return Revenue(int(row["charges"] or 0), *(Decimal(row[name] or 0) for name in ("energy", "net", "vat", "gross")))
