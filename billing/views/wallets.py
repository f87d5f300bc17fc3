"""/ops/wallets/, /ops/drivers/<pk>/wallet/ and /ops/settings/wallets/: what drivers have paid ahead, and what the operator decides
about it."""

import secrets
from decimal import Decimal

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.models import Driver
from billing.forms.wallets import BackForm, CorrectionForm, WalletPolicyForm
from billing.models import Redemption, Wallet, WalletEntry
from billing.selectors import wallets as selectors
from billing.services.prepaid import giving_back, top_ups, wallets
from cms.core import typed
from cms.core.errors import Conflict, DomainError, Forbidden, Invalid
from cms.templatetags.figures import money

PAGE = 50


@members_only("driver.view")
def everybody(request: MemberRequest) -> HttpResponse:
    name = typed.line(request.GET.dict(), "search")
    found = selectors.listed(request.user, request.operator, name=name)
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "owed": selectors.owed(request.operator),
        "name": name,
        "enabled": top_ups.policy(request.operator).enabled,
        "may_decide": access.can(request.user, "operator.edit", request.operator),
    }
    return render(request, "operator/wallets/list.html", context)


@require_POST
@members_only("payment.refund")
def give_back(request: MemberRequest, pk: int) -> HttpResponse:
    """The driver's own money, to the cards that it came from."""
    driver = get_object_or_404(Driver.objects.filter(operator=request.operator).select_related("operator"), pk=pk)
    form = BackForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return redirect("driver_wallet", pk=pk)
    try:
        given = giving_back.give(driver=driver, by=request.user, **form.cleaned_data)
    except DomainError as refused:
        messages.error(request, refused.text)
    else:
        amount = money(sum((refund.amount for refund in given), Decimal(0)), given[0].payment.currency)
        messages.success(request, _("%(amount)s go back to the card.") % {"amount": amount})
    return redirect("driver_wallet", pk=pk)


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
        "most": giving_back.most(driver) if access.can(request.user, "payment.refund", driver) else 0,
        "key": secrets.token_hex(16),
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
    except (Conflict, Forbidden) as refused:
        form.add_error("amount", refused.text)
        return False
    messages.success(request, _("The wallet is corrected."))
    return True
