"""/ops/billing/reconciliation/: only what the provider's account and our books do not agree on."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.doors import MemberRequest, members_only
from billing.selectors import reconciliation
from billing.services.cards import payouts
from cms.core.errors import Unavailable


@members_only("payment.view")
def page(request: MemberRequest) -> HttpResponse:
    picture = reconciliation.picture(request.user, request.operator)
    context = {"picture": picture, "currency": request.operator.currency}
    return render(request, "operator/payments/reconciliation.html", context)


@require_POST
@members_only("payment.collect")
def refresh(request: MemberRequest) -> HttpResponse:
    """Reads the provider's account now, instead of tonight."""
    try:
        new = payouts.fetch()
        matched = payouts.match()
    except Unavailable as away:
        messages.error(request, away.text)
    else:
        messages.success(
            request, _("Read: %(new)s new movements, %(matched)s matched.") % {"new": new, "matched": matched}
        )
    return redirect("reconciliation")
