"""`/history/<id>/price/`: every figure of a driver's own charge, derived."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from accounts.doors import PersonRequest
from billing import pricing
from billing.selectors import explanations
from cms.portal import rides


@login_required
def page(request: PersonRequest, pk: int) -> HttpResponse:
    ride = rides.by_session(request.user, pk)
    if ride is None or ride.session is None:
        raise Http404("no such charge of yours")
    language = get_language() or "it"
    told = explanations.of(ride.session, language)
    if told.trace is None or told.version is None:
        raise Http404("it costs nothing")
    sentence = pricing.describe(told.version, language)
    context = {
        "ride": ride,
        "session": ride.session,
        "told": told,
        "sentence": sentence,
        "whose": explanations.whose(told),
        "zone": pricing.zone_of(ride.session).key,
    }
    return render(request, "driver/price.html", context)
