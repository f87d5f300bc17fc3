"""/ops/billing/payments/: money in, as the provider and we know it; and what a person may do about it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing.forms.payments import AmountForm, ReasonForm
from billing.models import Payment, Refund
from billing.payments import declines, gateway
from billing.selectors import months
from billing.selectors import payments as selectors
from billing.services.cards import cashier, refunds
from billing.services.debts import chasing, transfers
from cms.core import typed
from cms.core.errors import Conflict, DomainError, Invalid

PAGE = 50
_HELD = frozenset({Payment.Status.AUTHORIZED})
_WAITS = frozenset({Payment.Status.AUTHORIZED, Payment.Status.ACTION_NEEDED})
_STUCK = frozenset({Payment.Status.PENDING, Payment.Status.ACTION_NEEDED, Payment.Status.FAILED})
_CAME = frozenset({Payment.Status.CAPTURED, Payment.Status.DISPUTED})


@members_only("payment.view")
def page(request: MemberRequest) -> HttpResponse:
    given = request.GET.dict()
    first = months.parse(given.get("month", ""))
    since, until = months.bounds(request.operator, first) if first else (None, None)
    view, purpose = given.get("view", ""), given.get("purpose", "")
    wish = selectors.Wish(
        text=typed.line(given, "search"),
        view=view if view in selectors.VIEWS else "",
        purpose=purpose if purpose in Payment.Purpose.values else "",
        since=since,
        until=until,
    )
    rows = selectors.found(request.user, request.operator, wish)
    context = {
        "page": Paginator(selectors.shown(rows, wish), PAGE).get_page(request.GET.get("page")),
        "wish": wish,
        "month": given.get("month", "") if first else "",
        "facets": selectors.facets(rows),
        "totals": selectors.totals(rows, request.operator.currency),
        "purposes": Payment.Purpose.choices,
        "currency": request.operator.currency,
        "stale_before": selectors.stale_before(),
    }
    return render(request, "operator/payments/list.html", context)


@members_only("payment.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    payment = _mine(request, pk)
    context = {
        "payment": payment,
        "story": selectors.story(payment),
        "case": chasing.case_of(payment) if payment.status == Payment.Status.FAILED else None,
        "refunds": selectors.refunds_of(payment),
        "verbs": [verb for verb in VERBS.values() if _may(request, verb, payment)],
        "meaning": declines.meaning(payment.error_code) if payment.error_code else "",
        "told": declines.said(payment.error_code, payment.error),
        "stale": payment.status in _HELD and payment.created_at < selectors.stale_before(),
    }
    return render(request, "operator/payments/detail.html", context)


@members_only("payment.view")
def act(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """GET says what it means and asks, POST does it."""
    payment, verb = _mine(request, pk), VERBS.get(name)
    if verb is None:
        raise Http404("no such thing to do")
    access.demand(request.user, verb.permission, payment)
    if not verb.fits(payment):
        messages.error(request, _("This payment is past that."))
        return redirect("payment", pk)
    form = verb.form(payment, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            verb.do(request, payment, form)
        except Invalid as wrong:
            errors.place(form, wrong)
        except DomainError as error:
            messages.error(request, error.text)
            return redirect("payment", pk)
        else:
            messages.success(request, str(verb.said))
            return redirect("payment", pk)
    context = {"payment": payment, "verb": verb, "form": form, "possible": refunds.possible(payment)}
    return render(request, "operator/payments/act.html", context, status=400 if form.errors else 200)


@dataclass(frozen=True, slots=True)
class Verb:
    """`when`: in which states; `here`: of a bank transfer, which no provider knows."""

    name: str
    word: Promise
    meaning: Promise
    said: Promise
    permission: str
    when: frozenset[Payment.Status]
    form: Callable[[Payment, Any], forms.Form]
    do: Callable[[MemberRequest, Payment, forms.Form], object]
    icon: str = ""
    here: bool = False

    def fits(self, payment: Payment) -> bool:
        ours = payment.gateway == gateway.BANK if self.here else payment.gateway not in gateway.OURS
        return ours and payment.status in self.when


def _capture(request: MemberRequest, payment: Payment, form: forms.Form) -> None:
    given = form.cleaned_data
    cashier.capture(payment=payment, amount=given["amount"], reason=given["reason"], by=request.user)


def _release(request: MemberRequest, payment: Payment, form: forms.Form) -> None:
    cashier.release(payment=payment, reason=form.cleaned_data["reason"], by=request.user)


def _refund(request: MemberRequest, payment: Payment, form: forms.Form) -> None:
    given = form.cleaned_data
    key = f"refund-{payment.pk}-{given['key']}"
    refund = refunds.give(payment=payment, amount=given["amount"], reason=given["reason"], by=request.user, key=key)
    if refund.status == Refund.Status.FAILED:
        raise Conflict(refund.error, code="refund_refused")


def _undo(request: MemberRequest, payment: Payment, form: forms.Form) -> None:
    transfers.undo(payment=payment, reason=form.cleaned_data["reason"], by=request.user)


def _retry(request: MemberRequest, payment: Payment, form: forms.Form) -> None:
    cashier.retry(payment=payment, by=request.user)


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "capture",
            gettext_lazy("Collect"),
            gettext_lazy(
                "The amount is collected at once, the rest of the hold becomes free. A hold is collected once only."
            ),
            gettext_lazy("Collected."),
            "payment.collect",
            _HELD,
            lambda payment, data: AmountForm.of(payment.amount, payment.currency, secrets.token_hex(8), data),
            _capture,
            "check",
        ),
        Verb(
            "release",
            gettext_lazy("Let the hold go"),
            gettext_lazy(
                "The whole amount is free on the card again. What the charge costs has to be collected otherwise."
            ),
            gettext_lazy("The hold is released."),
            "payment.collect",
            _WAITS,
            lambda payment, data: ReasonForm(data),
            _release,
            "unlock",
        ),
        Verb(
            "refund",
            gettext_lazy("Give back"),
            gettext_lazy(
                "The money goes back to the card it came from, usually within ten days. It cannot be taken back."
            ),
            gettext_lazy("The money is on its way back."),
            "payment.refund",
            _CAME,
            lambda payment, data: AmountForm.of(
                refunds.possible(payment), payment.currency, secrets.token_hex(8), data
            ),
            _refund,
            "reset",
        ),
        Verb(
            "retry",
            gettext_lazy("Try again"),
            gettext_lazy(
                "The provider is asked once more: how it ended, or for the amount on the card that is charged now."
            ),
            gettext_lazy("Asked again."),
            "payment.collect",
            _STUCK,
            lambda payment, data: forms.Form(data),
            _retry,
            "reset",
        ),
        Verb(
            "undo",
            gettext_lazy("Take the entry back"),
            gettext_lazy("The transfer did not come, or was for another invoice: this one is open again."),
            gettext_lazy("Taken back: the invoice is open again."),
            "payment.collect",
            frozenset({Payment.Status.CAPTURED}),
            lambda payment, data: ReasonForm(data),
            _undo,
            "reset",
            here=True,
        ),
    )
}


def _may(request: MemberRequest, verb: Verb, payment: Payment) -> bool:
    return verb.fits(payment) and access.can(request.user, verb.permission, payment)


def _mine(request: MemberRequest, pk: int) -> Payment:
    mine = Payment.objects.visible_to(request.user).filter(operator=request.operator)
    wanted = mine.select_related(
        "driver__user", "company", "method", "cdr", "invoice", "session__location", "start_request__station", "operator"
    )
    return get_object_or_404(wanted, pk=pk)
