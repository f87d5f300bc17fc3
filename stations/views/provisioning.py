"""A station arrives: create it (or adopt one that knocked), show its address and password once, watch it say hello."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from cms.core.errors import Invalid
from stations.models import ChargingStation, UnknownStation
from stations.models.station import SecurityProfile
from stations.services import credentials, presence, provisioning
from stations.views import links
from stations.views.forms import NewStationForm, StationForm

SHOWN_ONCE = "new_station"  # session key: a station and its password, until they are shown
REASONS = {
    presence.UNKNOWN: gettext_lazy("nobody has added this identity"),
    presence.NO_PASSWORD: gettext_lazy("came without a password"),
    presence.WRONG_PASSWORD: gettext_lazy("came with a wrong password"),
    presence.NO_CERTIFICATE: gettext_lazy("came without a client certificate that a trusted proxy has verified"),
    presence.WRONG_CERTIFICATE: gettext_lazy("came with the certificate of another station"),
    presence.NO_PROTOCOL: gettext_lazy(
        "offered no OCPP version that we speak. If it never names one, say in its setup what to assume"
    ),
}


def _editable(request: MemberRequest, key: str) -> ChargingStation:
    station = links.station_or_404(request.user, key)
    access.demand(request.user, "station.edit", station)
    return station


# ---- create ------------------------------------------------------------------------------------------------------


@members_only("station.edit")
def create(request: MemberRequest) -> HttpResponse:
    start = {"identity": request.GET.get("identity", "")[:48], "location": request.GET.get("location", "")}
    form = NewStationForm(request.POST if request.method == "POST" else None, operator=request.operator, initial=start)
    if request.method == "POST" and form.is_valid():
        station = _created(request, form)
        if station is not None:
            return redirect("stations:connect", links.key(station))
    return render(request, "operator/stations/new.html", {"form": form}, status=400 if form.errors else 200)


def _created(request: MemberRequest, form: NewStationForm) -> ChargingStation | None:
    asked = form.cleaned_data
    password = credentials.new_password() if asked["security_profile"] != SecurityProfile.NONE else None
    try:
        station = provisioning.create(
            operator=request.operator,
            identity=asked["identity"],
            by=request.user,
            name=asked["name"],
            location=asked["location"],
            security_profile=asked["security_profile"],
            password=password,
        )
    except Invalid as wrong:
        for field, errors in wrong.fields.items():
            form.add_error(field if field in form.fields else None, list(errors))
        return None
    request.session[SHOWN_ONCE] = {"station": station.pk, "password": password or ""}
    return station


# ---- watch it arrive ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist; `at` when it was ticked."""

    word: str
    done: bool
    detail: str = ""
    at: datetime | None = None


def checks(station: ChargingStation) -> list[Check]:
    """What a new station does before it is ready, in this order."""
    connectors = sum(evse.connectors.count() for evse in station.evses.prefetch_related("connectors"))
    settings_read = station.variables.count()
    introduced = f"{station.vendor} {station.model} {station.firmware_version}".strip()
    return [
        Check(_("Connected"), station.last_seen is not None, f"OCPP {station.ocpp_version}", station.last_seen),
        Check(_("Introduced itself"), station.last_boot is not None, introduced, station.last_boot),
        Check(_("Reported its connectors"), connectors > 0, str(connectors or "")),
        Check(_("Reported its settings"), settings_read > 0, str(settings_read or "")),
    ]


@members_only("station.view")
def connect(request: MemberRequest, key: str) -> HttpResponse:
    station = _editable(request, key)
    secret = request.session.get(SHOWN_ONCE)
    password = ""
    if secret and secret["station"] == station.pk:
        password = secret["password"]
        del request.session[SHOWN_ONCE]
    context = _arrival(station) | {
        "url": links.websocket(station),
        "base": links.websocket_base(),
        "password": password,
        "needs_password": station.security_profile in (SecurityProfile.BASIC, SecurityProfile.BASIC_TLS),
    }
    return render(request, "operator/stations/connect.html", context)


@members_only("station.view")
def arrival(request: MemberRequest, key: str) -> HttpResponse:
    """The checklist alone, fetched again while one waits."""
    return render(request, "operator/stations/arrival.html", _arrival(_editable(request, key)))


def refusal(station: ChargingStation) -> dict[str, object]:
    """Its last attempt that was refused, unless it has come in since."""
    refused = UnknownStation.objects.filter(identity=station.identity).order_by("-last_seen").first()
    if refused is None or (station.last_seen and refused.last_seen <= station.last_seen):
        return {}
    return {"refused": refused, "refused_why": REASONS.get(refused.reason, refused.reason)}


def _arrival(station: ChargingStation) -> dict[str, object]:
    steps = checks(station)
    return {
        "station": station,
        "checks": steps,
        "ready": all(step.done for step in steps),
        "next": next((n for n, step in enumerate(steps) if not step.done), -1),
        "now": timezone.now(),
    } | refusal(station)


# ---- adopt -------------------------------------------------------------------------------------------------------


@members_only("station.edit")
def strangers(request: MemberRequest) -> HttpResponse:
    """Who knocked and was refused. A known identity is shown to those who may see its station only."""
    mine = set(ChargingStation.objects.visible_to(request.user).values_list("identity", flat=True))
    taken = set(
        ChargingStation.objects.filter(identity__in=UnknownStation.objects.values("identity")).values_list(
            "identity", flat=True
        )
    )
    rows = [
        {"knock": knock, "why": REASONS.get(knock.reason, knock.reason), "mine": knock.identity in mine}
        for knock in UnknownStation.objects.order_by("-last_seen")[:200]
        if knock.identity in mine or knock.identity not in taken
    ]
    context = {"rows": rows, "base": links.websocket_base()}
    return render(request, "operator/stations/unknown.html", context)


# ---- change ------------------------------------------------------------------------------------------------------


@require_POST
@members_only("station.view")
def edit(request: MemberRequest, key: str) -> HttpResponse:
    station = _editable(request, key)
    form = StationForm.of(station, request.POST)
    if form.is_valid():
        try:
            provisioning.change(
                station=station,
                by=request.user,
                name=form.cleaned_data["name"],
                security_profile=form.cleaned_data["security_profile"],
                assume_subprotocol=form.cleaned_data["assume_subprotocol"],
            )
            provisioning.place(station=station, location=form.cleaned_data["location"], by=request.user)
        except Invalid as wrong:
            said = {"password": _("Make a password first (below), then choose this.")}
            form.add_error("security_profile", said.get(next(iter(wrong.fields)), wrong.text))
        else:
            messages.success(request, _("Saved."))
            return redirect(links.page(station, "setup"))
    context = {"form": form, "station": station}
    return render(request, "operator/stations/edit.html", context, status=400)


@require_POST
@members_only("station.view")
def password(request: MemberRequest, key: str) -> HttpResponse:
    station = _editable(request, key)
    request.session[SHOWN_ONCE] = {
        "station": station.pk,
        "password": provisioning.new_password(station=station, by=request.user),
    }
    return redirect("stations:connect", links.key(station))


@require_POST
@members_only("station.view")
def archive(request: MemberRequest, key: str) -> HttpResponse:
    station = _editable(request, key)
    name = station.identity
    provisioning.archive(station=station, by=request.user)
    messages.success(request, _("%(name)s is archived; its history stays.") % {"name": name})
    return redirect("dashboard:stations")
