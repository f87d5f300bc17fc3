"""/ops/stations/: find and compare."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse

from accounts import access
from accounts.doors import MemberRequest, members_only
from cms.dashboard import blocks
from cms.dashboard.selectors import stations

PAGE = 50


@members_only("station.view")
def page(request: MemberRequest) -> HttpResponse:
    filters = stations.Filters.read(request.GET.dict())
    found = Paginator(stations.matching(request.operator, filters), PAGE).get_page(request.GET.get("page"))

    def listed() -> dict[str, object]:
        return {"rows": stations.rows(list(found)), "silence": 2 * settings.HEARTBEAT_INTERVAL_S + 60}

    troubled = stations.problem_counts(request.operator, filters)
    context = {
        "filters": filters,
        "page": found,
        "facets": stations.state_facets(request.operator, filters),
        "troubled": troubled,
        "problems": troubled["problem"],
        "sites": stations.sites(request.operator),
        "may_edit": access.can(request.user, "station.edit", request.operator),
        "topic": f"operator:{request.operator.pk}",
    }
    shown = {"rows": blocks.Block("operator/stations/rows.html", listed)}
    return blocks.page(request, "operator/stations/list.html", context, shown)
