"""`/plan/`: what my plan includes, what is used, what comes after; choosing, changing, pausing and leaving it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.doors import PersonRequest
from accounts.services import drivers
from billing.models import Payment, PlanVersion, Subscription, SubscriptionFee
from billing.payments import declines
from billing.selectors import plans as figures
from billing.services.cards import methods, payments
from billing.services.recurring import choosing, collecting, fees, subscriptions, withdrawing
from cms.core import typed
from cms.core.errors import DomainError, Unavailable
from cms.portal.selectors import plans as selectors
from cms.portal.views import paying
from cms.templatetags.figures import money

_WAITS = frozenset({Payment.Status.ACTION_NEEDED, Payment.Status.PENDING})


@login_required
def page(request: PersonRequest) -> HttpResponse:
    context = {
        "mine": selectors.of(request.user),
        "offers": selectors.offers(request.user),
        "owed": selectors.owed(request.user),
    }
    return render(request, "driver/plan.html", context)


@login_required
def choose(request: PersonRequest, pk: int) -> HttpResponse:
    """GET says what it means and costs; POST does it at exactly that price."""
    version = selectors.offer(pk)
    if version is None:
        raise Http404
    running = _running(request, version)
    try:
        if request.method == "POST":
            return _chosen(request, version, running)
        told = choosing.quote(subscription=running, version=version) if running else None
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("portal:plan")
    driver = selectors.driver_at(request.user, version.plan.operator)
    context = {
        "version": version,
        "after": figures.price_after(version.plan),
        "running": running,
        "told": told,
        "card": methods.default_of(driver) if driver else None,
    }
    return render(request, "driver/plan_choose.html", context)


@never_cache
@login_required
def pay(request: PersonRequest, pk: int) -> HttpResponse:
    """Where a card is given, or the bank is asked, for a fee of mine."""
    fee = get_object_or_404(selectors.fee_of(request.user, pk).select_related("payment__operator", "version__plan"))
    if fee.payment is None or fee.payment.status not in _WAITS:
        return redirect("portal:plan")
    return paying.page(request, fee.payment, {"fee": fee}, back=_back(request))


@never_cache
@login_required
def paid(request: PersonRequest) -> HttpResponse:
    """Back from the card page or the bank: the provider is asked how it ended, whatever the address says."""
    fee = selectors.waiting_fee(request.user)
    if fee is None or fee.payment is None:
        return redirect("portal:plan")
    try:
        payments.refresh(payment=fee.payment)
        fee = collecting.follow(fee_id=fee.pk)
    except Unavailable:
        messages.info(request, _("The bank has not answered yet. This page will say as soon as it has."))
        return redirect("portal:plan")
    return _told(request, fee)


@require_POST
@login_required
def settle(request: PersonRequest, pk: int) -> HttpResponse:
    """Pays an open fee now, by the saved card or a new one."""
    fee = get_object_or_404(selectors.fee_of(request.user, pk))
    try:
        fee = collecting.collect(fee_id=fee.pk, name=fees.next_by_hand(fee), return_url=_back(request))
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("portal:plan")
    return _after(request, fee)


@require_POST
@login_required
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """The second of two taps."""
    row = _do(request, pk, lambda mine: subscriptions.cancel(subscription=mine, by=request.user))
    if row is not None and row.cancel_on:
        day = date_format(row.cancel_on - timedelta(days=1), "DATE_FORMAT")
        messages.success(request, _("Cancelled. It works as before until %(day)s.") % {"day": day})
    return redirect("portal:plan")


@require_POST
@login_required
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    """Out of the contract, within its first days, for the amount that the page has shown."""
    back = _amount(request, "back")
    row = _do(
        request, pk, lambda mine: withdrawing.withdraw(subscription=mine, expected=back, by=request.user) and mine
    )
    if row is not None:
        amount = money(back, row.version.currency)
        messages.success(request, _("You have withdrawn. %(amount)s go back to your card.") % {"amount": amount})
    return redirect("portal:plan")


@require_POST
@login_required
def keep(request: PersonRequest, pk: int) -> HttpResponse:
    if _do(request, pk, lambda mine: subscriptions.reactivate(subscription=mine, by=request.user)):
        messages.success(request, _("Your plan goes on."))
    return redirect("portal:plan")


@require_POST
@login_required
def pause(request: PersonRequest, pk: int) -> HttpResponse:
    months = typed.number(request.POST, "months") or 0
    row = _do(request, pk, lambda mine: subscriptions.pause(subscription=mine, for_months=months, by=request.user))
    if row is not None and row.pause_from:
        day = date_format(row.pause_from, "DATE_FORMAT")
        messages.success(request, _("The pause begins on %(day)s.") % {"day": day})
    return redirect("portal:plan")


@require_POST
@login_required
def resume(request: PersonRequest, pk: int) -> HttpResponse:
    """Drops a pause that is planned, or ends one with a month that begins and is paid today: by the saved card, or one that is given
    now."""
    mine = get_object_or_404(selectors.subscriptions(request.user), pk=pk)
    try:
        fee = subscriptions.resume(subscription=mine, by=request.user)
        if fee is None:
            messages.success(request, _("There will be no pause."))
            return redirect("portal:plan")
        fee = collecting.collect(fee_id=fee.pk, name=fees.next_by_hand(fee), return_url=_back(request))
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("portal:plan")
    return _after(request, fee)


# ---- choosing ---------------------------------------------------------------------------------------------------------


def _running(request: PersonRequest, version: PlanVersion) -> Subscription | None:
    rows = selectors.subscriptions(request.user).live().filter(operator=version.plan.operator)
    return rows.exclude(status=Subscription.Status.STARTING).first()


def _chosen(request: PersonRequest, version: PlanVersion, running: Subscription | None) -> HttpResponse:
    back = _back(request)
    if running is None:
        driver = drivers.of(user=request.user, operator=version.plan.operator)
        return _after(request, choosing.subscribe(driver=driver, version=version, by=request.user, return_url=back))
    fee = choosing.change(
        subscription=running,
        version=version,
        expected=_amount(request, "due"),
        by=request.user,
        return_url=back,
    )
    if fee is None:
        running.refresh_from_db()
        stays = _("%(plan)s is your plan.") % {"plan": version.plan.name}
        later = _("Done. The change begins with your next month.")
        messages.success(request, stays if running.version_id == version.pk else later)
        return redirect("portal:plan")
    return _after(request, fee)


def _amount(request: PersonRequest, name: str) -> Decimal:
    """What the page had shown; without a number one that no change costs."""
    try:
        return forms.DecimalField(max_digits=12, localize=False).clean(request.POST.get(name)) or Decimal(0)
    except ValidationError:
        return Decimal(-1)


def _after(request: PersonRequest, fee: SubscriptionFee) -> HttpResponse:
    """To the card page where it waits for the driver, else what came of it."""
    if fee.paid_at is None and fee.dropped_at is None and fee.payment and fee.payment.status in _WAITS:
        return redirect("portal:plan-pay", fee.pk)
    return _told(request, fee)


def _told(request: PersonRequest, fee: SubscriptionFee) -> HttpResponse:
    if fee.paid_at and not fee.dropped_at:
        messages.success(request, _("Paid. Thank you."))
    elif fee.payment and fee.payment.status == Payment.Status.FAILED:
        messages.error(request, declines.sentence(fee.payment.error_code))
    else:
        messages.info(request, _("Nothing was paid, and nothing has changed."))
    return redirect("portal:plan")


def _back(request: PersonRequest) -> str:
    return request.build_absolute_uri(reverse("portal:plan-paid"))


def _do(request: PersonRequest, pk: int, work: Callable[[Subscription], Any]) -> Subscription | None:
    mine = get_object_or_404(selectors.subscriptions(request.user), pk=pk)
    try:
        done: Subscription = work(mine)
    except DomainError as error:
        messages.error(request, error.text)
        return None
    return done
