"""From what the rooms announce to the topics that moved: the questions that need the database, asked once per push."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from django.db.models import Q

from billing.models import CDR, Export, Invoice
from cms.live import topics
from sessions_app.models import ChargingSession, StartRequest
from stations.models import EVSE, ChargingStation

Moved = Mapping[str, Collection[int]]


def topics_of(moved: Moved) -> set[str]:
    """`moved`: kind → primary keys. Kinds: station, frames, command, session, cdr, invoice,
    export."""
    found: dict[str, set[int]] = defaultdict(set)
    for kind, ids in moved.items():
        found[kind] |= set(ids)
    out = {topics.of("messages", pk) for pk in found["frames"]}
    found["session"] |= set(CDR.objects.filter(pk__in=found["cdr"]).values_list("session_id", flat=True))
    out |= _sessions(found["session"])
    out |= _starts(found["session"], found["command"])
    out |= _stations(found["station"])
    out |= {topics.of("operator", pk) for pk in _sellers(found["invoice"])}
    out |= {topics.of("jobs", pk) for pk in _askers(found["export"])}
    return out


def _askers(exports: Collection[int]) -> Iterable[int | None]:
    return Export.objects.filter(pk__in=exports, by__isnull=False).values_list("by", flat=True) if exports else ()


def _stations(ids: Collection[int]) -> set[str]:
    if not ids:
        return set()
    operators = ChargingStation.objects.filter(pk__in=ids).values_list("operator_id", flat=True).distinct()
    uids = EVSE.objects.filter(station__in=ids).values_list("uid", flat=True)
    return {
        *(topics.of("station", pk) for pk in ids),
        *(topics.of("operator", pk) for pk in operators),
        *(topics.of("evse", uid) for uid in uids),
    }


def _sessions(ids: Collection[int]) -> set[str]:
    if not ids:
        return set()
    out = {topics.of("session", pk) for pk in ids}
    rows = ChargingSession.objects.filter(pk__in=ids).values_list("station_id", "operator_id", "evse_id")
    places: set[tuple[int, int]] = set()
    for station, operator, evse in rows:
        out |= {topics.of("station", station), topics.of("operator", operator)}
        if evse is not None:
            places.add((station, evse))
    uids = EVSE.objects.filter(station__in={station for station, _evse in places}).values_list(
        "station_id", "evse_id", "uid"
    )
    return out | {topics.of("evse", uid) for station, evse, uid in uids if (station, evse) in places}


def _starts(sessions: Collection[int], commands: Collection[int]) -> set[str]:
    if not sessions and not commands:
        return set()
    rows = StartRequest.objects.filter(Q(session__in=sessions) | Q(command__in=commands))
    return {topics.of("start", token) for token in rows.values_list("public_token", flat=True)}


def _sellers(invoices: Collection[int]) -> Iterable[int]:
    if not invoices:
        return ()
    return Invoice.objects.filter(pk__in=invoices).values_list("operator_id", flat=True).distinct()
