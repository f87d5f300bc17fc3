"""`/s/<token>/stars/` and `/history/<id>/stars/`: how it went, with one tap, for whoever may see the receipt."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.doors import PersonRequest
from cms.core import typed
from cms.core.errors import DomainError
from cms.portal import rides
from cms.portal.rides import Ride
from cms.portal.views import addresses, adhoc
from sessions_app.services import feedback


@addresses.posted("portal:done", "token")
def by_token(request: HttpRequest, token: str) -> HttpResponse:
    charge = adhoc.of(request, token)
    return _given(request, rides.of_adhoc(charge)) if charge else _mine(cast(PersonRequest, request), token)


@login_required
def _mine(request: PersonRequest, token: str) -> HttpResponse:
    return _given(request, rides.by_token(request.user, token))


@addresses.posted("portal:charge", "pk")
@login_required
def by_session(request: PersonRequest, pk: int) -> HttpResponse:
    return _given(request, rides.by_session(request.user, pk))


def _given(request: HttpRequest, ride: Ride | None) -> HttpResponse:
    if ride is None or ride.session is None:
        raise Http404("no such charge of yours")
    try:
        feedback.give(session=ride.session, stars=typed.number(request.POST.dict(), "stars") or 0)
    except DomainError as refused:
        messages.error(request, refused.text)
    return redirect(f"{ride.done_url}#stars")
