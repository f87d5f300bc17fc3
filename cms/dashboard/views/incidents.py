"""/ops/incidents/: problems to closure. A problem closes when the charger proves it, not when somebody says so."""

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from cms.dashboard import blocks, typed
from stations.diagnostics import faults
from stations.models import Fault

PAGE = 50
VIEWS = {
    "new": Q(closed_at=None, acknowledged_at=None),
    "hand": Q(closed_at=None, acknowledged_at__isnull=False),
    "closed": Q(closed_at__isnull=False),
}


@members_only("station.view")
def page(request: MemberRequest) -> HttpResponse:
    mine = Fault.objects.filter(operator=request.operator)
    view = request.GET.get("view", "new")
    view = view if view in VIEWS else "new"
    station = typed.number(request.GET.dict(), "station")
    if station is not None:
        mine = mine.filter(station=station)

    def listed() -> dict[str, object]:
        order = "-closed_at" if view == "closed" else "-since"
        wanted = mine.filter(VIEWS[view]).select_related("station__location", "acknowledged_by").order_by(order)
        found = Paginator(wanted, PAGE).get_page(request.GET.get("page"))
        counts = mine.aggregate(**{name: Count("pk", filter=wanted_by) for name, wanted_by in VIEWS.items()})
        latest = mine.filter(VIEWS["closed"]).order_by("-closed_at").values_list("closed_at", flat=True).first()
        return {
            "page": found,
            "rows": [(fault, faults.describe(fault)) for fault in found],
            "counts": counts,
            "latest": latest,
            "now": timezone.now(),
        }

    context = {
        "view": view,
        "topic": f"operator:{request.operator.pk}",
        "may_command": access.can(request.user, "station.command", request.operator),
    }
    return blocks.page(
        request,
        "operator/incidents/page.html",
        context,
        {"incidents": blocks.Block("operator/incidents/list.html", listed)},
    )


@require_POST
@members_only("station.view")
def acknowledge(request: MemberRequest, pk: int) -> HttpResponse:
    fault = get_object_or_404(Fault.objects.visible_to(request.user), pk=pk)
    access.demand(request.user, "station.command", fault)
    faults.acknowledge(fault=fault, by=request.user)
    back = request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if ours else "dashboard:incidents")
