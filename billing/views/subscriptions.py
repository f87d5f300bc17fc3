"""/ops/subscriptions/<id>/ and /ops/subscriptions/debts/<id>/: one person's plan with its history; one debt with its steps."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.forms.plans import CreditForm
from billing.models import DunningCase, Subscription
from billing.selectors import plans
from billing.selectors import subscriptions as selectors
from billing.services.debts import chasing, dunning
from billing.services.recurring import collecting, crediting, subscriptions, withdrawing
from cms.core import typed
from cms.core.errors import DomainError


@members_only("subscription.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    row = _mine(request, pk)
    fees = selectors.history(row)
    context = {
        "sub": row,
        "person": plans.with_meters([row])[0],
        "fees": [(fee, crediting.possible(fee)) for fee in fees],
        "events": selectors.events(row),
        "debts": [case for case in selectors.debts(request.operator, driver=row.driver) if case.fee in fees],
        "after": plans.price_after(row.version.plan),
        "credit": CreditForm(),
        "withdrawal": withdrawing.offer(row),
        "may_edit": access.can(request.user, "subscription.edit", request.operator),
        "may_credit": access.can(request.user, "payment.refund", request.operator),
    }
    return render(request, "operator/subscriptions/detail.html", context)


@require_POST
@members_only("subscription.edit")
def cancel(request: MemberRequest, pk: int) -> HttpResponse:
    return _do(request, pk, lambda row: subscriptions.cancel(subscription=row, by=request.user), _("Cancelled."))


@require_POST
@members_only("subscription.edit")
def end(request: MemberRequest, pk: int) -> HttpResponse:
    return _do(request, pk, lambda row: subscriptions.end(subscription=row, by=request.user), _("Ended."))


@require_POST
@members_only("subscription.edit")
def withdraw(request: MemberRequest, pk: int) -> HttpResponse:
    """For a driver who says so on the phone, or in a letter."""
    try:
        back = forms.DecimalField(max_digits=12, localize=False).clean(request.POST.get("back"))
    except ValidationError:
        back = Decimal(-1)
    said = _("It has ended, and the money goes back.")
    return _do(request, pk, lambda row: withdrawing.withdraw(subscription=row, expected=back, by=request.user), said)


@require_POST
@members_only("subscription.edit")
def reactivate(request: MemberRequest, pk: int) -> HttpResponse:
    return _do(request, pk, lambda row: subscriptions.reactivate(subscription=row, by=request.user), _("It goes on."))


@require_POST
@members_only("subscription.edit")
def pause(request: MemberRequest, pk: int) -> HttpResponse:
    months = typed.number(request.POST, "months") or 0
    return _do(
        request,
        pk,
        lambda row: subscriptions.pause(subscription=row, for_months=months, by=request.user),
        _("The pause begins with the next month."),
    )


@require_POST
@members_only("subscription.edit")
def resume(request: MemberRequest, pk: int) -> HttpResponse:
    def again(row: Subscription) -> None:
        fee = subscriptions.resume(subscription=row, by=request.user)
        if fee is not None:
            collecting.collect_renewal(fee_id=fee.pk)

    return _do(request, pk, again, _("It runs again."))


@require_POST
@members_only("payment.refund")
def credit(request: MemberRequest, pk: int, fee: int) -> HttpResponse:
    """Part of a fee back to the card."""
    row = _mine(request, pk)
    one = get_object_or_404(row.fees, pk=fee)
    form = CreditForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return redirect("subscription", pk=pk)
    return _do(
        request,
        pk,
        lambda _row: crediting.credit(fee_id=one.pk, by=request.user, **form.cleaned_data),
        _("Given back."),
    )


# ---- debts ------------------------------------------------------------------------------------------------------------


@members_only("subscription.view")
def debt(request: MemberRequest, pk: int) -> HttpResponse:
    case = _case(request, pk)
    context = {
        "case": case,
        "steps": selectors.steps(case),
        "ladder": selectors.rungs(case),
        "about": selectors.about(case),
        "may_edit": access.can(request.user, "dunning.edit", request.operator),
    }
    return render(request, "operator/subscriptions/debt.html", context)


@require_POST
@members_only("dunning.edit")
def debt_hold(request: MemberRequest, pk: int) -> HttpResponse:
    reason = typed.line(request.POST, "reason", 200)
    return _step(request, pk, lambda case: dunning.pause(case=case, reason=reason, by=request.user), _("On hold."))


@require_POST
@members_only("dunning.edit")
def debt_resume(request: MemberRequest, pk: int) -> HttpResponse:
    return _step(request, pk, lambda case: dunning.resume(case=case, by=request.user), _("It goes on."))


@require_POST
@members_only("dunning.edit")
def debt_close(request: MemberRequest, pk: int) -> HttpResponse:
    reason = typed.line(request.POST, "reason", 200)
    return _step(request, pk, lambda case: dunning.close(case=case, reason=reason, by=request.user), _("Written off."))


@require_POST
@members_only("dunning.edit")
def debt_retry(request: MemberRequest, pk: int) -> HttpResponse:
    """Now, by the saved card; it is not a rung of the ladder."""
    return _step(
        request, pk, lambda case: chasing.once_more(case=case, name=f"desk-{uuid4().hex[:8]}", by=request.user), ""
    )


def _mine(request: MemberRequest, pk: int) -> Subscription:
    rows = Subscription.objects.visible_to(request.user).filter(operator=request.operator)
    return get_object_or_404(
        rows.select_related("operator", "driver__user", "version__plan", "next_version__plan"), pk=pk
    )


def _case(request: MemberRequest, pk: int) -> DunningCase:
    mine = DunningCase.objects.visible_to(request.user).filter(operator=request.operator)
    return dunning.read(get_object_or_404(mine, pk=pk).pk)


def _do(request: MemberRequest, pk: int, work: Callable[[Subscription], Any], said: str) -> HttpResponse:
    try:
        work(_mine(request, pk))
    except DomainError as refused:
        messages.error(request, refused.text)
    else:
        messages.success(request, said)
    return redirect("subscription", pk=pk)


def _step(request: MemberRequest, pk: int, work: Callable[[DunningCase], DunningCase], said: str) -> HttpResponse:
    try:
        case = work(_case(request, pk))
    except DomainError as refused:
        messages.error(request, refused.text)
        return redirect("debt", pk=pk)
    if said:
        messages.success(request, said)
    elif case.closed_at:
        messages.success(request, _("Paid."))
    else:
        messages.error(request, _("Refused again: see the last step."))
    return redirect("debt", pk=pk)
