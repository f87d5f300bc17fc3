"""/ops/stations/<identity>/evses/<n>/meter-key/: the public key of a meter, typed from its label. What the station sent along may
be put into the form to be compared; only a person registers it."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.doors import MemberRequest, members_only
from cms.core.errors import Invalid
from cms.dashboard import meters
from sessions_app.metering import signed
from sessions_app.services import meter_keys
from stations.models import MeterKey
from stations.views import links


class MeterKeyForm(forms.Form):
    public_key = forms.CharField(
        label=gettext_lazy("Public key"),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy("As printed on the meter, hexadecimal or Base64; blanks do not matter."),
        strip=True,
    )
    meter_serial = forms.CharField(
        label=gettext_lazy("Serial number of the meter"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("It decides which key counts where a meter was replaced."),
    )
    valid_from = forms.DateTimeField(
        label=gettext_lazy("Valid from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        help_text=gettext_lazy("When this meter was put in; empty means now. Charges since then are checked again."),
    )


@members_only("station.view")
def add(request: MemberRequest, key: str, evse_id: int) -> HttpResponse:
    station = links.station_or_404(request.user, key)
    access.demand(request.user, "station.edit", station)
    evse = get_object_or_404(station.evses, evse_id=evse_id)
    sent, named = meters.sent_key(evse)
    with timezone.override(links.zone_name(station)):
        form = MeterKeyForm(request.POST or None, initial=_compared(sent, named) if "sent" in request.GET else {})
        if request.method == "POST" and form.is_valid():
            try:
                row = meter_keys.add(evse=evse, by=request.user, **form.cleaned_data)
            except Invalid as wrong:
                for field, errors in wrong.fields.items():
                    form.add_error(field, list(errors))
            else:
                said = _("The key is registered. Its last digits, as on the meter: %(digits)s.")
                messages.success(request, said % {"digits": signed.fingerprint(row.public_key)})
                return redirect(f"{links.page(station, 'setup')}#meters")
        context = {
            "station": station,
            "evse": evse,
            "form": form,
            "zone": links.zone_name(station),
            "replaces": MeterKey.objects.filter(evse=evse).exists(),
            "sent": signed.fingerprint(sent) if sent else "",
            "named": named,
        }
        return render(request, "operator/stations/meter_key.html", context, status=400 if form.errors else 200)


def _compared(sent: str, named: str) -> dict[str, str]:
    return {"public_key": sent, "meter_serial": named}
