"""EVSEs that take cars and give nothing: a fault that no station reports by itself."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from sessions_app.models import ChargingSession
from stations.diagnostics import faults
from stations.diagnostics.findings import Finding
from stations.models import Fault

NOTHING_WH = Decimal(50)
LASTED = timedelta(minutes=3)  # shorter ones say nothing: the driver changed his mind
IN_A_ROW = 2
WINDOW = timedelta(hours=24)
KIND = Fault.Kind.ZERO_ENERGY.value

Place = tuple[int, int, int]


class _Ended(NamedTuple):
    started_at: datetime
    stopped_at: datetime
    energy: Decimal

    @property
    def gave_nothing(self) -> bool:
        return self.energy < NOTHING_WH


@transaction.atomic
def find(*, now: datetime) -> int:
    """Opens a fault where the last two charges of a connector gave nothing, closes it where the last one gave energy.
    Returns how many were opened or counted again."""
    ended = _ended_since(now - WINDOW)
    opened = _known(now - WINDOW)
    faults.clear_all(
        {
            (*place, KIND): last[0].stopped_at
            for place, last in ended.items()
            if place in opened and not last[0].gave_nothing
        }
    )
    found = [
        Finding(*place, KIND, "", last[0].stopped_at)
        for place, last in ended.items()
        if _is_broken(last) and not last[0].stopped_at <= opened.get(place, datetime.min.replace(tzinfo=now.tzinfo))
    ]
    faults.report_all(found)
    return len(found)


def _is_broken(last: Sequence[_Ended]) -> bool:
    tried = [one for one in last if not one.gave_nothing or one.stopped_at - one.started_at >= LASTED][:IN_A_ROW]
    return len(tried) == IN_A_ROW and all(one.gave_nothing for one in tried)


def _ended_since(since: datetime) -> dict[Place, list[_Ended]]:
    """Charges of accepted tokens by place, newest first."""
    found: dict[Place, list[_Ended]] = defaultdict(list)
    rows = ChargingSession.objects.ended().filter(
        stopped_at__gte=since, authorization="Accepted", evse_id__isnull=False, estimated=False
    )
    columns = ("station_id", "evse_id", "connector_id", "started_at", "stopped_at", "energy")
    for station, evse, connector, *facts in rows.order_by("-stopped_at").values_list(*columns):
        found[station, evse or 0, connector or 0].append(_Ended(*facts))
    return found


def _known(since: datetime) -> dict[Place, datetime]:
    """When a place was last counted, also where somebody has closed it since: old charges do not open it again."""
    rows = Fault.objects.filter(Q(closed_at=None) | Q(last_seen_at__gte=since), kind=KIND).order_by("last_seen_at")
    columns = ("station_id", "evse_id", "connector_id", "last_seen_at")
    return {(station, evse, connector): seen for station, evse, connector, seen in rows.values_list(*columns)}
