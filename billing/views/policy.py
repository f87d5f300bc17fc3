"""/ops/settings/billing/: when invoices are made, and what the operator decides about bills."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing.forms.policy import PolicyForm
from billing.selectors import invoices as selectors
from billing.services.invoicing import invoices
from billing.services.month_end import policies
from cms.core.errors import Invalid


@members_only("operator.edit")
def page(request: MemberRequest) -> HttpResponse:
    form = PolicyForm.of(policies.of(request.operator), request.POST if request.method == "POST" else None)
    if form.is_valid() and _saved(request, form):
        messages.success(request, _("Saved."))
        return redirect("billing_policy")
    context = {
        "form": form,
        "next_run": _first_of_next_month(invoices.today_at(request.operator)),
        "waiting": selectors.waiting(request.operator),
    }
    return render(request, "operator/billing/policy.html", context, status=400 if form.errors else 200)


def _saved(request: MemberRequest, form: PolicyForm) -> bool:
    given = form.cleaned_data
    try:
        policies.update(
            operator=request.operator,
            estimated_limit=given["estimated_kwh"] * 1000,
            waive_empty=given["waive_empty"],
            hold_amount=given["hold_amount"],
            payment_to_start=given["payment_to_start"] or None,
            by=request.user,
        )
    except Invalid as refused:
        errors.place(form, refused, names={"estimated_limit": "estimated_kwh"})
        return False
    return True


def _first_of_next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
