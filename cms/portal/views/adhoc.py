"""Charging without an account: `/c/<code>/pay/` begins it, `/pay/<token>/…` is where the card is given, `/s/<token>/…` follows it
(docs/decisions/0023). The token in the address is the only key there is."""

import re
from collections.abc import Callable
from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from billing.models import AdhocCharge, Payment
from billing.selectors import adhoc as charges
from billing.services.cards import adhoc, payments
from cms.core.errors import Conflict, DomainError
from cms.dashboard import blocks
from cms.dashboard.blocks import Block
from cms.portal import pocket, rides, screen_codes, situations, texts
from cms.portal.price_card import PriceCard
from cms.portal.rides import Ride
from cms.portal.selectors import alternatives, evses, prices
from cms.portal.views import addresses, landing, paying

_SECRET = re.compile(r"[\w-]{22}", re.ASCII)  # as adhoc.new_secret makes them
_DONE = frozenset({Payment.Status.AUTHORIZED, Payment.Status.CAPTURED})


@addresses.posted("portal:evse", "code")
def begin(request: HttpRequest, code: str) -> HttpResponse:
    """The tap on "pay and start". A second tap, and the same phone again, find the first. A free charge starts at once."""
    evse = evses.by_code(code)
    if evse is None:
        return landing.unknown(request, code)
    at = timezone.now()
    entry = screen_codes.entry(request, evse, at=at)
    if not entry.open and entry.interval is None:  # what was scanned and spent meanwhile is refused with its reason
        return redirect("portal:evse", evse.uid)
    if ride := landing.mine_on(request, evse):
        return redirect(ride.url)
    if not situations.at(
        evses.seen([evse])[0], ride=None
    ).can_start:  # faulty, reserved, taken: nobody is asked for money
        return landing.show(request, evse, entry=entry, status=409)
    try:
        if not ratelimit.consume(request, action="charge_without_account"):
            raise Conflict("too many tries", code="too_many")
        charge = adhoc.begin(
            evse=evse,
            language=get_language() or "it",
            shown=_evidence(prices.card_of(evse, at=at, user=request.user)),
            known=pocket.charges(request),
            interval=entry.interval,
            secret=key if _SECRET.fullmatch(key := request.POST.get("key", "")) else "",
        )
        if not charge.hold:
            charge = adhoc.pursue(charge_id=charge.pk)
    except DomainError as error:
        return landing.refused(request, evse, error)
    return pocket.keep_charge(redirect(_place(charge), charge.public_token), request, charge.public_token)


@addresses.secret
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """The hold is asked for when this page opens, and the card given on it."""
    charge = _found(token)
    if charge.status != AdhocCharge.Status.PAYING or not charge.hold:
        return redirect("portal:live", token)
    back = request.build_absolute_uri(reverse("portal:paid", args=[token]))
    try:
        payment = adhoc.pay(charge=charge, return_url=back)
    except DomainError as error:
        return landing.refused(request, charge.evse, error)
    if payment.status in _DONE:
        return redirect("portal:paid", token)
    facts = {"charge": charge, "evse": charge.evse, "location": charge.evse.station.location}
    return paying.page(request, payment, facts, back=back)


@addresses.secret
def paid(request: HttpRequest, token: str) -> HttpResponse:
    """From the bank, or from our own card page: the provider is asked how it ended, whatever the address says."""
    charge = _found(token)
    try:
        if charge.payment is not None:
            payments.refresh(payment=charge.payment)
        charge = adhoc.pursue(charge_id=charge.pk)
    except DomainError as error:
        return landing.refused(request, charge.evse, error)
    return redirect(_place(charge), token)


@addresses.posted("portal:pay", "token")
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Back to the socket's page; whatever was held is let go."""
    charge = _found(token)
    if charge.status == AdhocCharge.Status.PAYING:
        adhoc.give_up(charge=charge)
        messages.info(request, _("Cancelled. You pay nothing."))
    return redirect("portal:evse", charge.evse.uid)


def of(request: HttpRequest, token: str) -> AdhocCharge | None:
    """None: a driver with an account has to sign in for it. Raises Http404 where it is nobody's: a link that was cut short."""
    charge = charges.by_token(token)
    if charge is None and not request.user.is_authenticated and not rides.known(token):
        raise Http404("no such charge")
    return charge


def follow(
    request: HttpRequest, charge: AdhocCharge, page: Callable[[HttpRequest, Ride], HttpResponse]
) -> HttpResponse:
    """The ride's own page, or the one for what has no ride yet, or never will."""
    ride = rides.of_adhoc(charge)
    if charge.status == AdhocCharge.Status.PAYING:
        return redirect("portal:pay", charge.public_token)
    if ride is None or (charge.status == AdhocCharge.Status.DROPPED and ride.session is None):
        return _dropped(request, charge, ride)
    return page(request, ride)


def _dropped(request: HttpRequest, charge: AdhocCharge, ride: Ride | None) -> HttpResponse:
    """Nothing began: why, and what became of the money."""
    here = reverse("portal:live", args=[charge.public_token])
    if "HX-Request" in request.headers and request.headers.get("HX-Target") != "dropped":
        return HttpResponseClientRedirect(here)
    at = timezone.now()
    payment = charge.payment
    context = {
        "charge": charge,
        "ride": ride,
        "evse": charge.evse,
        "why": texts.DROPPED.get(charge.reason, texts.START_REFUSED),
        "held": payment if payment is not None and payment.status == Payment.Status.AUTHORIZED else None,
        "released": payment if payment is not None and payment.status == Payment.Status.RELEASED else None,
        "other": alternatives.to(evses.seen([charge.evse])[0], at=at, asker=request.user),
    }
    return blocks.page(request, "driver/dropped.html", context, {"dropped": Block("driver/_dropped.html", dict)})


def _place(charge: AdhocCharge) -> str:
    return "portal:pay" if charge.status == AdhocCharge.Status.PAYING and charge.hold else "portal:live"


def _evidence(card: PriceCard) -> dict[str, Any]:
    """The price as it stood on the page."""
    lines = [[line.label, line.value, line.hint] for line in card.lines]
    return {"sentence": card.sentence, "amount": card.amount, "unit": card.unit, "when": card.when, "lines": lines}


def _found(token: str) -> AdhocCharge:
    charge = charges.by_token(token)
    if charge is None:
        raise Http404("no such charge")
    return charge
