"""`/c/<code>/`: the page behind the sticker. Price before anything else (AFIR art. 5), then one button."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.http import require_POST

from accounts.doors import PersonRequest
from accounts.services import drivers, tokens
from billing.selectors import adhoc as adhoc_charges
from billing.services import adhoc
from cms.core.errors import DomainError
from cms.dashboard import blocks
from cms.dashboard.blocks import Block
from cms.portal import pocket, rides, screen_codes, situations, texts
from cms.portal.selectors import evses, help_lines, mine, places, prices
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


@require_POST
def start(request: PersonRequest, code: str) -> HttpResponse:
    """A second tap finds the first start. Refusals come back as a sentence on the same page. Who is signed out by then
    signs in and comes back to the page, not to this address: a start is a tap, never a redirect."""
    evse = evses.by_code(code)
    if evse is None:
        return unknown(request, code)
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("portal:evse", args=[evse.uid]))
    if ride := _mine_on(request, evse):
        return redirect(ride.url)
    try:
        driver = drivers.of(user=request.user, operator=evse.station.operator)
        token = tokens.issue_app_token(driver=driver)
        begun = starts.remote(evse=evse, token=token, by=request.user, driver=driver)
    except DomainError as error:
        return refused(request, evse, error)
    return redirect("portal:live", begun.public_token)


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
    ride = _mine_on(request, evse)
    awaited = ride is None and adhoc.awaited(evse)
    landing = situations.at(evses.seen([evse])[0], ride=ride, awaited=awaited)
    version = prices.versions([evse], at=at, asker=request.user)[evse.pk]
    hold = None if request.user.is_authenticated else adhoc.hold_under(version, evse.station.operator)
    context = {
        "landing": landing,
        "evse": evse,
        "station": evse.station,
        "location": evse.station.location,
        "card": prices.card_under(version, evse, at=at),
        "other": places.alternative_to(landing.now, at=at, asker=request.user) if landing.needs_another else None,
        "refusal": refusal,
        "scan_again": not entry.open and landing.can_start,
        "hold": hold,
        "currency": version.currency if version else "",
    }
    block = Block("driver/_evse.html", dict)
    return blocks.page(request, "driver/evse.html", context, {"landing": block}, status=status)


def _mine_on(request: HttpRequest, evse: EVSE) -> rides.Ride | None:
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
