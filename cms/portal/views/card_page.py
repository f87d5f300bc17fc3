"""`/pay/card/<reference>/`: the card page of the fake provider, for newcomers and tests. With a live provider it does not exist:
then the number is typed into the provider's own form and never comes near us."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts.forms import errors
from billing.models import AdhocCharge, Payment, PaymentMethod
from billing.payments import declines, fake_gateway
from billing.payments.gateway import Declined, State, Unknown
from cms.core.errors import Conflict, Invalid
from cms.portal.forms import CardForm

WALLETS = {"apple_pay": "Apple Pay", "google_pay": "Google Pay"}
TEST_CARDS = (
    ("4242 4242 4242 4242", "works"),
    ("4000 0027 6000 3184", "approve"),
    ("4000 0000 0000 9995", "no_money"),
    ("4000 0000 0000 0002", "refused"),
)
_ANY_CARD: dict[str, Any] = {"exp_month": 12, "exp_year": 2040, "cvc": "123"}


@never_cache
def page(request: HttpRequest, reference: str) -> HttpResponse:
    asked = _asked(reference)
    if asked.over:
        return redirect(asked.return_url or "/")
    if request.method != "POST":
        return _page(request, asked)
    if asked.approving:
        return _approve(request, asked)
    return _enter(request, asked)


def _enter(request: HttpRequest, asked: fake_gateway.Asked) -> HttpResponse:
    wallet = request.POST.get("wallet", "")
    form = CardForm(request.POST)
    if wallet not in WALLETS and not form.is_valid():
        return _page(request, asked, form=form, status=400)
    try:
        if wallet in WALLETS:
            state = fake_gateway.enter(asked.reference, "4242424242424242", wallet=wallet, **_ANY_CARD)
        else:
            state = fake_gateway.enter(asked.reference, **form.typed())
    except Invalid as wrong:
        errors.place(form, wrong)
        return _page(request, asked, form=form, status=400)
    except Declined as no:
        return _page(request, asked, form=form, declined=no.text, status=402)
    except Conflict:  # a second tap
        return redirect(asked.return_url or "/")
    return redirect(request.path) if state is State.ACTION_NEEDED else redirect(asked.return_url or "/")


def _approve(request: HttpRequest, asked: fake_gateway.Asked) -> HttpResponse:
    state = fake_gateway.approve(asked.reference, yes=request.POST.get("approve") == "yes")
    if state in (State.AUTHORIZED, State.CAPTURED):
        return redirect(asked.return_url or "/")
    reason = fake_gateway.FakeGateway().retrieve(intent=asked.reference).error_code if asked.amount else ""
    said = declines.sentence(reason or "payment_intent_authentication_failure")
    return _page(request, _asked(asked.reference), declined=said, status=402)


def _page(
    request: HttpRequest,
    asked: fake_gateway.Asked,
    *,
    form: CardForm | None = None,
    declined: str = "",
    status: int = 200,
) -> HttpResponse:
    payment = Payment.objects.filter(gateway="fake", gateway_id=asked.reference).select_related("operator").first()
    method = PaymentMethod.objects.filter(gateway="fake", setup_id=asked.reference).select_related("operator").first()
    whose = payment or method
    context: dict[str, Any] = {
        "asked": asked,
        "form": form or CardForm(),
        "declined": declined,
        "operator": whose.operator if whose else None,
        "cards": TEST_CARDS,
        "wallets": WALLETS.items() if asked.amount is not None else (),
        **about(payment),
    }
    template = "driver/pay_approve.html" if asked.approving else "driver/pay_card.html"
    return render(request, template, context, status=status)


def about(payment: Payment | None) -> dict[str, Any]:
    """What is paid for, where that is a charge without an account: the socket, its price and the way back."""
    charge = (
        AdhocCharge.objects.filter(payment=payment).select_related("evse__station__location").first()
        if payment is not None
        else None
    )
    if charge is None:
        return {}
    return {"charge": charge, "evse": charge.evse, "location": charge.evse.station.location}


def _asked(reference: str) -> fake_gateway.Asked:
    if settings.PAYMENT_GATEWAY != "fake":
        raise Http404("no such page with a live provider")
    try:
        return fake_gateway.asked(reference)
    except Unknown as unknown:
        raise Http404("no such payment") from unknown
