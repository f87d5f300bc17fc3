"""/ops/billing/accounts/: the accounts of the journal, and what energy costs."""

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.doors import MemberRequest, members_only
from billing.forms.bookkeeping import BookkeepingForm
from billing.services.month_end import bookkeeping


@members_only("month.close")
def page(request: MemberRequest) -> HttpResponse:
    kept = bookkeeping.of(request.operator)
    initial = {**json.loads(kept.codes), "energy_cost": kept.energy_cost}
    form = BookkeepingForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        bookkeeping.decide(
            operator=request.operator,
            codes=form.codes,
            energy_cost=form.cleaned_data["energy_cost"],
            by=request.user,
        )
        messages.success(request, _("Saved."))
        return redirect("exports")
    context = {"form": form, "currency": request.operator.currency}
    return render(request, "operator/exports/accounts.html", context, status=400 if form.errors else 200)
