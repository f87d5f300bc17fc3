"""Running sessions that nobody hears of any more: they go to a person, never away by themselves (quirks 33, 49)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from sessions_app.engine.evidence import DOUBTED
from sessions_app.models import ChargingSession
from stations.models import Connector, StatusChange

from . import books, ledger
from .recording import Recording

UNHEARD = timedelta(hours=12)  # of an offline station; a suspended car at a connected one may stay for days
FREE_AGAIN = timedelta(minutes=30)  # the connector says Available all that time, and no stop came
CHUNK = 200


@transaction.atomic
def doubt(*, now: datetime) -> int:
    """Adds our doubt to the evidence of such sessions; the next message of the session dispels it. Returns how many."""
    quiet = ChargingSession.objects.active().exclude(review__contains="silent").filter(updated_at__lt=now - FREE_AGAIN)
    suspects = list(quiet.order_by("pk").values_list("pk", "station_id", "evse_id", "updated_at", "station__online"))
    free = _free_since({station for _pk, station, *_rest in suspects})
    doubtful = [
        pk
        for pk, station, evse, heard, online in suspects
        if (not online and heard < now - UNHEARD) or _left(free.get((station, evse or 0)), heard, now)
    ][:CHUNK]
    recording = Recording()
    for held in books.by_id(doubtful).values() if doubtful else ():
        entry = ledger.of_ours(
            DOUBTED,
            station_id=held.station_id,
            transaction_id=held.transaction_id,
            occurred_at=now,
            received_at=now,
        )
        recording.add(entry, held)
    recording.finish()
    return len(doubtful)


def _left(free_since: datetime | None, heard: datetime, now: datetime) -> bool:
    return free_since is not None and heard < free_since < now - FREE_AGAIN


def _free_since(stations: Collection[int]) -> dict[tuple[int, int], datetime]:
    """EVSEs none of whose connectors is in use, and when they last said something new: some repeat "Available" for ever."""
    at_stations = Connector.objects.filter(evse__station__in=stations)
    places = ("evse__station_id", "evse__evse_id")
    free = set(at_stations.filter(status="Available").values_list(*places))
    free.difference_update(at_stations.exclude(status__in=("Available", "Unavailable", "")).values_list(*places))
    changes = StatusChange.objects.filter(station__in={station for station, _evse in free})
    newest = changes.values_list("station_id", "evse_id").annotate(Max("received_at"))
    return {(station, evse): since for station, evse, since in newest if (station, evse) in free}
