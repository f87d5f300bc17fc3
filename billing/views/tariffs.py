"""/ops/tariffs/: prices, where they hold, and what a charge would cost."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing import pricing
from billing.forms.assignments import AssignForm
from billing.forms.starts import STARTS
from billing.selectors import reach
from billing.selectors import tariffs as selectors
from billing.services.prices import drafts, tariffs
from billing.views import assignments, editing, history, prices, simulator
from cms.core.errors import DomainError


@members_only("tariff.view")
def page(request: MemberRequest) -> HttpResponse:
    rows = selectors.rows(request.operator, request.user)
    context = {
        "rows": [(row, _held(row)) for row in rows],
        "starts": STARTS,
        "default": any(row.default for row in rows),
        "begun": selectors.new_draft(request.operator, request.user),
        "may_edit": access.can(request.user, "tariff.edit", request.operator),
    }
    return render(request, "operator/tariffs/list.html", context)


def _held(row: selectors.Row) -> list[tuple[str, str]]:
    """Where and, unless it is everybody, for whom; without the default."""
    mine = [held for held in row.holdings if not selectors.everywhere(held)]
    return [(assignments.where(held), assignments.who(held) if assignments.somebody(held) else "") for held in mine]


@members_only("tariff.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """A published tariff: nothing on this page changes a price. htmx gets the simulator's lines alone."""
    tariff = editing.mine(request, pk)
    language, now = get_language() or "it", timezone.now()
    past = history.of(tariff, language, now=now)
    version = past.shown
    form = simulator.form(request.operator, request.GET)
    context: dict[str, Any] = {
        "quote": form,
        "priced": simulator.priced(request.operator, version, form),
        "version": version,
    }
    if request.headers.get("HX-Request"):
        return render(request, "operator/tariffs/lines.html", context)
    before = past.before(version) if past.before(version) != version else None
    may_edit = access.can(request.user, "tariff.edit", request.operator) and not tariff.archived_at
    law = prices.objections(version)
    context |= {
        "tariff": tariff,
        "past": past,
        "before": before,
        "sentences": editing.sentences(version),
        "prices": prices.rows(version, before, language),
        "week": prices.painted(version, language, now, pricing.zone(request.operator.time_zone)),
        "law": law,
        "fast": reach.fast_ad_hoc(request.operator, tariff, now) if law else [],
        "points": reach.points_by_tariff(request.operator, now)[tariff.pk],
        "running": reach.running(tariff),
        "holdings": assignments.holdings(tariff),
        "assign": AssignForm(operator=request.operator) if may_edit else None,
        "draft": drafts.find(operator=request.operator, tariff=tariff, by=request.user) if may_edit else None,
        "may_edit": may_edit,
    }
    return render(request, "operator/tariffs/detail.html", context)


@require_POST
@members_only("tariff.edit")
def archive(request: MemberRequest, pk: int) -> HttpResponse:
    tariff = editing.mine(request, pk)
    try:
        tariffs.archive(tariff=tariff, by=request.user)
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("tariff", pk=pk)
    messages.success(request, _("%(tariff)s is archived.") % {"tariff": tariff})
    return redirect("tariffs")
