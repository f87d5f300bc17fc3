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
    corrected = dict(recently.values_list("pk", "clock_corrected_at"))
    heard = {pk: most for pk, most in _largest(since).items() if pk not in corrected}
    for pk, at in corrected.items():
        heard |= _largest(max(since, at + _LAG), pk=pk)
    return timekeeping.note(heard, now)


def _largest(since: datetime, **only: object) -> Mapping[int, int]:
    said = Evidence.objects.filter(kind__in=_OF_STATIONS)
    of_charges = timekeeping.largest(said, "occurred_at", since, **only)
    of_statuses = timekeeping.of_statuses(since, **only)
    return {pk: max(of[pk] for of in (of_charges, of_statuses) if pk in of) for pk in of_charges | of_statuses}
