"""/ops/tariffs/: prices, where they hold, and what a charge would cost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing import pricing
from billing.documents import lines
from billing.forms.starts import STARTS
from billing.forms.tariffs import AssignForm, QuoteForm, TariffForm
from billing.models import Tariff, TariffVersion
from billing.selectors import tariffs as selectors
from billing.services import tariffs
from billing.tariffs.periods import Period, State
from billing.views import prices
from cms.core.errors import DomainError, Invalid
from cms.templatetags.figures import SIGNS

SAMPLE = {"kwh": Decimal(20), "kw": Decimal(11), "idle": 30}


@members_only("tariff.view")
def page(request: MemberRequest) -> HttpResponse:
    context = {
        "rows": selectors.rows(request.operator),
        "starts": STARTS,
        "default": selectors.default(request.operator),
        "may_edit": access.can(request.user, "tariff.edit", request.operator),
    }
    return render(request, "operator/tariffs/list.html", context)


@members_only("tariff.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    tariff = _mine(request, pk)
    versions = list(tariff.versions.order_by("-number"))
    version, language = versions[0], get_language() or "it"
    start = timezone.localtime().replace(second=0, microsecond=0)
    quote = QuoteForm(request.GET if "kwh" in request.GET else None, initial={"start": start, **SAMPLE})
    context = {
        "tariff": tariff,
        "version": version,
        "sentences": _sentences(version),
        "versions": [(old, pricing.describe(old, language)) for old in versions],
        "prices": prices.rows(version, versions[1] if len(versions) > 1 else None, language),
        "week": prices.painted(version, language, timezone.now(), pricing.zone(request.operator.time_zone)),
        "ad_hoc_everywhere": prices.ad_hoc_everywhere(version),
        "places": selectors.places(tariff),
        "assign": AssignForm(operator=request.operator),
        "quote": quote,
        "may_edit": access.can(request.user, "tariff.edit", request.operator),
        **_priced(version, quote),
    }
    wanted = (
        "operator/tariffs/quote_lines.html" if request.headers.get("HX-Request") else "operator/tariffs/detail.html"
    )
    return render(request, wanted, context)


@members_only("tariff.edit")
def create(request: MemberRequest) -> HttpResponse:
    start = STARTS.get(request.GET.get("start", ""))
    form = TariffForm.begun(start, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            version = tariffs.create(
                operator=request.operator, name=form.cleaned_data["name"], by=request.user, **form.terms()
            )
        except Invalid as error:
            errors.place(form, error, names={"elements": "expert"})
        else:
            messages.success(request, _("%(name)s is ready; now say where it applies.") % {"name": version.tariff})
            return redirect("tariff", pk=version.tariff_id)
    context = {"form": form, "starts": STARTS, "start": start, "sign": _sign(request.operator.currency)}
    return render(request, "operator/tariffs/form.html", context, status=400 if form.errors else 200)


@members_only("tariff.edit")
def change(request: MemberRequest, pk: int) -> HttpResponse:
    """Saves a new version: what runs keeps its price."""
    tariff = _mine(request, pk)
    form = TariffForm.of(_newest(tariff), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            version = tariffs.change(tariff=tariff, name=form.cleaned_data["name"], by=request.user, **form.terms())
        except Invalid as error:
            errors.place(form, error, names={"elements": "expert"})
        except DomainError as error:
            form.add_error(None, error.text)
        else:
            messages.success(request, _("Version %(n)s applies from now on.") % {"n": version.number})
            return redirect("tariff", pk=pk)
    context = {"form": form, "tariff": tariff, "sign": _sign(_newest(tariff).currency)}
    return render(request, "operator/tariffs/form.html", context, status=400 if form.errors else 200)


@require_POST
@members_only("tariff.edit")
def assign(request: MemberRequest, pk: int) -> HttpResponse:
    tariff = _mine(request, pk)
    form = AssignForm(request.POST, operator=request.operator)
    if form.is_valid():
        place = form.cleaned_data["location"]
        try:
            tariffs.assign(tariff=tariff, operator=request.operator, location=place, by=request.user)
        except DomainError as error:
            messages.error(request, error.text)
        else:
            words = {"place": place or _("all other places"), "tariff": tariff}
            messages.success(request, _("%(tariff)s applies at %(place)s from now on.") % words)
    else:
        messages.error(request, _("This place is not yours."))
    return redirect("tariff", pk=pk)


@require_POST
@members_only("tariff.edit")
def archive(request: MemberRequest, pk: int) -> HttpResponse:
    tariff = _mine(request, pk)
    try:
        tariffs.archive(tariff=tariff, by=request.user)
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("tariff", pk=pk)
    messages.success(request, _("%(tariff)s is archived.") % {"tariff": tariff})
    return redirect("tariffs")


def _sign(currency: str) -> str:
    return SIGNS.get(currency, currency)


def _sentences(version: TariffVersion) -> dict[str, str]:
    """What drivers read, the reader's own language first."""
    mine = (get_language() or "it")[:2]
    codes = sorted(("it", "en"), key=lambda code: code != mine)
    return {code: pricing.describe(version, code) for code in codes}


def _priced(version: TariffVersion, form: QuoteForm) -> dict[str, Any]:
    """The simulator's lines: of what was typed, or of the sample."""
    if form.is_bound and not form.is_valid():
        return {"trace": None}
    given = form.cleaned_data if form.is_bound else form.initial
    charging = timedelta(hours=float(given["kwh"] / given["kw"]))
    start = given["start"]
    full = start + charging
    periods = [Period(start, full, energy_wh=given["kwh"] * 1000, power_w=int(given["kw"] * 1000))]
    if given["idle"]:
        periods.append(Period(full, full + timedelta(minutes=given["idle"]), State.PARKING))
    trace = pricing.quote(version, periods, timezone.get_current_timezone())
    language = get_language() or "it"
    shown = [
        (line.text, lines.quantity_text(line, language), lines.price_text(line, trace.currency, language), line.amount)
        for line in lines.shown(trace, pricing.parsed(version), language)
    ]
    return {"trace": trace, "lines": shown, "until": periods[-1].end, "since": start}


def _newest(tariff: Tariff) -> TariffVersion:
    version = tariff.versions.order_by("-number").first()
    assert version is not None  # a tariff is born with a version
    return version


def _mine(request: MemberRequest, pk: int) -> Tariff:
    return get_object_or_404(Tariff.objects.filter(operator=request.operator), pk=pk)
