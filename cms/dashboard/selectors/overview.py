"""The first screen: what needs somebody now, and is today like other days."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import Count, Q, Sum

from accounts.models import Operator
from billing.models import CDR
from cms.charts import BandPoint
from cms.dashboard import stages
from cms.reports.models import DailyRevenue, HourlyUsage
from sessions_app.models import ChargingSession, StartRequest
from stations.diagnostics import faults, playbooks
from stations.models import ChargingStation, Command, Connector, Fault

TOP = 20
WEEKS = 8
EARNED_OVER_DAYS = 28
NOTHING = Decimal(100)  # Wh: a charge below this gave a driver nothing


@dataclass(slots=True)
class Problem:
    """`lost` is what the place usually earns in an hour, None without history."""

    fault: Fault
    book: playbooks.Playbook
    hit: int = 0
    lost: Decimal | None = None
    command: Command | None = None

    @property
    def state(self) -> str:
        offline = (Fault.Kind.OFFLINE, Fault.Kind.NEVER_CONNECTED)
        return "offline" if self.fault.kind in offline else "faulted"

    @property
    def place(self) -> str:
        return f"{self.fault.evse_id}.{self.fault.connector_id}" if self.fault.evse_id else ""


@dataclass(frozen=True, slots=True)
class Day:
    """From local midnight to the same time of day."""

    charges: int
    energy: Decimal
    revenue: Decimal
    attempts: int
    failed: int

    @property
    def good(self) -> Decimal | None:
        """Good starts in percent."""
        return Decimal(100) * (self.attempts - self.failed) / self.attempts if self.attempts else None


def stations_in_need(operator: Operator) -> tuple[int, int]:
    """Stations with a problem nobody looks after, and those only with problems in hand."""
    mine = Fault.objects.filter(operator=operator, closed_at=None)
    fresh = set(mine.filter(acknowledged_at=None).values_list("station", flat=True))
    known = set(mine.exclude(acknowledged_at=None).values_list("station", flat=True))
    return len(fresh), len(known - fresh)


def problems(operator: Operator, *, now: datetime) -> list[Problem]:
    """Open and not in hand, worst first: drivers hit, then money lost, then the oldest."""
    newest = Fault.objects.filter(operator=operator, closed_at=None, acknowledged_at=None)
    found = [
        Problem(fault, faults.describe(fault))
        for fault in newest.select_related("station__location").order_by("-last_seen_at")[: TOP * 3]
    ]
    stations = {problem.fault.station_id for problem in found}
    earned, sockets = _earned_per_hour(stations, now), _connectors(stations)
    attempts = _wasted(found)
    for problem in found:
        problem.hit = attempts.get(problem.fault.pk, 0)
        per_station = earned.get(problem.fault.station_id)
        share = sockets.get(problem.fault.station_id, 1) if problem.fault.evse_id else 1
        problem.lost = None if per_station is None else per_station / share
    found.sort(key=lambda p: (-p.hit, -(p.lost or 0), p.fault.since))
    return _with_commands(found[:TOP], now)


def _earned_per_hour(stations: Collection[int], now: datetime) -> dict[int, Decimal]:
    since = (now - timedelta(days=EARNED_OVER_DAYS)).date()
    rows = DailyRevenue.objects.filter(station__in=stations, day__gte=since).values_list("station")
    return {
        pk: total / (EARNED_OVER_DAYS * 24) for pk, total in rows.annotate(total=Sum("incl_vat")).order_by() if total
    }


def _connectors(stations: Collection[int]) -> dict[int, int]:
    rows = Connector.objects.filter(evse__station__in=stations).values_list("evse__station")
    return dict(rows.annotate(n=Count("pk")).order_by())


def _wasted(found: Sequence[Problem]) -> dict[int, int]:
    """Attempts to charge at the place since the fault began that gave nothing."""
    if not found:
        return {}
    since = min(problem.fault.since for problem in found)
    stations = {problem.fault.station_id for problem in found}
    empty = ChargingSession.objects.ended().filter(station__in=stations, started_at__gte=since, energy__lt=NOTHING)
    refused = StartRequest.objects.filter(
        station__in=stations,
        created_at__gte=since,
        status__in=(StartRequest.Status.REFUSED, StartRequest.Status.EXPIRED),
    )
    tries = [
        *empty.values_list("station", "evse_id", "started_at"),
        *refused.values_list("station", "evse_id", "created_at"),
    ]
    return {
        p.fault.pk: sum(
            station == p.fault.station_id and at >= p.fault.since and p.fault.evse_id in (0, evse)
            for station, evse, at in tries
        )
        for p in found
    }


def _with_commands(found: list[Problem], now: datetime) -> list[Problem]:
    """The last thing somebody asked of each station, while it is under way."""
    asked = Command.objects.filter(
        station__in={p.fault.station_id for p in found}, automatic=False, created_at__gte=now - timedelta(minutes=10)
    ).order_by("id")
    latest = {command.station_id: command for command in asked}
    for problem in found:
        command = latest.get(problem.fault.station_id)
        if command and (stages.running(command, now) or command.created_at >= now - timedelta(minutes=2)):
            problem.command = command
    return found


def size(operator: Operator) -> int:
    return ChargingStation.objects.current().filter(operator=operator).count()


# ---- power -------------------------------------------------------------------------------------------------------


def band(operator: Operator, *, now: datetime) -> list[BandPoint]:
    """Average power of every local hour today, over the lowest and highest of the last eight same weekdays."""
    zone = ZoneInfo(operator.time_zone)
    key = f"overview.band.{operator.pk}.{now:%Y%m%d%H}.{now.minute // 5}"
    found: list[BandPoint] | None = cache.get(key)
    if found is None:
        found = _band(operator, now.astimezone(zone), zone)
        cache.set(key, found, 600)
    return [*found, *_now(operator, now.astimezone(zone))]


def _band(operator: Operator, local: datetime, zone: ZoneInfo) -> list[BandPoint]:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [_local_day(midnight - timedelta(weeks=week), zone) for week in range(WEEKS + 1)]
    windows = Q()
    for start, end in days:
        windows |= Q(hour__gte=start, hour__lt=end)
    mine = HourlyUsage.objects.filter(windows, station__operator=operator)
    spent = dict(mine.values_list("hour").annotate(wh=Sum("energy")).order_by())
    by_day: list[dict[int, int]] = []
    for start, end in days:
        inside = {h.astimezone(zone).hour: int(wh or 0) for h, wh in spent.items() if start <= h < end}
        by_day.append(inside)
    history = [day for day in by_day[1:] if day]
    points = []
    for hour in range(24):
        usual = sorted(day.get(hour, 0) for day in history)
        over = midnight + timedelta(hours=hour + 1) <= local
        points.append(
            BandPoint(
                minute=hour * 60 + 30,
                low_w=usual[0] if len(usual) > 1 else None,
                high_w=usual[-1] if len(usual) > 1 else None,
                today_w=by_day[0].get(hour, 0) if over else None,
            )
        )
    return points


def _local_day(midnight: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start = midnight.replace(tzinfo=zone)
    return start, (start + timedelta(days=1)).replace(tzinfo=zone)


def _now(operator: Operator, local: datetime) -> list[BandPoint]:
    watts = ChargingSession.objects.active().filter(operator=operator).aggregate(watts=Sum("power_w"))["watts"] or 0
    return [BandPoint(local.hour * 60 + local.minute, None, None, int(watts))]


# ---- today -------------------------------------------------------------------------------------------------------


def day(operator: Operator, *, until: datetime) -> Day:
    """The day of `until`, up to it. Revenue is what was billed for charges that ended in it."""
    zone = ZoneInfo(operator.time_zone)
    start = until.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    counted = ChargingSession.objects.filter(operator=operator, discarded=False)
    begun = counted.filter(started_at__gte=start, started_at__lte=until)
    spent = begun.aggregate(
        n=Count("pk"),
        wh=Sum("energy"),
        empty=Count("pk", filter=Q(status=ChargingSession.Status.COMPLETED, energy__lt=NOTHING)),
    )
    refused = StartRequest.objects.filter(
        operator=operator,
        created_at__gte=start,
        created_at__lte=until,
        status__in=(StartRequest.Status.REFUSED, StartRequest.Status.EXPIRED),
    ).count()
    billed = CDR.objects.filter(operator=operator, stopped_at__gte=start, stopped_at__lte=until)
    revenue = billed.aggregate(total=Sum("total_incl_vat"))["total"]
    return Day(
        charges=spent["n"],
        energy=spent["wh"] or Decimal(0),
        revenue=revenue or Decimal(0),
        attempts=spent["n"] + refused,
        failed=spent["empty"] + refused,
    )
