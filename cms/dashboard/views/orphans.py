"""/ops/sessions/orphans/: what chargers said that belongs to no charge, until a person settles it."""

from typing import Any

import orjson
from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing import pricing
from billing.services.charges import rating
from cms.core import energy
from cms.core.errors import Conflict, Invalid
from cms.dashboard import people, story
from cms.dashboard.deciding import ReasonForm
from cms.dashboard.selectors import review
from cms.templatetags import figures
from sessions_app.models import ChargingSession, Evidence
from sessions_app.services import orphans

PAGE = 50


class AttachForm(ReasonForm):
    session = forms.ModelChoiceField(
        label=gettext_lazy("The charge it belongs to"), queryset=ChargingSession.objects.none()
    )
    field_order = ("session", "reason")


@members_only("session.view")
def page(request: MemberRequest) -> HttpResponse:
    found = Paginator(review.orphans(request.operator), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": found,
        "rows": [(orphan, said(orphan)) for orphan in found],
        "zone": pricing.zone(request.operator.time_zone).key,
    }
    return render(request, "operator/sessions/orphans.html", context)


@members_only("session.view")
def orphan(request: MemberRequest, pk: int) -> HttpResponse:
    """Give it to a charge, or set it aside: two forms on one page."""
    mine = Evidence.objects.visible_to(request.user).filter(session=None, verdict=None)
    found = get_object_or_404(mine.select_related("station__location", "station__operator"), pk=pk)
    may = access.can(request.user, "session.correct", found.station)
    if request.method == "POST":
        access.demand(request.user, "session.correct", found.station)
    asks = request.POST.get("do", "")
    near = orphans.candidates(found)
    attaching = _attaching(request, near, request.POST if asks == "attach" else None)
    leaving = ReasonForm(request.POST if asks == "set_aside" else None, auto_id="aside_%s")
    if asks and (answer := _settled(request, found, attaching, leaving)):
        return answer
    context = {
        "orphan": found,
        "said": said(found),
        "near": near,
        "attaching": attaching,
        "leaving": leaving,
        "may": may,
        "zone": pricing.zone((found.station.location or request.operator).time_zone).key,
    }
    status = 400 if attaching.errors or leaving.errors else 200
    return render(request, "operator/sessions/orphan.html", context, status=status)


def _attaching(request: MemberRequest, near: Any, data: Any) -> AttachForm:
    form = AttachForm(data, auto_id="attach_%s")
    field: forms.ModelChoiceField = form.fields["session"]  # type: ignore[assignment]
    field.queryset = ChargingSession.objects.filter(pk__in=[session.pk for session in near])
    field.choices = [(session.pk, _named(session, request.user)) for session in near]
    return form


def _named(session: ChargingSession, reader: Any) -> str:
    words = {
        "number": session.pk,
        "who": people.who(session, reader),
        "energy": figures.kwh(session.energy),
        "state": _("running") if session.stopped_at is None else story.reason(session),
    }
    return _("%(number)s · %(who)s · %(energy)s · %(state)s") % words


def _settled(
    request: MemberRequest, found: Evidence, attaching: AttachForm, leaving: ReasonForm
) -> HttpResponse | None:
    """None where a form is wrong."""
    form = attaching if attaching.is_bound else leaving
    if not form.is_bound or not form.is_valid():
        return None
    reason = form.cleaned_data["reason"]
    try:
        if form is attaching:
            session = form.cleaned_data["session"]
            orphans.attach(orphan=found, session=session, reason=reason, by=request.user)
            rating.rate_many([session.pk])
            messages.success(request, _("The message belongs to charge %(number)s now.") % {"number": session.pk})
            return redirect("dashboard:session", pk=session.pk)
        orphans.set_aside(orphan=found, reason=reason, by=request.user)
        messages.success(request, _("Set aside. The message is kept."))
    except Invalid as refused:
        errors.place(form, refused)
        return None
    except Conflict as error:
        messages.error(request, error.text)
    return redirect("dashboard:orphans")


def said(orphan: Evidence) -> str:
    """What the charger told, in a sentence."""
    facts = orjson.loads(orphan.facts)
    words: dict[str, Any] = {"number": orphan.transaction_id or "–", "power": figures.kw(orphan.power_w)}
    if orphan.kind == "metered":
        return _("%(power)s flowed, and no charge was running.") % words
    if orphan.kind == "updated":
        return _("A reading of charge “%(number)s”, which we do not know.") % words
    told = [_("The end of charge “%(number)s”, which we do not know.") % words]
    if isinstance(meter := facts.get("meter"), int):
        told.append(_("Its meter showed %(meter)s.") % {"meter": figures.meter(energy.from_mwh(meter))})
    if word := facts.get("reason"):
        told.append(f"{story.REASONS.get(word, word)}.")
    return " ".join(told)
