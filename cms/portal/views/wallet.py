"""`/wallet/`: what I have paid ahead, where it went, more of it, and the codes that make charging cheaper."""

import secrets
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.doors import PersonRequest
from accounts.forms import errors
from accounts.models import Driver
from billing.models import Payment, Promotion
from billing.payments import declines
from billing.services.cards import methods, payments
from billing.services.fleets import memberships
from billing.services.prepaid import redeeming, top_ups
from cms.core import typed
from cms.core.errors import Conflict, DomainError, Invalid
from cms.portal.selectors import mine, purses
from cms.portal.views import addresses, paying
from cms.portal.wallet_forms import AutomaticForm, TopUpForm
from cms.templatetags import offers
from cms.templatetags.figures import money

Status = Payment.Status


@login_required
@never_cache
def page(request: PersonRequest) -> HttpResponse:
    return _page(request)


@addresses.posted("portal:wallet")
@login_required
def top_up(request: PersonRequest, pk: int) -> HttpResponse:
    """From the saved card at once, else by a card that is given on the next page."""
    driver = _mine(request, pk)
    form = TopUpForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, top_up=form, status=400)
    key = form.cleaned_data["key"]
    back = request.build_absolute_uri(reverse("portal:topped-up", args=[pk, key]))
    card = None if request.POST.get("card") == "other" else methods.default_of(driver)
    try:
        payment = top_ups.start(
            driver=driver, amount=form.cleaned_data["amount"], key=key, method=card, return_url=back
        )
    except Invalid as wrong:
        errors.place(form, wrong)
        return _page(request, pk, top_up=form, status=400)
    except DomainError as refused:
        messages.error(request, refused.text)
        return redirect("portal:wallet")
    if payment.status == Status.ACTION_NEEDED:
        return paying.page(request, payment, {}, back=back)
    return _said(request, payment)


@login_required
@never_cache
def topped_up(request: PersonRequest, pk: int, key: str) -> HttpResponse:
    """Back from the bank, or from the card page: the provider is asked how it ended, whatever the address says."""
    driver = _mine(request, pk)
    payment = get_object_or_404(Payment, driver=driver, idempotency_key=f"top-up-{driver.pk}-{key}")
    try:
        payment = payments.refresh(payment=payment)
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("portal:wallet")
    top_ups.follow(payment_id=payment.pk)
    return _said(request, payment)


@addresses.posted("portal:wallet")
@login_required
def automatic(request: PersonRequest, pk: int) -> HttpResponse:
    driver = _mine(request, pk)
    form = AutomaticForm(request.POST)
    if not form.is_valid():
        return _page(request, pk, automatic=form, status=400)
    try:
        wallet = top_ups.set_automatic(driver=driver, **form.cleaned_data)
    except Invalid as wrong:
        errors.place(form, wrong)
        return _page(request, pk, automatic=form, status=400)
    except Conflict as refused:
        messages.error(request, refused.text)
        return redirect("portal:wallet")
    on, off = _("From now on the wallet tops itself up."), _("The wallet no longer tops itself up.")
    messages.success(request, on if wallet.automatic_below is not None else off)
    return redirect("portal:wallet")


@addresses.posted("portal:wallet")
@login_required
def enter_code(request: PersonRequest) -> HttpResponse:
    """A refusal says why, in one sentence."""
    code = typed.line(request.POST.dict(), "code")
    try:
        redemption, fresh = redeeming.enter(user=request.user, code=code)
    except Conflict as refused:
        return _page(request, code=code, refusal=refused.text, status=409)
    promotion = redemption.promotion
    facts = {"code": promotion.code, "off": offers.gives(promotion)}
    if not fresh:
        messages.info(request, _("You have entered %(code)s before.") % facts)
    elif promotion.kind == Promotion.Kind.VOUCHER:
        messages.success(request, _("%(off)s are in your wallet now.") % facts)
    else:
        messages.success(request, _("%(code)s is yours: %(off)s.") % facts)
    return redirect("portal:wallet")


def _page(request: PersonRequest, pk: int | None = None, *, status: int = 200, **facts: Any) -> HttpResponse:
    """`pk`: whose form it was that is shown again."""
    forms = {"top_up": facts.pop("top_up", None), "automatic": facts.pop("automatic", None)}
    wanted = typed.number(request.GET.dict(), "amount")
    shown = [
        {
            "purse": purse,
            "form": (forms["top_up"] if purse.driver.pk == pk else None) or _top_up_form(purse, wanted),
            "automatic": (forms["automatic"] if purse.driver.pk == pk else None) or _automatic_form(purse),
        }
        for purse in purses.of(request.user)
    ]
    fleets = memberships.belonging().filter(driver__user=request.user).select_related("company__operator")
    context = {
        "purses": shown,
        "fleets": fleets,
        "redemptions": purses.redemptions(request.user)[: purses.SHOWN],
        **facts,
    }
    return render(request, "driver/wallet.html", context, status=status)


def _top_up_form(purse: purses.Purse, wanted: int | None) -> TopUpForm:
    """`wanted`: an amount that was tapped on."""
    usual = purse.amounts
    first = usual[0] if usual else purse.policy.smallest_top_up
    amount = next((one for one in usual if one == wanted), first)
    return TopUpForm(
        initial={"amount": amount, "key": secrets.token_hex(16)},
        auto_id=f"top-up-{purse.driver.pk}-%s",
    )


def _automatic_form(purse: purses.Purse) -> AutomaticForm:
    wallet = purse.wallet
    initial: dict[str, Decimal | None] = {}
    if wallet is not None and wallet.automatic_below is not None:
        initial = {"below": wallet.automatic_below, "amount": wallet.automatic_amount}
    return AutomaticForm(initial=initial, auto_id=f"automatic-{purse.driver.pk}-%s")


def _said(request: PersonRequest, payment: Payment) -> HttpResponse:
    facts = {"amount": money(payment.amount, payment.currency)}
    if payment.status == Status.CAPTURED:
        messages.success(request, _("%(amount)s are in your wallet now.") % facts)
    elif payment.status == Status.FAILED:
        messages.error(request, declines.sentence(payment.error_code))
    else:
        messages.info(request, _("The bank has not answered yet. The money appears here once it has."))
    return redirect("portal:wallet")


def _mine(request: PersonRequest, pk: int) -> Driver:
    return get_object_or_404(mine.drivers(request.user), pk=pk)
