"""/ops/tariffs/<id>/publish/ …: a price is published knowingly, compared, called off."""

import hashlib
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing import pricing
from billing.forms.editor import Editor
from billing.forms.publishing import PublishForm
from billing.models import Tariff, TariffVersion
from billing.selectors import reach
from billing.services.prices import drafts, publishing, tariffs
from billing.views import differences, editing, history, prices
from billing.views.editing import Work
from billing.views.history import History
from cms.core import typed
from cms.core.errors import DomainError, Invalid


@members_only("tariff.edit")
def publish(request: MemberRequest, pk: int | None = None) -> HttpResponse:
    """The confirmation: what changes, for whom, and what the law says."""
    work = editing.work_of(request, pk)
    editor = editing.drafted(work)
    version = editor.version() if editor else None
    if editor is None or version is None:
        if editor is None:
            messages.info(request, _("There is nothing to publish yet."))
            return redirect("change_tariff", pk=pk) if pk else redirect("create_tariff")
        return redirect(editing.there("change", work) + "?check=1")
    context = _context(request, work, editor, version)
    form: PublishForm = context["form"]
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["seen"] != context["seen"]:
            form.add_error(None, _("The draft has changed since this page was shown: look at it again."))
        else:
            done = _publish(request, work, editor, form)
            if done is not None:
                messages.success(request, _done(done))
                return redirect("tariff", pk=done.tariff_id)
    return render(request, "operator/tariffs/publish.html", context, status=400 if form.errors else 200)


def _publish(request: MemberRequest, work: Work, editor: Editor, form: PublishForm) -> TariffVersion | None:
    try:
        return publishing.publish(
            operator=request.operator,
            tariff=work.tariff,
            name=editor.head.cleaned_data["name"],
            terms=editor.terms(),
            base=form.cleaned_data["base"],
            valid_from=form.cleaned_data["at"],
            by=request.user,
        )
    except Invalid as error:
        errors.place(form, error, names={"valid_from": "at"})
    except DomainError as error:
        form.add_error(None, error.text)
    return None


def _done(version: TariffVersion) -> str:
    words = {"tariff": version.tariff, "n": version.number, "moment": date_format(timezone.localtime(version.valid_from), "DATETIME_FORMAT")}  # fmt: skip
    if version.valid_from > timezone.now():
        return _("Version %(n)s of %(tariff)s holds from %(moment)s.") % words
    if version.number == 1:
        return _("%(tariff)s is ready; now say where it applies.") % words
    return _("Version %(n)s of %(tariff)s holds from now on.") % words


def _context(request: MemberRequest, work: Work, editor: Editor, version: TariffVersion) -> dict[str, Any]:
    language, now = get_language() or "it", timezone.now()
    live = work.past.shown if work.past else None
    week = prices.painted(version, language, now, pricing.zone(request.operator.time_zone))
    holes = [note for note in week.notes if note.hole] if week else []
    seen = fingerprint(version, editor.head.cleaned_data["name"])
    form = PublishForm(request.POST or None, holes=bool(holes), initial={"base": work.base, "seen": seen})
    return {
        "work": work,
        "tariff": work.tariff,
        "name": editor.head.cleaned_data["name"],
        "renamed": work.tariff is not None and editor.head.cleaned_data["name"] != work.tariff.name,
        "version": version,
        "number": (work.past.told[0].version.number if work.past else 0) + 1,
        "live": live,
        "sentences": editing.sentences(version),
        "live_sentence": pricing.describe(live, language) if live else "",
        "changes": differences.between(live, version, language) if live else [],
        "week": week,
        "holes": holes,
        "later": work.past.scheduled if work.past else [],
        "form": form,
        "seen": seen,
        "replay_url": editing.there("replay", work),
        **_consequences(request, work, editor),
    }


def _consequences(request: MemberRequest, work: Work, editor: Editor) -> dict[str, Any]:
    now = timezone.now()
    forbidden = publishing.forbidden_at(operator=request.operator, tariff=work.tariff, terms=editor.terms(), at=now)
    points = reach.points_by_tariff(request.operator, now)[work.tariff.pk] if work.tariff else 0
    return {
        "points": points,
        "running": reach.running(work.tariff) if work.tariff else 0,
        "forbidden": forbidden[:20],
        "forbidden_rest": max(0, len(forbidden) - 20),
        "objections": prices.objections(editor.version()) if forbidden else [],  # type: ignore[arg-type]
    }


def fingerprint(version: TariffVersion, name: str) -> str:
    """Of what somebody looks at: the price and its name."""
    price = (name, version.elements, version.currency, version.tax_included, version.min_price, version.max_price)
    return hashlib.blake2b(repr(price).encode(), digest_size=16).hexdigest()


@require_POST
@members_only("tariff.edit")
def cancel(request: MemberRequest, pk: int, number: int) -> HttpResponse:
    """A scheduled version never begins."""
    tariff = editing.mine(request, pk)
    version = get_object_or_404(TariffVersion.objects.select_related("tariff"), tariff=tariff, number=number)
    try:
        tariffs.cancel(version=version, by=request.user)
    except DomainError as error:
        messages.error(request, error.text)
    else:
        messages.success(request, _("Version %(n)s will not begin.") % {"n": number})
    return redirect("tariff", pk=pk)


@members_only("tariff.view")
def compare(request: MemberRequest, pk: int) -> HttpResponse:
    """Two versions side by side, or a version and the reader's draft."""
    tariff = editing.mine(request, pk)
    language, now = get_language() or "it", timezone.now()
    past = history.of(tariff, language)
    draft = _draft(request, tariff)
    other = _chosen(request, "other", past, draft) or draft or past.newest
    one = _chosen(request, "one", past, draft) or (past.shown if other != past.shown else past.before(other))
    zone = pricing.zone(request.operator.time_zone)
    context = {
        "tariff": tariff,
        "choices": [*(["draft"] if draft else []), *(told.version.number for told in past.told)],
        "sides": [
            {
                "name": name,
                "version": version,
                "draft": version.pk is None,
                "sentences": editing.sentences(version),
                "week": prices.painted(version, language, now, zone),
            }
            for name, version in (("one", one), ("other", other))
        ],
        "changes": differences.between(one, other, language),
    }
    return render(request, "operator/tariffs/compare.html", context)


def _draft(request: MemberRequest, tariff: Tariff) -> TariffVersion | None:
    if not access.can(request.user, "tariff.edit", request.operator):
        return None
    kept = drafts.find(operator=request.operator, tariff=tariff, by=request.user)
    return Editor(drafts.typed(kept), checked=True).version() if kept else None


def _chosen(request: MemberRequest, name: str, past: History, draft: TariffVersion | None) -> TariffVersion | None:
    if request.GET.get(name) == "draft":
        return draft
    number = typed.number(request.GET.dict(), name)
    return past.numbered(number) if number is not None else None
