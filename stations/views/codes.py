"""A station whose QR code changes on its screen: what it must be told, and the way back to the sticker."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.models import User
from cms.core.errors import Invalid
from stations.models import ChargingStation
from stations.services import dynamic_codes
from stations.views import links


class CodeForm(forms.Form):
    """As the station's WebPaymentsCtrlr has it, or shall have it."""

    validity_s = forms.IntegerField(label=gettext_lazy("Changes every"), initial=60)
    length = forms.IntegerField(label=gettext_lazy("Characters"), initial=8)
    secret = forms.CharField(
        label=gettext_lazy("Shared secret"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Empty: we make one."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@require_POST
@members_only("station.edit")
def set_up(request: MemberRequest, key: str) -> HttpResponse:
    station = links.station_or_404(request.user, key)
    access.demand(request.user, "station.edit", station)
    if request.POST.get("off"):
        dynamic_codes.give_up(station=station, by=request.user)
        messages.success(request, _("The printed code counts again."))
        return redirect(links.page(station, "setup"))
    form = CodeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Whole numbers for seconds and characters, please."))
        return redirect(links.page(station, "setup"))
    try:
        dynamic_codes.set_up(station=station, by=request.user, **form.cleaned_data)
    except Invalid as wrong:
        messages.error(request, wrong.text)
    else:
        messages.success(
            request, _("From now on only the code on the screen counts. Tell the charger the settings below.")
        )
    return redirect(links.page(station, "setup"))


def shown(station: ChargingStation, user: User) -> dict[str, Any]:
    """For the set-up tab. The settings hold the secret: only who may change the station sees them."""
    code = dynamic_codes.of(station)
    may = access.can(user, "station.edit", station)
    return {
        "screen_code": code,
        "screen_settings": dynamic_codes.settings_for(code) if code and may else (),
        "screen_form": CodeForm() if may else None,
    }
