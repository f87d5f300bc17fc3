"""/ops/drivers/<pk>/wallet/ and /ops/settings/wallets/: what a driver has paid ahead, and what the operator decides about it."""

import secrets

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.models import Driver
from billing.forms.wallets import CorrectionForm, WalletPolicyForm
from billing.models import Redemption, Wallet, WalletEntry
from billing.services.prepaid import top_ups, wallets
from cms.core.errors import Conflict, Invalid

PAGE = 50


@members_only("driver.view")
def page(request: MemberRequest, pk: int) -> HttpResponse:
    """POST corrects."""
    drivers = Driver.objects.filter(operator=request.operator).select_related("user", "operator")
    driver = get_object_or_404(drivers, pk=pk)
    may_correct = access.can(request.user, "wallet.correct", driver)
    form = CorrectionForm(initial={"key": secrets.token_hex(16)})
    if request.method == "POST":
        access.demand(request.user, "wallet.correct", driver)
        form = CorrectionForm(request.POST)
        if form.is_valid() and _corrected(request, driver, form):
            return redirect("driver_wallet", pk=pk)
    entries = WalletEntry.objects.filter(wallet__driver=driver).select_related("payment__method", "cdr__session", "by")
    context = {
        "driver": driver,
        "wallet": Wallet.objects.filter(driver=driver).first(),
        "balance": wallets.balance(driver=driver),
        "page": Paginator(entries.order_by("-pk"), PAGE).get_page(request.GET.get("page")),
        "redemptions": Redemption.objects.filter(driver=driver).select_related("promotion").order_by("-pk"),
        "form": form,
        "may_correct": may_correct,
    }
    return render(request, "operator/drivers/wallet.html", context, status=400 if form.errors else 200)


@members_only("operator.edit")
def policy(request: MemberRequest) -> HttpResponse:
    form = WalletPolicyForm.of(top_ups.policy(request.operator), request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            top_ups.decide(operator=request.operator, by=request.user, **form.cleaned_data)
        except Invalid as wrong:
            errors.place(form, wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("wallet_policy")
    return render(request, "operator/billing/wallets.html", {"form": form}, status=400 if form.errors else 200)


def _corrected(request: MemberRequest, driver: Driver, form: CorrectionForm) -> bool:
    given = form.cleaned_data
    try:
        wallets.correct(
            driver=driver,
            amount=given["amount"],
            reason=given["reason"],
            key=f"correction:{given['key']}",
            by=request.user,
        )
    except Invalid as wrong:
        errors.place(form, wrong)
        return False
    except Conflict as refused:
        form.add_error("amount", refused.text)
        return False
    messages.success(request, _("The wallet is corrected."))
    return True
