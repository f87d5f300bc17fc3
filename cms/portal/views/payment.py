"""`/payment/`: my cards, what is held on them, and what is still to be paid."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.doors import PersonRequest
from billing.models import Payment, PaymentMethod
from billing.payments import declines
from billing.services.cards import methods, payments, saved_cards
from billing.services.debts import settling
from cms.core.errors import DomainError
from cms.portal.selectors import accounts, mine
from cms.portal.views import addresses, paying

Status = Payment.Status


@login_required
@never_cache
def page(request: PersonRequest) -> HttpResponse:
    return render(request, "driver/payment.html", {"accounts": accounts.of(request.user)})


# ---- cards -----------------------------------------------------------------------------------------------------------


@addresses.posted("portal:payment")
@login_required
def add_card(request: PersonRequest, pk: int) -> HttpResponse:
    """At the operator of this driver row: cards are kept at the operator's provider."""
    driver = get_object_or_404(mine.drivers(request.user), pk=pk)
    back = request.build_absolute_uri(reverse("portal:card-saved", args=[driver.pk]))
    try:
        method = methods.add(payer=driver, return_url=back)
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("portal:payment")
    return paying.page(request, method, {}, back=back)


@login_required
@never_cache
def card_saved(request: PersonRequest, pk: int) -> HttpResponse:
    """Back from the card page: the provider is asked, whatever the address says."""
    driver = get_object_or_404(mine.drivers(request.user), pk=pk)
    pending = PaymentMethod.objects.filter(driver=driver, status=PaymentMethod.Status.PENDING)
    method = pending.order_by("-pk").first()
    if method is None:
        return redirect("portal:payment")
    try:
        method = methods.refresh(method=method)
    except DomainError as error:
        messages.error(request, error.text)
    if method.status == PaymentMethod.Status.ACTIVE:
        messages.success(request, _("%(card)s is saved.") % {"card": str(method).capitalize()})
    elif method.error_code:
        messages.error(request, declines.sentence(method.error_code))
    return redirect("portal:payment")


@require_POST
@login_required
def use_card(request: PersonRequest, pk: int) -> HttpResponse:
    return _with_card(request, pk, methods.make_default, _("%(card)s is charged from now on."))


@require_POST
@login_required
def remove_card(request: PersonRequest, pk: int) -> HttpResponse:
    return _with_card(request, pk, saved_cards.remove, _("%(card)s is removed."))


def _with_card(request: PersonRequest, pk: int, action: Callable[..., None], said: str) -> HttpResponse:
    method = accounts.card(request.user, pk)
    if method is None:
        raise Http404("no such card of yours")
    try:
        action(method=method)
    except DomainError as error:
        messages.error(request, error.text)
    else:
        messages.success(request, said % {"card": str(method).capitalize()})
    return redirect("portal:payment")


# ---- debts -------------------------------------------------------------------------------------------------------------


@login_required
@never_cache
def pay(request: PersonRequest, pk: int) -> HttpResponse:
    """What a charge still costs, with a saved card (POST `card`) or with one that is given on the next page. A payment that waits
    for its card is gone on with; a second tap finds it."""
    cdr = accounts.debt(request.user, pk)
    if cdr is None or cdr.driver is None:
        raise Http404("no such charge of yours")
    back = request.build_absolute_uri(reverse("portal:pay-debt-back", args=[pk]))
    open_ = cdr.payments.filter(status__in=(Status.PENDING, Status.ACTION_NEEDED)).first()
    left = settling.open_amount(cdr)
    if open_ is None and (left <= 0 or request.method != "POST"):
        return redirect("portal:payment")
    number = request.POST.get("card", "")
    chosen = accounts.card(request.user, int(number)) if number.isdecimal() and len(number) < 19 else None
    try:
        payment = open_ or payments.charge(
            operator=cdr.operator,
            amount=left,
            currency=cdr.currency,
            key=f"cdr-{cdr.uid}-by-hand-{cdr.payments.count() + 1}",
            purpose=Payment.Purpose.CHARGE,
            method=chosen if chosen is not None and chosen.driver_id == cdr.driver_id else None,
            driver=cdr.driver,
            cdr=cdr,
            return_url=back,
        )
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("portal:payment")
    if payment.status == Status.ACTION_NEEDED:
        return paying.page(request, payment, {}, back=back)
    return _said(request, payment)


@login_required
@never_cache
def paid(request: PersonRequest, pk: int) -> HttpResponse:
    cdr = accounts.debt(request.user, pk)
    if cdr is None:
        raise Http404("no such charge of yours")
    payment = cdr.payments.order_by("-pk").first()
    if payment is None:
        return redirect("portal:payment")
    try:
        payment = payments.refresh(payment=payment)
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("portal:payment")
    return _said(request, payment)


def _said(request: PersonRequest, payment: Payment) -> HttpResponse:
    if payment.status == Status.CAPTURED:
        messages.success(request, _("Paid. Thank you."))
    elif payment.status == Status.FAILED or payment.error_code:
        messages.error(request, declines.sentence(payment.error_code))
    elif payment.status == Status.PENDING:
        messages.info(request, _("Your bank is working on it. We tell you how it ends."))
    return redirect("portal:payment")
