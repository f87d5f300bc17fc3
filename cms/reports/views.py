"""/ops/reports/: one page a report, and its CSV."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language

from accounts.doors import MemberRequest, members_only
from cms.core import csv_dialect
from stations.models import Location

from . import selectors
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
    if request.GET.get("format") == "csv":
        text = csv_dialect.write(built.head, built.rows, language=get_language() or "it", zone=filters.zone)
        headers = {"Content-Disposition": f'attachment; filename="colonnina-{name}-{filters.today}.csv"'}
        return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
    context = {
        "name": name,
        "report": REPORTS[name],
        "reports": REPORTS,
        "built": built,
        "filters": filters,
        "ranges": RANGES,
        "sites": Location.objects.filter(operator=request.operator, archived_at=None).order_by("name"),
        "until": selectors.data_until(filters),
    }
    return render(request, "operator/reports/report.html", context)
