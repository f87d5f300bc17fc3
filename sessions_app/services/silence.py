"""Running sessions that nobody hears of any more (quirks 33, 49): first they are doubted and shown to a person; a day later
they count as ended at their last good reading, as an estimate. The station's next word of one heals it: a message goes on
where it stopped, a late stop settles it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from sessions_app.engine.evidence import AGED, DOUBTED
from sessions_app.models import ChargingSession, Evidence
from stations.models import Connector, StatusChange

from . import books, inquiries
from .recording import Recording

UNHEARD = timedelta(hours=12)  # of an offline station; a suspended car at a connected one may stay for days
FREE_AGAIN = timedelta(minutes=30)  # the connector says Available, or the station has booted, and no stop came
DOUBTED_FOR = timedelta(hours=24)  # then it has aged
CHUNK = 200


@transaction.atomic
def doubt(*, now: datetime) -> int:
    """Adds our doubt to the evidence of such sessions; the next message of the session dispels it. Returns how many."""
    quiet = ChargingSession.objects.active().exclude(review__contains="silent").filter(updated_at__lt=now - FREE_AGAIN)
    suspects = list(
        quiet.order_by("pk").values_list(
            "pk", "station_id", "evse_id", "updated_at", "station__online", "station__last_boot"
        )
    )
    free = _free_since({station for _pk, station, *_rest in suspects})
    doubtful = [
        pk
        for pk, station, evse, heard, online, booted in suspects
        if (not online and heard < now - UNHEARD)
        or _left(free.get((station, evse or 0)), heard, now)
        or _left(booted, heard, now)
    ][:CHUNK]
    _tell(DOUBTED, doubtful, now)
    return len(doubtful)


@transaction.atomic
def age(*, now: datetime) -> int:
    """Ends what has been doubted for a day and was not heard of since, sooner where the station says that it is over and nothing
    of it waits in its queue, not while it says otherwise (quirk 54). Returns how many."""
    silent = list(ChargingSession.objects.active().filter(review__contains="silent").order_by("pk"))
    answers = inquiries.answers([session for session in silent if session.ocpp_version.startswith("2")], now=now)
    doubts = Evidence.objects.filter(session__in=silent, kind=DOUBTED).values_list("session_id")
    doubted = dict(doubts.annotate(Max("occurred_at")).order_by("session_id"))
    aged = [pk for pk, since in doubted.items() if _has_aged(since, answers.get(pk), now)][:CHUNK]
    _tell(AGED, aged, now)
    return len(aged)


def _has_aged(doubted_at: datetime, answer: inquiries.Answer | None, now: datetime) -> bool:
    if answer is not None and answer.at >= doubted_at:
        if answer.more_to_come:
            return False
        if answer.nothing_to_come:
            return True
    return doubted_at < now - DOUBTED_FOR


def _tell(kind: str, sessions: Collection[int], now: datetime) -> None:
    recording = Recording()
    for held in books.by_id(sessions).values() if sessions else ():
        recording.say(kind, held, occurred_at=now, received_at=now)
    recording.finish()


def _left(since: datetime | None, heard: datetime, now: datetime) -> bool:
    """Has the station been free, or been up again, for long, and not spoken of the session since?"""
    return since is not None and heard < since < now - FREE_AGAIN


def _free_since(stations: Collection[int]) -> dict[tuple[int, int], datetime]:
    """EVSEs none of whose connectors is in use, and when they last said something new: some repeat "Available" for ever."""
    at_stations = Connector.objects.filter(evse__station__in=stations)
    places = ("evse__station_id", "evse__evse_id")
    free = set(at_stations.filter(status="Available").values_list(*places))
    free.difference_update(at_stations.exclude(status__in=("Available", "Unavailable", "")).values_list(*places))
    changes = StatusChange.objects.filter(station__in={station for station, _evse in free})
    newest = changes.values_list("station_id", "evse_id").annotate(Max("received_at"))
    return {(station, evse): since for station, evse, since in newest if (station, evse) in free}
