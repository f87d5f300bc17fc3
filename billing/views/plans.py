"""/ops/subscriptions/: what plans are offered, who has them, and what they earn."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing.forms.plans import SERVICE_NAMES, LadderForm, MoveForm, TermsForm
from billing.models import Plan, PlanVersion, Subscription
from billing.selectors import plans as selectors
from billing.selectors import subscriptions as debts
from billing.services.debts import ladder as ladder_rules
from billing.services.recurring import plans
from cms.core import typed
from cms.core.errors import DomainError, Invalid

PAGE = 50


@members_only("subscription.view")
def page(request: MemberRequest) -> HttpResponse:
    rows = selectors.rows(request.operator)
    status, name = _asked(request)
    found = Paginator(selectors.subscribers(request.operator, status=status, name=name), PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "rows": rows,
        "subscribers": sum(row.subscribers for row in rows),
        "monthly": sum(row.monthly for row in rows),
        "currency": request.operator.currency,
        "debts": debts.debts(request.operator),
        "cohorts": selectors.cohorts(request.operator),
        "page": found,
        "people": selectors.with_meters(list(found)),
        "statuses": [choice for choice in Subscription.Status.choices if choice[0] != "starting"],
        "status": status,
        "name": name,
        "ladder": ", ".join(ladder_rules.policy(request.operator).ladder.split(",")),
        "example": None if rows else selectors.example(request.operator),
        "may_edit": access.can(request.user, "tariff.edit", request.operator),
        "may_decide": access.can(request.user, "operator.edit", request.operator),
        "now": timezone.now(),
    }
    return render(request, "operator/subscriptions/page.html", context)


@members_only("tariff.edit")
def create(request: MemberRequest) -> HttpResponse:
    form = TermsForm(request.POST or None, operator=request.operator)
    if request.method == "POST" and form.is_valid():
        try:
            plan = plans.create(
                operator=request.operator, name=form.cleaned_data["name"], terms=form.terms(), by=request.user
            )
        except Invalid as wrong:
            errors.place(form, wrong, names=SERVICE_NAMES)
        else:
            messages.success(request, _("%(plan)s can be chosen from now on.") % {"plan": plan})
            return redirect("plan", pk=plan.pk)
    context = {"form": form, "example": selectors.example(request.operator)}
    return render(request, "operator/subscriptions/new.html", context, status=400 if form.errors else 200)


@members_only("subscription.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """The plan's versions; POST makes the next one."""
    plan = _mine(request, pk)
    version = plans.current(plan) or plan.versions.order_by("-number")[0]
    may_edit = access.can(request.user, "tariff.edit", request.operator)
    form = TermsForm.of(version, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = plans.revise(plan=plan, terms=form.terms(), by=request.user)
        except Invalid as wrong:
            errors.place(form, wrong, names=SERVICE_NAMES)
        except DomainError as refused:
            messages.error(request, refused.text)
            return redirect("plan", pk=pk)
        else:
            messages.success(request, _("Version %(n)s is offered from now on.") % {"n": made.number})
            return redirect("plan", pk=pk)
    tariff, tariffs = selectors.tariffs_for(plan)
    row = next((one for one in selectors.rows(request.operator) if one.plan.pk == plan.pk), None)
    found = Paginator(selectors.subscribers(request.operator, plan=plan.pk), PAGE).get_page(request.GET.get("page"))
    context = {
        "plan": plan,
        "version": version,
        "row": row,
        "after": selectors.price_after(plan),
        "tariff": tariff,
        "tariffs": tariffs if may_edit and not plan.archived_at else [],
        "form": form if may_edit and not plan.archived_at else None,
        "move": MoveForm(versions=_targets(plan)) if may_edit and row and row.subscribers else None,
        "versions": selectors.versions(plan),
        "page": found,
        "people": selectors.with_meters(list(found)),
        "may_edit": may_edit,
    }
    return render(request, "operator/subscriptions/plan.html", context, status=400 if form.errors else 200)


@require_POST
@members_only("tariff.edit")
def archive(request: MemberRequest, pk: int) -> HttpResponse:
    plan = _mine(request, pk)
    plans.archive(plan=plan, by=request.user)
    messages.success(request, _("%(plan)s cannot be chosen any more; who has it keeps it.") % {"plan": plan})
    return redirect("plan", pk=pk)


@require_POST
@members_only("tariff.edit")
def move(request: MemberRequest, pk: int) -> HttpResponse:
    plan = _mine(request, pk)
    form = MoveForm(request.POST, versions=_targets(plan))
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return redirect("plan", pk=pk)
    try:
        count = plans.move(plan=plan, version=form.cleaned_data["version"], on=form.cleaned_data["on"], by=request.user)
    except DomainError as refused:
        messages.error(request, refused.text)
        return redirect("plan", pk=pk)
    said = ngettext("%(n)s subscriber is told by mail.", "%(n)s subscribers are told by mail.", count)
    messages.success(request, said % {"n": count})
    return redirect("plan", pk=pk)


@members_only("operator.edit")
def ladder(request: MemberRequest) -> HttpResponse:
    """What follows when a payment fails."""
    form = LadderForm.of(ladder_rules.policy(request.operator), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            ladder_rules.decide(operator=request.operator, by=request.user, **form.cleaned_data)
        except Invalid as wrong:
            errors.place(form, wrong)
        else:
            messages.success(request, _("Saved. It holds for payments that fail from now on."))
            return redirect("subscriptions")
    return render(request, "operator/subscriptions/ladder.html", {"form": form}, status=400 if form.errors else 200)


def _asked(request: MemberRequest) -> tuple[str, str]:
    """The state and the name that the list is narrowed to."""
    status = typed.line(request.GET, "status")
    return status if status in Subscription.Status.values else "", typed.line(request.GET, "search")


def _mine(request: MemberRequest, pk: int) -> Plan:
    return get_object_or_404(Plan.objects.visible_to(request.user).filter(operator=request.operator), pk=pk)


def _targets(plan: Plan) -> list[PlanVersion]:
    return plans.offered(plan.operator)
