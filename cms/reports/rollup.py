"""Computes roll-ups again for a window and writes them over the old ones: any run may be repeated or cut short. Read outside a
transaction, written in one: with SQLite whoever holds one keeps all others from writing, stations too."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, F, Max, Q, Sum, Window
from django.db.models.functions import RowNumber, TruncDate

from accounts.models import Operator
from billing.models import CDR
from cms.core import energy, money, rows
from sessions_app.models import ChargingSession, Evidence
from stations.models import ChargingStation, ConnectionPeriod, StatusChange

from . import timeline
from .models import DailyRevenue, HourlyUsage

CHUNK = 50  # stations at a time
POWERED_W = 100  # below this a car is full or asleep

Place = tuple[int, int]  # station, evse


class _Charge(NamedTuple):
    station: int
    evse: int | None
    charging: timeline.Interval
    started: int
    energy_mwh: int
    counts: bool


def hourly(*, since: datetime, until: datetime, stations: Iterable[int] | None = None) -> int:
    """Rolls up the whole hours from `since` to `until` (aware). Returns the number of rows written."""
    window = timeline.Interval(_hour(since), _hour(until + timedelta(hours=1)))
    wanted = ChargingStation.objects.order_by("pk").values_list("pk", flat=True)
    ids = list(wanted if stations is None else wanted.filter(pk__in=list(stations)))
    written = 0
    for first in range(0, len(ids), CHUNK):
        written += _roll(ids[first : first + CHUNK], window)
    return written


def _roll(stations: Sequence[int], window: timeline.Interval) -> int:
    now = _seconds(datetime.now(UTC))
    upto = timeline.Interval(window.start, min(window.end, now))
    usage: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * 6)
    charges = _charges(stations, window, now)
    online = _online(stations, window, now)
    charging: dict[Place, list[timeline.Interval]] = defaultdict(list)
    for charge in charges:
        if charge.counts:
            charging[charge.station, charge.evse or 0].append(charge.charging)
    for (station, evse, _connector), statuses in _statuses(stations, window).items():
        spent = timeline.hours(upto, statuses=statuses, online=online[station], charging=charging[station, evse])
        for hour, seconds in spent.items():
            row = usage[station, hour]
            for place, value in enumerate(seconds):
                row[place] += value
    for charge in charges:
        usage[charge.station, charge.started - charge.started % timeline.HOUR][4] += charge.counts
        for hour, mwh in timeline.spread(charge.energy_mwh, charge.charging).items():
            usage[charge.station, hour][5] += mwh * charge.counts
    inside = [
        (station, datetime.fromtimestamp(hour, UTC), *row)
        for (station, hour), row in usage.items()
        if window.start <= hour < window.end
    ]
    columns = ["charging_s", "idle_s", "free_s", "down_s", "sessions", "energy"]
    key = ["station", "hour"]
    with transaction.atomic():
        return rows.upsert(HourlyUsage, [*key, *columns], inside, key=key, update=columns)


def _charges(stations: Sequence[int], window: timeline.Interval, now: int) -> list[_Charge]:
    """Sessions that touch the window; charging ends with the last sample that showed power, else with the session. One that was
    discarded counts no more, and its hours are written anew without it."""
    touching = ChargingSession.objects.filter(
        Q(stopped_at=None) | Q(stopped_at__gt=_time(window.start)),
        station__in=stations,
        started_at__lt=_time(window.end),
    )
    powered = dict(
        Evidence.objects.filter(session__in=touching, power_w__gt=POWERED_W)
        .values_list("session")
        .annotate(last=Max("occurred_at"))
    )
    found = []
    for pk, station, evse, started, stopped, wh, discarded in touching.values_list(
        "pk", "station", "evse_id", "started_at", "stopped_at", "energy", "discarded"
    ):
        end = _seconds(powered.get(pk) or stopped or started)
        begun = _seconds(started)
        interval = timeline.Interval(begun, max(begun, min(end, now)))
        found.append(_Charge(station, evse, interval, begun, energy.to_mwh(wh), not discarded))
    return found


def _online(stations: Sequence[int], window: timeline.Interval, now: int) -> dict[int, list[timeline.Interval]]:
    periods = ConnectionPeriod.objects.filter(
        Q(disconnected_at=None) | Q(disconnected_at__gt=_time(window.start)),
        station__in=stations,
        connected_at__lt=_time(window.end),
    ).values_list("station", "connected_at", "disconnected_at")
    found: dict[int, list[timeline.Interval]] = defaultdict(list)
    for station, start, end in periods:
        found[station].append(timeline.Interval(_seconds(start), _seconds(end) if end else now + 1))
    return found


def _statuses(stations: Sequence[int], window: timeline.Interval) -> dict[tuple[int, int, int], list[timeline.Status]]:
    """By connector: the status that held when the window began, then every change inside it."""
    of_connectors = StatusChange.objects.filter(station__in=stations, connector_id__gt=0)
    newest = Window(RowNumber(), partition_by=["station", "evse_id", "connector_id"], order_by=F("at").desc())
    held = of_connectors.filter(at__lte=_time(window.start)).annotate(place=newest).filter(place=1)
    inside = of_connectors.filter(at__gt=_time(window.start), at__lt=_time(window.end)).order_by("at")
    found: dict[tuple[int, int, int], list[timeline.Status]] = defaultdict(list)
    fields = ("station", "evse_id", "connector_id", "at", "status")
    for changes in (held, inside):
        for station, evse, connector, at, word in changes.values_list(*fields):
            found[station, evse, connector].append(timeline.Status(_seconds(at), word))
    return found


def revenue(*, since: date, until: date) -> int:
    """Rolls up the CDRs of charges that ended on the days from `since` to `until`. Returns the number of rows written."""
    return sum(_revenue_of(operator, since, until) for operator in Operator.objects.all())


def _revenue_of(operator: Operator, since: date, until: date) -> int:
    zone = ZoneInfo(operator.time_zone)
    start = datetime.combine(since, datetime.min.time(), zone)
    end = datetime.combine(until + timedelta(days=1), datetime.min.time(), zone)
    counted = Q(credits=None, credited_by=None) & ~Q(flags__contains="discarded")
    energies = Sum("energy", filter=~Q(flags__contains="discarded"))
    sums = (
        CDR.objects.filter(operator=operator, stopped_at__gte=start, stopped_at__lt=end)
        .annotate(day=TruncDate("stopped_at", tzinfo=zone))
        .values_list("session__station", "day", "currency")
        .annotate(n=Count("pk", filter=counted), wh=energies, net=Sum("total_excl_vat"), gross=Sum("total_incl_vat"))
        .order_by()
    )
    written = [
        (station, day, currency, count, energy.to_mwh(wh or Decimal(0)), money.to_micros(net), money.to_micros(gross))
        for station, day, currency, count, wh, net, gross in sums
    ]
    key, columns = ["station", "day", "currency"], ["cdrs", "energy", "excl_vat", "incl_vat"]
    with transaction.atomic():
        return rows.upsert(DailyRevenue, [*key, *columns], written, key=key, update=columns)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _hour(at: datetime) -> int:
    return _seconds(at) - _seconds(at) % timeline.HOUR
