"""/ops/incidents/: problems to closure. A problem closes when the charger proves it, not when somebody says so; only what no
charger ever takes back is closed by hand."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from cms.core import typed
from cms.core.errors import Invalid
from cms.dashboard import answers, blocks, chronicle
from stations.diagnostics import faults, hands
from stations.models import Fault
from stations.views import links

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


@members_only("station.view")
def incident(request: MemberRequest, pk: int) -> HttpResponse:
    fault = _seen(request, pk)
    may = access.can(request.user, "station.command", fault)
    context = {
        "topic": f"station:{fault.station_id}",
        "operator_topic": f"operator:{fault.operator_id}",
        "may_command": may,
        "title": faults.describe(fault).title,
        "note_length": hands.NOTE_LENGTH,
    }
    block = blocks.Block("operator/incidents/incident_facts.html", lambda: _facts(fault, may))
    return blocks.page(request, "operator/incidents/incident.html", context, {"incident": block})


def _facts(fault: Fault, may_command: bool) -> dict[str, object]:
    now, zone = timezone.now(), ZoneInfo(links.zone_name(fault.station))
    return {
        "fault": fault,
        "book": faults.describe(fault),
        "state": "offline" if fault.kind in (Fault.Kind.OFFLINE, Fault.Kind.NEVER_CONNECTED) else "faulted",
        "lasted": answers.roughly((fault.closed_at or now) - fault.since),
        "story": chronicle.of(fault, now=now, zone=zone),
        "able": hands.able(fault) if may_command and not fault.closed_at else [],
        "by_hand": fault.kind in hands.CLOSED_BY_HAND,
    }


def _seen(request: MemberRequest, pk: int) -> Fault:
    related = ("station__location", "station__operator", "acknowledged_by", "closed_by")
    return get_object_or_404(Fault.objects.visible_to(request.user).select_related(*related), pk=pk)


def _mine(request: MemberRequest, pk: int) -> Fault:
    fault = get_object_or_404(Fault.objects.visible_to(request.user), pk=pk)
    access.demand(request.user, "station.command", fault)
    return fault


@require_POST
@members_only("station.view")
def acknowledge(request: MemberRequest, pk: int) -> HttpResponse:
    hands.take(fault=_mine(request, pk), by=request.user)
    return _back(request, pk)


@require_POST
@members_only("station.view")
def hand_over(request: MemberRequest, pk: int) -> HttpResponse:
    fault = _mine(request, pk)
    number = typed.number(request.POST.dict(), "to")
    chosen = next((person for person in hands.able(fault) if person.pk == number), None)
    if chosen is None:
        raise Invalid({"to": [_("Choose somebody who may work on stations.")]})
    hands.hand_over(fault=fault, to=chosen)
    messages.success(request, _("In hand with %(who)s.") % {"who": chosen})
    return _back(request, pk)


@require_POST
@members_only("station.view")
def give_back(request: MemberRequest, pk: int) -> HttpResponse:
    hands.give_back(fault=_mine(request, pk))
    return _back(request, pk)


@require_POST
@members_only("station.view")
def note(request: MemberRequest, pk: int) -> HttpResponse:
    hands.note(fault=_mine(request, pk), text=request.POST.get("note", ""))
    messages.success(request, _("Saved."))
    return _back(request, pk)


@require_POST
@members_only("station.view")
def close(request: MemberRequest, pk: int) -> HttpResponse:
    hands.close(fault=_mine(request, pk), by=request.user)
    return _back(request, pk)


def _back(request: MemberRequest, pk: int) -> HttpResponse:
    came_from = request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return redirect(came_from) if ours else redirect("dashboard:incident", pk)
