"""/ops/reports/: one page a report; its file comes through the door of all files."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from accounts.doors import MemberRequest, members_only
from stations.models import Location

from . import exports, selectors
from .catalogue import REPORTS
from .filters import RANGES, Filters


@members_only("report.view")
def index(request: MemberRequest) -> HttpResponse:
    return redirect("reports:report", name=next(iter(REPORTS)))


@members_only("report.view")
def report(request: MemberRequest, name: str) -> HttpResponse:
    if name not in REPORTS:
        raise Http404
    filters = Filters.read(request.operator, request.GET.dict())
    built = REPORTS[name].build(filters)
    context = {
        "name": name,
        "file": exports.name_of(name),
        "report": REPORTS[name],
        "reports": REPORTS,
        "built": built,
        "filters": filters,
        "ranges": RANGES,
        "sites": Location.objects.filter(operator=request.operator, archived_at=None).order_by("name"),
        "until": selectors.data_until(filters),
    }
    return render(request, "operator/reports/report.html", context)
