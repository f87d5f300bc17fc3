"""Watching the clocks of stations: what they say of charges and of their connectors, against when we heard it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from sessions_app.engine import evidence
from sessions_app.models import Evidence
from stations.diagnostics import timekeeping
from stations.models import ChargingStation
from stations.services import clocks

_OF_STATIONS = (evidence.STARTED, evidence.UPDATED, evidence.ENDED, evidence.METERED)
_LAG = timedelta(seconds=clocks.READ_AGAIN_S)  # until every process has heard of a correction


@transaction.atomic
def watch(*, now: datetime) -> int:
    """Estimates every clock that was heard within the last hour. Returns how many estimates changed. Of a clock that was
    corrected meanwhile, only what came later counts."""
    since = now - timekeeping.WINDOW
    recently = ChargingStation.objects.filter(clock_corrected_at__gte=since - _LAG)
    corrected = [(pk, at + _LAG) for pk, at in recently.values_list("pk", "clock_corrected_at") if at is not None]
    heard = {**_largest(since)}
    for pk, from_then in corrected:
        heard.pop(pk, None)
        heard |= _largest(max(since, from_then), pk=pk)
    return timekeeping.note(heard, now)


def _largest(since: datetime, **only: object) -> Mapping[int, int]:
    said = Evidence.objects.filter(kind__in=_OF_STATIONS)
    of_charges = timekeeping.largest(said, "occurred_at", since, **only)
    of_statuses = timekeeping.of_statuses(since, **only)
    return {pk: max(of[pk] for of in (of_charges, of_statuses) if pk in of) for pk in of_charges | of_statuses}
