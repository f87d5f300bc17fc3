"""/ops/map/ and /ops/locations/: where everything is."""

from collections import Counter
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import access
from accounts.doors import MemberRequest, members_only
from cms import maps
from cms.dashboard import blocks
from cms.dashboard.selectors import states, stations
from sessions_app.selectors import feedback

_WORST = ("faulted", "offline", "unavailable", "occupied", "reserved", "charging", "available")


def _rows(request: MemberRequest) -> list[dict[str, Any]]:
    rows = []
    for location, connectors in stations.by_location(request.operator):
        counts = Counter(connector.state for connector in connectors)
        rows.append(
            {
                "location": location,
                "counts": [(token, n) for token, n in states.in_order(counts) if n],
                "state": next((token for token in _WORST if counts[token]), "offline"),
                "free": counts["available"],
                "total": len(connectors),
                "stations": len({connector.evse.station_id for connector in connectors}),
            }
        )
    return rows


@maps.with_tiles
@members_only("station.view")
def map_page(request: MemberRequest) -> HttpResponse:
    def listed() -> dict[str, Any]:
        rows = _rows(request)
        placed = [row for row in rows if row["location"].latitude is not None]
        return {"rows": placed, "unplaced": [row for row in rows if row["location"].latitude is None]}

    context = {
        "topic": f"operator:{request.operator.pk}",
        "may_edit": access.can(request.user, "location.edit", request.operator),
    }
    return blocks.page(
        request, "operator/map.html", context, {"places": blocks.Block("operator/map_list.html", listed)}
    )


@members_only("station.view")
def page(request: MemberRequest) -> HttpResponse:
    rows = _rows(request)
    rated = feedback.by_location([row["location"].pk for row in rows], now=timezone.now())
    context = {
        "rows": [{**row, "rated": rated.get(row["location"].pk)} for row in rows],
        "may_edit": access.can(request.user, "location.edit", request.operator),
    }
    return render(request, "operator/locations/list.html", context)
