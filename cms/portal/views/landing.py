"""`/c/<code>/`: the page behind the sticker. Price before anything else (AFIR art. 5), then one button."""

import secrets
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.cache import never_cache

from accounts.doors import PersonRequest
from accounts.models import Driver, User
from accounts.services import drivers, tokens
from billing.models import Payment
from billing.payments import declines
from billing.selectors import adhoc as adhoc_charges
from billing.services.cards import adhoc, held_starts, methods, payments, sockets, up_front
from cms.core.errors import DomainError
from cms.dashboard import blocks
from cms.dashboard.blocks import Block
from cms.portal import pocket, rides, screen_codes, situations, texts
from cms.portal.selectors import accounts, alternatives, evses, help_lines, mine, plans, prices
from cms.portal.views import addresses, paying
from sessions_app.services import starts
from stations.models import EVSE


def page(request: HttpRequest, code: str) -> HttpResponse:
    evse = evses.by_code(code)
    if evse is None:
        return unknown(request, code)
    if evse.uid != code:
        return redirect(_canonical(request, evse))
    entry = screen_codes.entry(request, evse, at=timezone.now())
    if entry.fresh and entry.interval is not None:  # the code has done its work: no bookmark and no history keeps it
        return pocket.keep_scan(redirect("portal:evse", evse.uid), evse, entry.interval)
    return show(request, evse, entry=entry)


def typed(request: HttpRequest) -> HttpResponse:
    """The code from a form: the way in without a camera."""
    code = request.GET.get("code", "").strip()
    return redirect("portal:evse", code.replace("/", "")) if code.strip("/") else redirect("portal:find")


def unknown(request: HttpRequest, code: str) -> HttpResponse:
    """Says what was read, which codes it may have been, and whom to call."""
    lines = [operator for operator in help_lines.of(request.user, None) if operator.support_phone]
    context = {"code": code[:60], "meant": evses.meant(code), "lines": lines}
    return render(request, "driver/unknown.html", context, status=404)


@addresses.posted("portal:evse", "code")
def start(request: PersonRequest, code: str) -> HttpResponse:
    """A second tap finds the first start. Refusals come back as a sentence on the same page. Who is signed out by then
    signs in and comes back to the page, not to this address: a start is a tap, never a redirect."""
    evse = evses.by_code(code)
    if evse is None:
        return unknown(request, code)
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("portal:evse", args=[evse.uid]))
    if ride := mine_on(request, evse):
        return redirect(ride.url)
    try:
        driver = drivers.of(user=request.user, operator=evse.station.operator)
        amount = held_starts.amount_for(user=request.user, evse=evse, at=timezone.now())
        if amount:
            return _hold(request, evse, driver, amount)
        token = tokens.issue_app_token(driver=driver)
        begun = starts.remote(evse=evse, token=token, by=request.user, driver=driver)
    except DomainError as error:
        return refused(request, evse, error)
    return redirect("portal:live", begun.public_token)


@login_required
@never_cache
def held(request: PersonRequest, code: str, key: str) -> HttpResponse:
    """From the card page, or from the bank: the provider is asked how it ended, then the station is."""
    evse = evses.by_code(code)
    driver = mine.drivers(request.user).filter(operator=evse.station.operator_id).first() if evse else None
    payment = held_starts.of(driver=driver, evse=evse, key=key) if driver and evse else None
    if evse is None or payment is None:
        raise Http404("no such hold of yours")
    try:
        payment = payments.refresh(payment=payment)
        if payment.status == Payment.Status.AUTHORIZED:
            return redirect("portal:live", held_starts.start(payment=payment, evse=evse, by=request.user).public_token)
    except DomainError as error:
        return refused(request, evse, error)
    if payment.status == Payment.Status.ACTION_NEEDED:
        return paying.page(request, payment, {}, back=request.build_absolute_uri(request.path))
    if payment.status == Payment.Status.FAILED:
        return show(request, evse, refusal=declines.sentence(payment.error_code), status=402)
    return redirect("portal:evse", evse.uid)


def _hold(request: PersonRequest, evse: EVSE, driver: Driver, amount: Decimal) -> HttpResponse:
    """On the card that was chosen, else on the one that is charged, else on one that is given on the next page."""
    number = request.POST.get("card", "")
    chosen = accounts.card(request.user, int(number)) if number.isdecimal() and len(number) < 19 else None
    method = chosen if chosen is not None and chosen.driver_id == driver.pk else methods.default_of(driver)
    key = request.POST.get("key", "")
    key = key if key.isalnum() and len(key) <= 32 else secrets.token_hex(8)
    here = reverse("portal:held", args=[evse.uid, key])
    held_starts.hold(
        driver=driver,
        evse=evse,
        amount=amount,
        method=None if number == "other" else method,
        key=key,
        return_url=request.build_absolute_uri(here),
    )
    return redirect(here)


def refused(request: HttpRequest, evse: EVSE, error: DomainError) -> HttpResponse:
    """The same page again, with the reason in words."""
    return show(request, evse, refusal=texts.REFUSED.get(error.code, error.text), status=error.http_status)


def show(
    request: HttpRequest,
    evse: EVSE,
    *,
    entry: screen_codes.Entry | None = None,
    refusal: Promise | str = "",
    status: int = 200,
) -> HttpResponse:
    at = timezone.now()
    entry = entry or screen_codes.entry(request, evse, at=at)
    ride = mine_on(request, evse)
    awaited = ride is None and sockets.awaited(evse)
    landing = situations.at(evses.seen([evse])[0], ride=ride, awaited=awaited)
    version = prices.versions([evse], at=at, asker=request.user)[evse.pk]
    pays = accounts.at_start(request.user, evse, at=at) if isinstance(request.user, User) else None
    hold = pays.hold if pays else up_front.hold_under(version, evse.station.operator)
    context = {
        "landing": landing,
        "evse": evse,
        "station": evse.station,
        "location": evse.station.location,
        "card": prices.card_under(version, evse, at=at),
        "left": None if pays and pays.company else plans.left_at(request.user, evse),
        "other": alternatives.to(landing.now, at=at, asker=request.user) if landing.needs_another else None,
        "refusal": refusal,
        "last": adhoc_charges.last_ended(pocket.charges(request)) if ride is None else None,
        "scan_again": not entry.open and landing.can_start,
        "hold": hold,
        "pays": pays,
        "secret": adhoc.new_secret(),
        "currency": version.currency if version else "",
    }
    block = Block("driver/_evse.html", dict)
    return blocks.page(request, "driver/evse.html", context, {"landing": block}, status=status)


def mine_on(request: HttpRequest, evse: EVSE) -> rides.Ride | None:
    """A charge of this phone's or of this account's."""
    pocketed = adhoc_charges.running(pocket.charges(request), evse=evse.pk)
    if pocketed:
        return rides.of_adhoc(pocketed[0])
    if not request.user.is_authenticated:
        return None
    running = mine.sessions(request.user).active().filter(station=evse.station_id, evse_id=evse.evse_id)
    if session := running.order_by("-started_at").first():
        return rides.by_session(request.user, session.pk)
    begun = mine.pending_start(request.user, station=evse.station_id, evse_id=evse.evse_id, at=timezone.now())
    return rides.Ride(begun, None) if begun else None


def _canonical(request: HttpRequest, evse: EVSE) -> str:
    query = request.META.get("QUERY_STRING", "")
    return reverse("portal:evse", args=[evse.uid]) + (f"?{query}" if query else "")
