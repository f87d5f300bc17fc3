"""/ops/billing/exports/ and /ops/jobs/: files as jobs (ux.md §4.7, §4.8). One door for every list: POST /ops/billing/exports/start/."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.exports import presets
from billing.models import Export
from billing.selectors import exports as selectors
from billing.selectors import months
from billing.services.month_end import exports
from cms.core import typed
from cms.core.errors import Conflict, Invalid, NotFound
from stations.models import FirmwareUpdate, LogRequest

PAGE = 50
CHARGERS = 20
_NOT_PARAMS = {"csrfmiddlewaretoken", "kind", "preset", "page", "of"}


@dataclass(frozen=True, slots=True)
class Row:
    """A job as its line shows it. `speed` in rows a second, `left` in seconds; None where nobody can say."""

    export: Export
    title: Any
    said: str
    format: Any
    share: int | None
    speed: float | None
    left: int | None

    @property
    def under_way(self) -> bool:
        return self.export.state in (Export.State.QUEUED, Export.State.RUNNING)


class ChargerJob(NamedTuple):
    job: LogRequest | FirmwareUpdate
    what: str

    @property
    def under_way(self) -> bool:
        return self.job.completed_at is None and self.job.status != "failed"


@members_only("invoice.view")
@require_GET
def page(request: MemberRequest) -> HttpResponse:
    """What can be had, and the history."""
    context = _history(request) | {
        "kinds": selectors.offered(request.user, request.operator),
        "presets": presets.TABLES.values(),
        "month": months.after(months.this(request.operator), -1),
    }
    return render(request, "operator/exports/page.html", context)


@members_only("file.take")
@require_GET
def jobs(request: MemberRequest) -> HttpResponse:
    """Work that takes a while, of everybody's whose files I may have. Asked again while something is under way."""
    exports.seen(exports=Export.objects.filter(operator=request.operator), by=request.user)
    if request.headers.get("HX-Request"):
        return render(request, "operator/exports/rows.html", _history(request))
    chargers = _chargers(request) if access.can(request.user, "station.view", request.operator) else []
    return render(request, "operator/exports/jobs.html", {**_history(request), "chargers": chargers})


@members_only("file.take")
@require_GET
def bell(request: MemberRequest) -> HttpResponse:
    """The part of the frame that says what has ended."""
    return render(request, "components/bell.html", {"news": selectors.news(request.user, request.operator)})


@members_only("file.take")
@require_POST
def start(request: MemberRequest) -> HttpResponse:
    """From any list: `kind`, `preset`, and what the list is filtered by. A short one is there at once."""
    given = request.POST.dict()
    params = {name: typed.line(given, name) for name in given if name not in _NOT_PARAMS}
    try:
        export = exports.start(
            operator=request.operator,
            kind=typed.line(given, "kind"),
            params=params,
            preset=typed.line(given, "preset"),
            by=request.user,
            language=get_language() or "",
            small_at_once=True,
        )
    except Invalid as error:
        messages.error(request, error.text)
        return redirect("jobs")
    if export.state == Export.State.DONE:
        return redirect("export_file", export.pk)
    messages.info(request, _("The file is being written. You may leave this page: it waits for you here."))
    return redirect("jobs")


@members_only("file.take")
@require_GET
def file(request: MemberRequest, pk: int) -> HttpResponseBase:
    export = _one(request, pk)
    try:
        content = exports.opened(export=export)
    except NotFound as gone:
        raise Http404 from gone
    except Conflict as changed:
        messages.error(request, changed.text)
        return redirect("jobs")
    exports.seen(exports=Export.objects.filter(pk=pk), by=request.user)
    kind = selectors.kind_of(export)
    media_type = presets.of(kind, export.preset).media_type if kind else "application/octet-stream"
    answer = FileResponse(content, as_attachment=True, filename=export.name, content_type=media_type)
    answer["Cache-Control"] = "private, no-store"
    return answer


@members_only("file.take")
@require_POST
def cancel(request: MemberRequest, pk: int) -> HttpResponse:
    return _done(request, exports.cancel, pk)


@members_only("file.take")
@require_POST
def retry(request: MemberRequest, pk: int) -> HttpResponse:
    return _done(request, exports.retry, pk)


def _chargers(request: MemberRequest) -> list[ChargerJob]:
    """Logs that were asked for, and firmware that is brought up to date: the newest of the network."""
    mine = {"station__operator": request.operator}
    logs = LogRequest.objects.filter(**mine).select_related("station").order_by("-pk")[:CHARGERS]
    updates = FirmwareUpdate.objects.filter(**mine).select_related("station").order_by("-pk")[:CHARGERS]
    found = [ChargerJob(job, _("Log")) for job in logs] + [ChargerJob(job, _("Firmware")) for job in updates]
    return sorted(found, key=lambda one: one.job.created_at, reverse=True)[:CHARGERS]


def _done(request: MemberRequest, service: Any, pk: int) -> HttpResponse:
    try:
        service(export=_one(request, pk), by=request.user)
    except Conflict as error:
        messages.error(request, error.text)
    return redirect("jobs")


def _one(request: MemberRequest, pk: int) -> Export:
    """404 for another operator's and for what is not for this person's eyes, 403 for a kind that the role may not have."""
    export = get_object_or_404(Export.objects.visible_to(request.user).filter(operator=request.operator), pk=pk)
    kind = selectors.kind_of(export)
    access.demand(request.user, kind.permission if kind else "invoice.view", export)
    return get_object_or_404(selectors.history(request.user, request.operator), pk=pk)


def _history(request: MemberRequest) -> dict[str, Any]:
    mine = request.GET.get("of") == "me"
    found = selectors.history(request.user, request.operator, by=request.user if mine else None)
    listed = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = [_row(export) for export in listed]
    return {"page": listed, "rows": rows, "mine": mine, "under_way": any(row.under_way for row in rows)}


def _row(export: Export) -> Row:
    kind = selectors.kind_of(export)
    moving = exports.rate(export)
    share = round(100 * export.done / export.total) if export.total else None
    return Row(
        export,
        kind.title if kind else export.kind,
        selectors.said(export),
        presets.of(kind, export.preset).title if kind and kind.is_table else "",
        share,
        moving.speed if moving else None,
        moving.seconds_left if moving else None,
    )
