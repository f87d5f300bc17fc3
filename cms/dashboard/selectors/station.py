"""Everything the page of one station shows besides its strips and readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from cms.dashboard import stages
from cms.dashboard.selectors import readings as meters
from cms.dashboard.selectors import stations
from cms.reports.models import HourlyUsage
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Command, Connector, Fault, Frame

RECENT = timedelta(minutes=10)  # how long an ended command stays in sight
UPTIME_DAYS = 30


@dataclass(frozen=True, slots=True)
class Socket:
    """A connector's card: its state, the charge on its EVSE, the meter's last word."""

    connector: Connector
    state: str
    session: ChargingSession | None
    reading: meters.Reading | None
    fault: Fault | None

    @property
    def number(self) -> int:
        return self.connector.evse.evse_id


def sessions(station: ChargingStation) -> list[ChargingSession]:
    """The charges running now."""
    running = ChargingSession.objects.active().filter(station=station)
    return list(running.select_related("driver__user", "token", "location").order_by("evse_id", "started_at"))


def sockets(
    station: ChargingStation, running: Sequence[ChargingSession], faults: Sequence[Fault], *, now: datetime
) -> list[Socket]:
    """The cards, in the order of the hardware."""
    charges = {session.evse_id: session for session in running}
    read = meters.latest(station, now=now)
    broken = {(fault.evse_id, fault.connector_id): fault for fault in faults}
    return [
        Socket(
            connector,
            connector.state,
            charges.get(connector.evse.evse_id),
            read.get(connector.evse.evse_id),
            broken.get((connector.evse.evse_id, connector.connector_id)),
        )
        for connector in stations.board(station)
    ]


def open_faults(station: ChargingStation) -> list[Fault]:
    return list(Fault.objects.filter(station=station, closed_at=None).order_by("acknowledged_at", "since"))


def recent_commands(station: ChargingStation, *, now: datetime) -> list[Command]:
    """What people asked of it lately, or what is still under way, newest first; our own questions are not shown."""
    asked = Command.objects.filter(station=station, automatic=False, created_at__gte=now - timedelta(days=1))
    fresh = asked.filter(Q(completed_at=None) | Q(completed_at__gte=now - RECENT) | Q(effect_at__gte=now - RECENT))
    waiting = asked.filter(status=Command.Status.ACCEPTED, effect_at=None, action__in=stages.EFFECTS)
    found = (fresh | waiting).select_related("requested_by", "requested_with").order_by("-id")
    return [c for c in found[:12] if _in_sight(c, now)][:5]


def _in_sight(command: Command, now: datetime) -> bool:
    ended = command.effect_at or command.completed_at
    return stages.running(command, now) or ended is None or ended >= now - RECENT


def last_message_at(station: ChargingStation) -> datetime | None:
    """To the second: `last_seen` is written once a minute."""
    newest = Frame.objects.filter(station=station, outgoing=False).order_by("-at").values_list("at", flat=True).first()
    return max((at for at in (newest, station.last_seen) if at), default=None)


def uptime(station: ChargingStation, *, now: datetime) -> Decimal | None:
    """Share of connector time that was not down over 30 days, percent to two decimals; None without history."""
    since = now - timedelta(days=UPTIME_DAYS)
    spent = HourlyUsage.objects.filter(station=station, hour__gte=since).aggregate(
        down=Sum("down_s"), charging=Sum("charging_s"), idle=Sum("idle_s"), free=Sum("free_s")
    )
    total = sum(value or 0 for value in spent.values())
    if not total:
        return None
    return (Decimal(100) * (total - (spent["down"] or 0)) / total).quantize(Decimal("0.01"))


def neighbours(station: ChargingStation) -> tuple[int, int]:
    """(online, all) of the other stations at the same place."""
    if station.location_id is None:
        return 0, 0
    others: QuerySet[ChargingStation] = ChargingStation.objects.current().filter(location=station.location_id)
    states = list(others.exclude(pk=station.pk).values_list("online", flat=True))
    return sum(states), len(states)
