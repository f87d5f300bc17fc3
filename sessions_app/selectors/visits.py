"""Charges that are one visit (quirk 48): some stations end a transaction by themselves and begin another one at once, while the
cable stays in. Each keeps its own record; what counts per visit (a start fee, free minutes of parking) goes on in the next.

Read from the rows whenever it is asked, so the order in which we learned of them plays no part.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Subquery

from sessions_app.models import ChargingSession
from stations.models import StatusChange

WITHIN = timedelta(minutes=10)
_LONGEST = 20  # charges of one visit that are looked at


def earlier_by_session(sessions: Sequence[ChargingSession]) -> dict[int, list[ChargingSession]]:
    """The charges of the same visit before each, oldest first; without an entry there are none. A query more than the longest
    chain is long."""
    before = _continued({session.pk for session in sessions})
    known, fresh = dict(before), set(before.values())
    while fresh and len(known) < _LONGEST * len(sessions):
        further = _continued(fresh - known.keys())
        known |= further
        fresh = set(further.values())
    found = ChargingSession.objects.in_bulk(set(known.values())) if known else {}
    return {
        pk: [found[one] for one in reversed(list(_chain(pk, known)))]
        for pk in (session.pk for session in sessions)
        if pk in known
    }


def later(sessions: Iterable[int]) -> list[int]:
    """The charges that may continue one of these: the next of the same card on the same connector, a moment later."""
    following = (
        ChargingSession.objects.filter(
            station=OuterRef("station"),
            evse_id=OuterRef("evse_id"),
            id_tag=OuterRef("id_tag"),
            started_at__gt=OuterRef("started_at"),
            started_at__gte=OuterRef("stopped_at"),
            started_at__lte=OuterRef("stopped_at") + WITHIN,
        )
        .order_by("started_at", "pk")
        .values("pk")[:1]
    )
    told = ChargingSession.objects.filter(pk__in=list(sessions)).exclude(id_tag="").annotate(next=Subquery(following))
    return list(told.filter(next__isnull=False).values_list("next", flat=True))


def _chain(pk: int, before: dict[int, int]) -> Iterable[int]:
    while pk in before:
        pk = before[pk]
        yield pk


def _continued(sessions: Iterable[int]) -> dict[int, int]:
    """The charge that each one continues: the last of the same card on the same connector, a moment before, with no moment in
    between in which the connector was free."""
    previous = (
        ChargingSession.objects.ended()
        .filter(
            station=OuterRef("station"),
            evse_id=OuterRef("evse_id"),
            id_tag=OuterRef("id_tag"),
            discarded=False,
            started_at__lt=OuterRef("started_at"),
            stopped_at__lte=OuterRef("started_at"),
            stopped_at__gte=OuterRef("started_at") - WITHIN,
        )
        .order_by("-stopped_at", "-pk")
    )
    left = StatusChange.objects.filter(
        station=OuterRef("station"),
        evse_id=OuterRef("evse_id"),
        status="Available",
        at__gt=OuterRef("began_after"),
        at__lte=OuterRef("started_at"),
    )
    found = (
        ChargingSession.objects.filter(pk__in=list(sessions))
        .exclude(id_tag="")
        .annotate(
            continues=Subquery(previous.values("pk")[:1]), began_after=Subquery(previous.values("stopped_at")[:1])
        )
        .filter(continues__isnull=False)
        .exclude(Exists(left))
    )
    return dict(found.values_list("pk", F("continues")))
