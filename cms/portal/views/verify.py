"""`/verify/<token>/`: what the meter signed about one charge, for whoever holds the receipt. No account: the token is the key."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from billing import pricing
from billing.models import CDR
from cms import sworn
from cms.portal.views import addresses
from sessions_app.models import ChargingSession
from sessions_app.selectors import proof
from stations.models import EVSE

SOFTWARE = "https://safe-ev.de/transparenzsoftware/"


@addresses.secret
def page(request: HttpRequest, token: str) -> HttpResponse:
    session = _session(token)
    cdr = CDR.objects.standing().filter(session=session).first()
    evse = EVSE.objects.filter(station=session.station_id, evse_id=session.evse_id or 0).first()
    energy = cdr.energy if cdr else session.energy
    context = {
        "session": session,
        "cdr": cdr,
        "held": cdr is not None and not CDR.objects.billable().filter(pk=cdr.pk).exists(),
        "energy": energy,
        "evse": evse,
        "zone": pricing.zone_of(session).key,
        "token": token,
        "software": SOFTWARE,
        "panel": sworn.panel(proof.of_session(session.pk), energy),
    }
    return render(request, "driver/verify.html", context)


@addresses.secret
def record(request: HttpRequest, token: str, number: int | None = None) -> HttpResponse:
    """The records, or one of them, for the transparency software."""
    session = _session(token)
    found = proof.of_session(session.pk)
    if number is not None and not 1 <= number <= len(found.records):
        raise Http404("no such record")
    text = sworn.document(found, transaction=session.pk, number=number)
    name = f"colonnina-{session.pk}{f'-{number}' if number else ''}.xml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/xml; charset=utf-8", headers=headers)


def _session(token: str) -> ChargingSession:
    related = ChargingSession.objects.select_related("operator", "location", "station")
    return get_object_or_404(related, verification__token=token)
