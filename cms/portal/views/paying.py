"""Where a payer gives a card: our own page with the fake provider, the provider's form inside ours with Stripe. Only this page
may talk to the provider's host, and only here is its script loaded."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from billing.models import Payment, PaymentMethod
from billing.payments import declines

FAKE = "fake"
_SCRIPTS = ["https://js.stripe.com", "https://*.js.stripe.com"]
_STRIPE = {  # docs.stripe.com/security/guide, Content Security Policy
    "script-src": _SCRIPTS,
    "frame-src": [*_SCRIPTS, "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
}


def page(request: HttpRequest, asked: Payment | PaymentMethod, facts: Mapping[str, Any], *, back: str) -> HttpResponse:
    """`asked` waits for a card: a payment, or a card that is being saved. `back` is where the payer is sent afterwards, absolute."""
    if asked.gateway == FAKE or not asked.client_secret:
        return redirect(asked.action_url or back)
    key = settings.STRIPE_PUBLISHABLE_KEY
    said = (
        declines.sentence(asked.error_code) if asked.error_code else ""
    )  # in the reader's language, whoever heard it first
    context = {"asked": asked, "operator": asked.operator, "back": back, "key": key, **facts, "declined": said}
    form = partial(render, template_name="driver/pay_stripe.html", context=context)
    return cast(HttpResponse, csp_update(_STRIPE)(form)(request))
