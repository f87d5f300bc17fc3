"""The buttons of a station's page, and the expert's raw message."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from cms.core.errors import Conflict, Invalid
from cms.dashboard import asking, stages
from stations import catalogue
from stations.models import ChargingStation
from stations.services import commands
from stations.views import links


@require_POST
@members_only("station.view")
def ask(request: MemberRequest, key: str, kind: str) -> HttpResponse:
    """Asks, and goes back to the tab the button was on: its stages are shown there."""
    station = links.station_or_404(request.user, key)
    if kind not in asking.BUTTONS:
        raise Http404
    access.demand(request.user, asking.BUTTONS[kind].needs, station)
    try:
        command = asking.ask(station, kind, request.POST.dict(), request.user)
    except (Conflict, Invalid) as refused:
        messages.error(request, refused.text if isinstance(refused, Conflict) else "; ".join(_texts(refused)))
    else:
        messages.success(request, _("%(what)s: on its way.") % {"what": stages.word(command)})
    return redirect(links.page(station, request.POST.get("tab", "")))


def _texts(wrong: Invalid) -> list[str]:
    return [str(text) for texts in wrong.fields.values() for text in texts]


class RawForm(forms.Form):
    action = forms.ChoiceField(label=gettext_lazy("Action"))
    payload = forms.CharField(
        label=gettext_lazy("Payload (JSON)"),
        initial="{}",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=gettext_lazy("Sent member for member as written here, after a check against the protocol’s schema."),
    )
    timeout = forms.IntegerField(label=gettext_lazy("Give up after"), initial=30, min_value=1, max_value=300)

    def __init__(self, *args: Any, version: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = catalogue.actions(version)
        self.fields["action"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


@members_only("station.view")
def raw(request: MemberRequest, key: str) -> HttpResponse:
    """Any operation of the station's protocol version. For those who know what they do."""
    station = links.station_or_404(request.user, key)
    access.demand(request.user, "station.raw_command", station)
    form = RawForm(request.POST if request.method == "POST" else None, version=station.ocpp_version)
    if request.method == "POST" and form.is_valid() and _sent(station, form, request):
        return redirect(links.page(station))
    context = {"form": form, "station": station}
    return render(request, "operator/station/raw.html", context, status=400 if form.errors else 200)


def _sent(station: ChargingStation, form: RawForm, request: MemberRequest) -> bool:
    said = form.cleaned_data
    try:
        commands.raw_call(
            station=station, action=said["action"], payload=said["payload"], by=request.user, timeout=said["timeout"]
        )
    except Invalid as wrong:
        for field, errors in wrong.fields.items():
            form.add_error(field if field in form.fields else None, list(errors))
    except Conflict as refused:
        form.add_error(None, refused.text)
    else:
        messages.success(request, _("%(what)s: on its way.") % {"what": said["action"]})
        return True
    return False
