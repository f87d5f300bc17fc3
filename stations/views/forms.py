"""What an operator may say about places and stations."""

import re
import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from cms.core.form_fields import ForgivingDecimalField
from stations.models import EVSE, ChargingStation, Connector, Location
from stations.models.station import SecurityProfile, Subprotocol
from stations.views.fields import KilowattField

STANDARDS = (
    ("", "–"),
    ("IEC_62196_T2", _("Type 2")),
    ("IEC_62196_T2_COMBO", "CCS2"),
    ("CHADEMO", "CHAdeMO"),
    ("IEC_62196_T3C", _("Type 3C")),
    ("IEC_62196_T1", _("Type 1")),
    ("DOMESTIC_F", _("Schuko")),
)
POWER_TYPES = (
    ("", "–"),
    ("AC_1_PHASE", _("AC, one phase")),
    ("AC_3_PHASE", _("AC, three phases")),
    ("DC", _("DC")),
)
ZONES = sorted(zone for zone in zoneinfo.available_timezones() if zone.startswith("Europe/"))
_UID = re.compile(r"[A-Z]{2}\*?[A-Z0-9]{3}\*?E[A-Z0-9*]{1,30}")


class LocationForm(forms.ModelForm):
    latitude = ForgivingDecimalField(
        label=_("Latitude"), required=False, min_value=-90, max_value=90, decimal_places=6, max_digits=9
    )
    longitude = ForgivingDecimalField(
        label=_("Longitude"), required=False, min_value=-180, max_value=180, decimal_places=6, max_digits=9
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=[(zone, zone) for zone in ZONES])

    class Meta:
        model = Location
        fields = (
            "name",
            "address",
            "postal_code",
            "city",
            "province",
            "country_code",
            "latitude",
            "longitude",
            "time_zone",
            "opening_hours",
            "public",
        )
        labels = {
            "name": _("Name"),
            "address": _("Street and number"),
            "postal_code": _("Postal code"),
            "city": _("City"),
            "province": _("Province"),
            "country_code": _("Country"),
            "opening_hours": _("Opening hours"),
            "public": _("Show this site to all drivers"),
        }
        help_texts = {
            "name": _("As drivers will read it, for example “Bologna, Via Stalingrado 71”."),
            "country_code": _("Two letters: IT, CH, SM …"),
            "opening_hours": _("Empty means always open."),
        }

    def clean_country_code(self) -> str:
        code = self.cleaned_data["country_code"].strip().upper()
        if not (len(code) == 2 and code.isalpha() and code.isascii()):
            raise forms.ValidationError(_("Two letters, for example IT."))
        return code

    def clean_province(self) -> str:
        return self.cleaned_data["province"].strip().upper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for given, missing in (("latitude", "longitude"), ("longitude", "latitude")):
            has = cleaned.get(given) is not None
            if has and cleaned.get(missing) is None and missing not in self.errors:
                self.add_error(missing, _("Give both latitude and longitude, or neither."))
        return cleaned


class _PlacedForm(forms.Form):
    """Offers the operator's own locations."""

    location = forms.ModelChoiceField(
        label=_("Site"), queryset=Location.objects.none(), required=False, empty_label=_("Without a site for now")
    )

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = Location.objects.filter(operator=operator, archived_at=None).order_by("name")
        self.fields["location"].queryset = places  # type: ignore[attr-defined]


def security_profiles() -> list[tuple[int, Any]]:
    """Those that can work here: a client certificate needs a proxy that verifies it and tells us (README, settings)."""
    possible = bool(settings.OCPP_CERTIFICATE_HEADER)
    return [choice for choice in SecurityProfile.choices if possible or choice[0] != SecurityProfile.MUTUAL_TLS]


class NewStationForm(_PlacedForm):
    identity = forms.CharField(
        label=_("OCPP identity"),
        max_length=48,
        help_text=_("The last part of its address, exactly as the charger is set: upper and lower case matter."),
    )
    name = forms.CharField(
        label=_("Name"), max_length=100, required=False, help_text=_("For people; the identity if empty.")
    )
    security_profile = forms.TypedChoiceField(
        label=_("Security"),
        coerce=int,
        initial=SecurityProfile.BASIC,
        choices=security_profiles,
        help_text=_("With a password we make one for you and show it once."),
    )
    field_order = ("identity", "name", "location", "security_profile")


class StationForm(_PlacedForm):
    name = forms.CharField(label=_("Name"), max_length=100, required=False)
    security_profile = forms.TypedChoiceField(
        label=_("Security"),
        coerce=int,
        choices=security_profiles,
        help_text=_(
            "2 and 3 need a TLS proxy before this server. Client certificates (3) can be chosen once the proxy passes on what it "
            "has verified (OCPP_CERTIFICATE_HEADER)."
        ),
    )
    assume_subprotocol = forms.ChoiceField(
        label=_("If it names no protocol"),
        choices=Subprotocol.choices,
        required=False,
        help_text=_("A few models leave out the WebSocket subprotocol. Then the version must be known beforehand."),
    )
    field_order = ("name", "location", "security_profile", "assume_subprotocol")

    @classmethod
    def of(cls, station: ChargingStation, data: Any = None) -> "StationForm":
        known = {
            "name": station.name,
            "location": station.location_id,
            "security_profile": station.security_profile,
            "assume_subprotocol": station.assume_subprotocol,
        }
        return cls(data, operator=station.operator, initial=known)


class EvseForm(forms.ModelForm):
    max_power_w = KilowattField(
        label=_("Maximum power"), required=False, min_value=0.1, max_value=2000, decimal_places=3, max_digits=7
    )
    power_type = forms.ChoiceField(label=_("Current"), choices=POWER_TYPES, required=False)

    class Meta:
        model = EVSE
        fields = ("uid", "power_type", "max_power_w")
        labels = {"uid": _("EVSE code")}
        help_texts = {"uid": _("As printed on the sticker, for example IT*ABC*E0042*1.")}

    def clean_uid(self) -> str:
        uid = self.cleaned_data["uid"].replace(" ", "").upper()
        if not _UID.fullmatch(uid):
            raise forms.ValidationError(_("An EVSE code looks like IT*ABC*E0042*1."))
        return uid


class ConnectorForm(forms.ModelForm):
    standard = forms.ChoiceField(label=_("Plug"), choices=STANDARDS, required=False)

    class Meta:
        model = Connector
        fields = ("standard",)
