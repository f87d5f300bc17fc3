"""The figures behind the reports, read from the roll-ups: a handful of queries each, whatever the number of sessions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Max, Sum
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, TruncDate, TruncMonth

from .filters import Filters
from .models import DailyRevenue, HourlyUsage

SAME_WEEKDAYS = 4  # how many earlier weeks make the usual range


@dataclass(frozen=True, slots=True)
class Time:
    """Connector-seconds by state."""

    charging: int = 0
    idle: int = 0
    free: int = 0
    down: int = 0

    @property
    def total(self) -> int:
        return self.charging + self.idle + self.free + self.down

    def share(self, seconds: int) -> float:
        return seconds / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class PlaceTime:
    """A site (`pk` of the location) or a station (`pk`, `name` its identity) and how its connectors spent the time."""

    pk: int | None
    name: str
    time: Time
    sessions: int
    energy_wh: Decimal


@dataclass(frozen=True, slots=True)
class DayEnergy:
    day: date
    energy_wh: Decimal
    low_wh: Decimal | None
    high_wh: Decimal | None


@dataclass(frozen=True, slots=True)
class MonthRevenue:
    """Money of the CDRs whose charge ended in the month; `last_year` None where there was nothing to compare."""

    month: date
    currency: str
    cdrs: int
    energy_wh: Decimal
    excl_vat: Decimal
    incl_vat: Decimal
    last_year: Decimal | None


def usage(filters: Filters) -> list[list[float | None]]:
    """7 × 24 shares of connector time with a car (charging or idle), Monday first, local hours. None: no data."""
    found = (
        _hours(filters)
        .annotate(
            weekday=ExtractIsoWeekDay("hour", tzinfo=filters.zone), of_day=ExtractHour("hour", tzinfo=filters.zone)
        )
        .values_list("weekday", "of_day")
        .annotate(Sum("charging_s"), Sum("idle_s"), Sum("free_s"), Sum("down_s"))
        .order_by()
    )
    cells: list[list[float | None]] = [[None] * 24 for _day in range(7)]
    for weekday, hour, charging, idle, free, down in found:
        time = Time(charging, idle, free, down)
        if time.total:
            cells[weekday - 1][hour] = time.share(charging + idle)
    return cells


def energy_days(filters: Filters) -> list[DayEnergy]:
    """Energy per local day, with the range of the same weekdays a year before, or of the last four where there is no year."""
    back = timedelta(days=7 * 54)
    found = dict(
        HourlyUsage.objects.filter(station__in=filters.stations, hour__gte=filters.since - back)
        .annotate(day=TruncDate("hour", tzinfo=filters.zone))
        .values_list("day")
        .annotate(Sum("energy"))
        .order_by()
    )
    days = []
    for number in range((filters.today - filters.first_day).days + 1):
        day = filters.first_day + timedelta(days=number)
        usual = _usual(found, day)
        days.append(DayEnergy(day, found.get(day, Decimal(0)), min(usual, default=None), max(usual, default=None)))
    return days


def _usual(energy: dict[date, Decimal], day: date) -> list[Decimal]:
    weeks = (timedelta(weeks=week) for week in range(50, 50 + SAME_WEEKDAYS))
    last_year = [energy[day - back] for back in weeks if day - back in energy]
    if len(last_year) == SAME_WEEKDAYS:
        return last_year
    recent = (day - timedelta(weeks=week) for week in range(1, SAME_WEEKDAYS + 1))
    found = [energy[earlier] for earlier in recent if earlier in energy]
    return found if len(found) == SAME_WEEKDAYS else []


def sites(filters: Filters) -> list[PlaceTime]:
    """Worst first: the sites that lost most time."""
    return _places(filters, "station__location", "station__location__name")


def stations(filters: Filters) -> list[PlaceTime]:
    """Worst first."""
    return _places(filters, "station", "station__identity")


def _places(filters: Filters, key: str, name: str) -> list[PlaceTime]:
    found = (
        _hours(filters)
        .values_list(key, name)
        .annotate(Sum("charging_s"), Sum("idle_s"), Sum("free_s"), Sum("down_s"), Sum("sessions"), Sum("energy"))
        .order_by()
    )
    places = [
        PlaceTime(pk, label or "–", Time(charging, idle, free, down), sessions, energy)
        for pk, label, charging, idle, free, down, sessions, energy in found
    ]
    return sorted(places, key=lambda place: (-place.time.share(place.time.down), place.name))


def months(filters: Filters, count: int = 12) -> list[MonthRevenue]:
    """The last `count` months, oldest first; the currency with most CDRs (one operator mostly has one)."""
    first = _months_back(filters.today.replace(day=1), count - 1 + 12)
    found = (
        DailyRevenue.objects.filter(station__in=filters.stations, day__gte=first)
        .annotate(month=TruncMonth("day"))
        .values_list("month", "currency")
        .annotate(Sum("cdrs"), Sum("energy"), Sum("excl_vat"), Sum("incl_vat"))
        .order_by()
    )
    by_month = {(month, currency): sums for month, currency, *sums in found}
    currency = _main_currency(by_month) or filters.operator.currency
    rows = []
    for number in range(count - 1, -1, -1):
        month = _months_back(filters.today.replace(day=1), number)
        cdrs, energy, net, gross = by_month.get((month, currency), (0, Decimal(0), Decimal(0), Decimal(0)))
        before = by_month.get((_months_back(month, 12), currency))
        rows.append(MonthRevenue(month, currency, cdrs, energy, net, gross, before[3] if before else None))
    while len(rows) > 1 and not rows[0].cdrs:
        rows.pop(0)  # the months before the first charge say nothing
    return rows


def _main_currency(found: dict[tuple[date, str], list]) -> str | None:
    counts: dict[str, int] = defaultdict(int)
    for (_month, currency), sums in found.items():
        counts[currency] += sums[0]
    return max(counts, key=lambda currency: counts[currency], default=None)


def _months_back(month: date, count: int) -> date:
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


def data_until(filters: Filters) -> datetime | None:
    """The last hour that is rolled up."""
    last: datetime | None = HourlyUsage.objects.filter(station__in=filters.stations).aggregate(Max("hour"))["hour__max"]
    return last + timedelta(hours=1) if last else None


def together(places: Iterable[PlaceTime]) -> Time:
    """All places as one."""
    total = [0, 0, 0, 0]
    for place in places:
        for number, seconds in enumerate((place.time.charging, place.time.idle, place.time.free, place.time.down)):
            total[number] += seconds
    return Time(*total)


def _hours(filters: Filters):  # type: ignore[no-untyped-def]  # a queryset of HourlyUsage
    return HourlyUsage.objects.filter(station__in=filters.stations, hour__gte=filters.since)
