"""`/s/<token>/` and `/history/<id>/` of a running charge: follow it, stop it, be told honestly how it goes.

The token of a charge without an account is its only key: whoever has it may look and stop. Other tokens lead their own driver.
"""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from accounts.doors import PersonRequest
from accounts.models import User
from cms.core.errors import DomainError
from cms.dashboard import blocks
from cms.dashboard.blocks import Block
from cms.portal import rides, texts
from cms.portal.rides import Ride
from cms.portal.selectors import alternatives, evses, progress
from cms.portal.views import addresses, adhoc, receipt
from sessions_app.services import stops


@addresses.secret
def by_token(request: HttpRequest, token: str) -> HttpResponse:
    charge = adhoc.of(request, token)
    return adhoc.follow(request, charge, _live) if charge else _mine(cast(PersonRequest, request), token)


@login_required
def _mine(request: PersonRequest, token: str) -> HttpResponse:
    return _live(request, _found(rides.by_token(request.user, token)))


@login_required
def by_session(request: PersonRequest, pk: int) -> HttpResponse:
    ride = _found(rides.by_session(request.user, pk))
    return _page(request, ride) if ride.running else receipt.page(request, ride)


@addresses.secret
def stop_by_token(request: HttpRequest, token: str) -> HttpResponse:
    charge = adhoc.of(request, token)
    return adhoc.follow(request, charge, _stop) if charge else _stop_mine(cast(PersonRequest, request), token)


@login_required
def _stop_mine(request: PersonRequest, token: str) -> HttpResponse:
    return _stop(request, _found(rides.by_token(request.user, token)))


@login_required
def stop_by_session(request: PersonRequest, pk: int) -> HttpResponse:
    return _stop(request, _found(rides.by_session(request.user, pk)))


def bar(request: HttpRequest) -> HttpResponse:
    """The bar of the running charge alone, for the live link; nothing once it has ended."""
    return render(request, "driver/_bar_only.html")


def _live(request: HttpRequest, ride: Ride) -> HttpResponse:
    return _moved(request, ride) if ride.ended else _page(request, ride)


def _page(request: HttpRequest, ride: Ride) -> HttpResponse:
    at = timezone.now()
    now, evse = progress.of(ride, now=at), rides.evse_of(ride)
    elsewhere = evse is not None and bool(now.failure)
    other = alternatives.to(evses.seen([evse])[0], at=at, asker=request.user) if evse and elsewhere else None
    context = {"ride": ride, "evse": evse, "progress": now, "elsewhere": elsewhere, "other": other}
    return blocks.page(request, "driver/charge.html", context, {"ride": Block("driver/_ride.html", dict)})


def _stop(request: HttpRequest, ride: Ride) -> HttpResponse:
    """GET asks first (the page without JavaScript), POST asks the charger. What has ended needs no stop, and while
    one stop is under way a second tap only shows how it goes."""
    if ride.session is None or not ride.running:
        return redirect(ride.done_url if ride.ended else ride.url)
    now = progress.of(ride, now=timezone.now())
    if request.method != "POST":
        return render(request, "driver/stop.html", {"ride": ride, "progress": now})
    if now.stopping:
        return redirect(ride.url)
    try:
        stops.remote(session=ride.session, by=None if ride.adhoc else cast(User, request.user))
    except DomainError as error:
        messages.error(request, texts.STOP_REFUSALS.get(error.code, error.text))
    return redirect(ride.url)


def _moved(request: HttpRequest, ride: Ride) -> HttpResponse:
    """The charge is over: on to its receipt, also for a block that asks."""
    asked_by_block = "HX-Request" in request.headers
    return HttpResponseClientRedirect(ride.done_url) if asked_by_block else redirect(ride.done_url)


def _found(ride: Ride | None) -> Ride:
    if ride is None:
        raise Http404("no such charge of yours")
    return ride
