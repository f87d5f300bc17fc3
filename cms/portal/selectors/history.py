"""My charges by month, in the time zone of the installation: the months of an expense report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from accounts.models import User
from cms.portal.selectors import mine
from sessions_app.models import ChargingSession

ZONE = ZoneInfo(settings.TIME_ZONE)
_COUNTS = Q(discarded=False)  # what was cancelled is listed and not counted


@dataclass(frozen=True, slots=True)
class Amount:
    """What a month cost in one currency, VAT included."""

    total: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Month:
    """`first` is its first day; energy in Wh; `amounts` one per currency."""

    first: date
    charges: int
    energy: Decimal
    amounts: Sequence[Amount]

    @property
    def key(self) -> str:
        return f"{self.first:%Y-%m}"


def months(user: User) -> list[Month]:
    """Newest first, two queries."""
    counted = (
        _ended(user)
        .annotate(month=TruncMonth("started_at", tzinfo=ZONE))
        .values("month")
        .annotate(n=Count("pk", filter=_COUNTS), wh=Sum("energy", filter=_COUNTS))
        .order_by("-month")
    )
    spent: dict[date, list[Amount]] = {}
    sums = (
        mine.cdrs(user)
        .order_by()
        .annotate(month=TruncMonth("session__started_at", tzinfo=ZONE))
        .values_list("month", "currency")
        .annotate(total=Sum("total_incl_vat"))
    )
    for month, currency, total in sums:
        spent.setdefault(month.date(), []).append(Amount(total, currency))
    return [
        Month(row["month"].date(), row["n"], row["wh"] or Decimal(0), spent.get(row["month"].date(), ()))
        for row in counted
    ]


def charges(user: User, month: date) -> QuerySet[ChargingSession]:
    """The month's ended charges, newest first, each with its valid CDR in `.valid_cdrs`."""
    start, end = bounds(month)
    return all_charges(user).filter(started_at__gte=start, started_at__lt=end)


def all_charges(user: User) -> QuerySet[ChargingSession]:
    valid = Prefetch("cdrs", queryset=mine.cdrs(user).select_related(None), to_attr="valid_cdrs")
    return _ended(user).order_by("-started_at", "-pk").prefetch_related(valid)


def bounds(month: date) -> tuple[datetime, datetime]:
    first = datetime(month.year, month.month, 1, tzinfo=ZONE)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return first.astimezone(UTC), following.astimezone(UTC)


def parse(text: str) -> date | None:
    """`2025-11` → its first day; None for anything else, also for a year without a neighbour on the calendar."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return None
    return first if MINYEAR < first.year < MAXYEAR else None


def _ended(user: User) -> QuerySet[ChargingSession]:
    return mine.sessions(user).ended()
