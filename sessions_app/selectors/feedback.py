"""What drivers thought of their charges, together."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Sum

from sessions_app.models import ChargingSession, Feedback

SPAN = timedelta(days=90)  # older ones are of another cable, another price, another winter


@dataclass(frozen=True, slots=True)
class Average:
    """`stars` to one decimal, of `count` charges."""

    stars: Decimal
    count: int


def of(session: ChargingSession) -> int | None:
    return Feedback.objects.filter(session=session).values_list("stars", flat=True).first()


def by_station(stations: Collection[int], *, now: datetime) -> dict[int, Average]:
    return _by("session__station", stations, now)


def by_location(locations: Collection[int], *, now: datetime) -> dict[int, Average]:
    return _by("session__location", locations, now)


def _by(place: str, wanted: Collection[int], now: datetime) -> dict[int, Average]:
    """One query; places that nobody rated lately are missing."""
    recent = Feedback.objects.filter(**{f"{place}__in": wanted}, created_at__gte=now - SPAN)
    rows = recent.values_list(place).annotate(Sum("stars"), Count("pk")).order_by()
    return {pk: Average((Decimal(total) / count).quantize(Decimal("0.1")), count) for pk, total, count in rows}
