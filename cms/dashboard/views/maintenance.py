"""Logs and firmware: long work with a station, shown with its phases on the Maintenance tab."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from cms.core.errors import Conflict, Invalid
from stations.diagnostics import firmware, logs
from stations.models import ChargingStation, LogRequest
from stations.views import links

SPANS = {"day": timedelta(days=1), "week": timedelta(days=7), "all": None}


def _station(request: MemberRequest, key: str, needs: str) -> ChargingStation:
    station = links.station_or_404(request.user, key)
    access.demand(request.user, needs, station)
    return station


@require_POST
@members_only("station.view")
def fetch_log(request: MemberRequest, key: str) -> HttpResponse:
    station = _station(request, key, "station.command")
    span = SPANS.get(request.POST.get("span", "day"), SPANS["day"])
    kind = "SecurityLog" if request.POST.get("type") == "SecurityLog" else "DiagnosticsLog"
    try:
        since = timezone.now() - span if span else None
        logs.request(station=station, by=request.user, since=since, log_type=kind)
    except (Conflict, Invalid) as refused:
        messages.error(request, refused.text)
    else:
        messages.success(request, _("Asked for the log. It shows up here as soon as it has arrived."))
    return redirect(links.page(station, "maintenance"))


@members_only("station.view")
def download_log(request: MemberRequest, key: str, pk: int) -> HttpResponseBase:
    """Always as a download under its own name, never shown by the browser: it is a stranger's file."""
    station = _station(request, key, "messages.view")
    log = get_object_or_404(LogRequest, station=station, pk=pk, status=LogRequest.Status.UPLOADED)
    if not log.file:
        raise Http404
    name = log.file_name.replace("\\", "/").rpartition("/")[2] or f"{station.identity}-{log.request_id}.log"
    answer = FileResponse(
        log.file.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream"
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


class FirmwareForm(forms.Form):
    url = forms.CharField(label=gettext_lazy("Address of the file"), max_length=500)
    version_expected = forms.CharField(label=gettext_lazy("Version inside"), max_length=50, required=False)
    retrieve_at = forms.DateTimeField(label=gettext_lazy("Not before"), required=False)

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip()
        if not url.startswith(("http://", "https://", "ftp://", "ftps://", "sftp://")) or any(c.isspace() for c in url):
            raise forms.ValidationError(_("An address that starts with https:// (or http, ftp, ftps, sftp)."))
        return url


@require_POST
@members_only("station.view")
def update_firmware(request: MemberRequest, key: str) -> HttpResponse:
    station = _station(request, key, "station.edit")
    form = FirmwareForm(request.POST)
    with timezone.override(ZoneInfo(links.zone_name(station))):  # "not before" is the clock of the place
        valid = form.is_valid()
    if not valid:
        wrong = [(form.fields[name].label, error) for name, errors in form.errors.items() for error in errors]
        messages.error(request, "; ".join(f"{label}: {error}" for label, error in wrong))
        return redirect(links.page(station, "maintenance"))
    at: datetime = form.cleaned_data["retrieve_at"] or timezone.now()
    try:
        firmware.update(
            station=station,
            url=form.cleaned_data["url"],
            retrieve_at=at,
            by=request.user,
            version_expected=form.cleaned_data["version_expected"],
        )
    except (Conflict, Invalid) as refused:
        messages.error(request, refused.text)
    else:
        messages.success(request, _("The update is requested; follow its steps below."))
    return redirect(links.page(station, "maintenance"))
