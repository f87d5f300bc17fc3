"""What an EVSE and its plugs are: the sticker's code, the current, the power. And its QR code for printing."""

import io

import segno
from django.conf import settings
from django.contrib import messages
from django.forms import modelformset_factory
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts import access
from accounts.doors import MemberRequest, members_only
from stations.models import EVSE, Connector
from stations.services import announce
from stations.views import links
from stations.views.forms import ConnectorForm, EvseForm

Connectors = modelformset_factory(Connector, form=ConnectorForm, extra=0)


@members_only("station.view")
def edit(request: MemberRequest, key: str, evse_id: int) -> HttpResponse:
    station = links.station_or_404(request.user, key)
    access.demand(request.user, "station.edit", station)
    evse = get_object_or_404(station.evses, evse_id=evse_id)
    code = evse.uid
    form = EvseForm(request.POST if request.method == "POST" else None, instance=evse)
    plugs = Connectors(
        request.POST if request.method == "POST" else None,
        queryset=evse.connectors.order_by("connector_id"),
        prefix="plug",
    )
    if request.method == "POST" and form.is_valid() and plugs.is_valid():
        form.save()
        plugs.save()
        announce.stations([station.pk])
        messages.success(request, _("Saved."))
        return redirect(links.page(station, "setup"))
    context = {"station": station, "evse": evse, "code": code, "form": form, "plugs": plugs}
    wrong = form.errors or any(plugs.errors)
    return render(request, "operator/stations/evse.html", context, status=400 if wrong else 200)


def public_address(evse: EVSE) -> str:
    """What the sticker's QR code holds."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/c/{evse.uid}"


@members_only("station.view")
def qr(request: MemberRequest, key: str, evse_id: int) -> HttpResponse:
    """SVG, error correction M: survives a scratch, still reads at 25 mm."""
    station = links.station_or_404(request.user, key)
    evse = get_object_or_404(station.evses, evse_id=evse_id)
    out = io.BytesIO()
    segno.make(public_address(evse), error="m").save(out, kind="svg", scale=8, border=4, light="white", title=evse.uid)
    answer = HttpResponse(out.getvalue(), content_type="image/svg+xml")
    name = f"{station.identity}-{evse.evse_id}.svg".replace('"', "")
    disposition = "attachment" if "download" in request.GET else "inline"
    answer["Content-Disposition"] = f'{disposition}; filename="{name}"'
    return answer
