"""The processes that hold the stations' sockets. One that died without a word takes its connections with it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from cms.core import rows
from stations.models import ConnectionPeriod, Gateway
from stations.services import presence

SILENCE = timedelta(minutes=1)


def started(gateway: str) -> int:
    """A process begins under this name: what its predecessor held is gone. Returns how many stations went offline."""
    alive(gateway, new=True)
    return presence.close(_held_by(gateway=gateway[:64]))


def alive(gateway: str, *, new: bool = False) -> None:
    now = timezone.now()
    rows.upsert(
        Gateway,
        ("name", "started_at", "alive_at"),
        [(gateway[:64], now, now)],
        key=("name",),
        update=("started_at", "alive_at") if new else ("alive_at",),
    )


@transaction.atomic
def close_dead(*, now: datetime) -> int:
    """Sweep: a gateway silent for a minute has lost its sockets. One that never says that it is alive is left alone."""
    silent = Gateway.objects.filter(alive_at__lt=now - SILENCE).values_list("name", flat=True)
    return presence.close(_held_by(gateway__in=list(silent)))


def _held_by(**gateway: object) -> set[tuple[int, int]]:
    return set(ConnectionPeriod.objects.filter(disconnected_at=None, **gateway).values_list("station_id", "epoch"))
