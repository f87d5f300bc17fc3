"""Where and for whom a price holds."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Driver, DriverGroup, Operator
from billing.models import Plan, TariffAssignment
from billing.services.prices import assigning
from cms.core.errors import Invalid
from cms.core.form_fields import MomentField
from stations.models import EVSE, ChargingStation, Location

EVERYBODY, AD_HOC, PARTNER = "", "ad_hoc", "partner"


class ScopeForm(forms.Form):
    """`point` is a charging station's identity or an EVSE code and narrows the place; `who` as in the simulator."""

    location = forms.ModelChoiceField(
        label=_("Where"), queryset=Location.objects.none(), required=False, empty_label=_("everywhere")
    )
    point = forms.CharField(
        label=_("Only this station or point"), required=False, max_length=80, help_text=_("OCPP identity or EVSE code")
    )
    power_type = forms.ChoiceField(
        label=_("Power"), required=False, choices=[("", _("every power")), *TariffAssignment.PowerType.choices]
    )
    who = forms.ChoiceField(label=_("For whom"), required=False)
    partner = forms.CharField(
        label=_("Roaming partner"), required=False, max_length=12, help_text=_("Country and party, such as IT*ABC")
    )

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operator = operator
        mine = Location.objects.filter(operator=operator, archived_at=None).order_by("name")
        self.fields["location"].queryset = mine  # type: ignore[attr-defined]
        self.groups = list(DriverGroup.objects.filter(operator=operator).order_by("name"))
        self.plans = list(Plan.objects.filter(operator=operator, archived_at=None).order_by("name"))
        self.fields["who"].choices = [  # type: ignore[attr-defined]
            (EVERYBODY, _("everybody")),
            (AD_HOC, _("people without an account")),
            *((f"group-{group.pk}", _("group %(name)s") % {"name": group}) for group in self.groups),
            *((f"plan-{plan.pk}", _("plan %(name)s") % {"name": plan}) for plan in self.plans),
            (PARTNER, _("a roaming partner")),
        ]

    def clean_partner(self) -> str:
        try:
            return assigning.party(self.cleaned_data["partner"])
        except Invalid as wrong:
            raise forms.ValidationError(wrong.text) from wrong

    def clean_point(self) -> EVSE | ChargingStation | None:
        text = self.cleaned_data["point"].strip()
        if not text:
            return None
        stations = ChargingStation.objects.filter(operator=self.operator, archived_at=None)
        evses = EVSE.objects.filter(station__in=stations).select_related("station__location")
        found: EVSE | ChargingStation | None = evses.filter(uid__iexact=text).first()
        found = found or evses.filter(short_code__iexact=text).first()
        found = found or stations.filter(identity__iexact=text).select_related("location").first()
        if found is None:
            raise forms.ValidationError(_("No station or point of yours has this code."))
        return found

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("who") == PARTNER and not given.get("partner") and "partner" not in self.errors:
            self.add_error("partner", _("Say which partner: IT*ABC."))
        place, point = given.get("location"), given.get("point")
        if place and point and _station(point).location_id != place.pk:
            self.add_error("point", _("This point is not at %(place)s.") % {"place": place})
        return given

    def scope(self) -> dict[str, Any]:
        """What services.tariffs.assign takes."""
        given = self.cleaned_data
        point = given["point"]
        kind, _dash, pk = given["who"].partition("-")
        return {
            "location": given["location"] if point is None else None,
            "station": point if isinstance(point, ChargingStation) else None,
            "evse": point if isinstance(point, EVSE) else None,
            "power_type": given["power_type"],
            "driver_group": next((g for g in self.groups if kind == "group" and str(g.pk) == pk), None),
            "plan": next((p for p in self.plans if kind == "plan" and str(p.pk) == pk), None),
            "partner": given["partner"] if kind == PARTNER else "",
            "ad_hoc": kind == AD_HOC,
        }


class AssignForm(ScopeForm):
    valid_from = MomentField(label=_("From"), required=False, help_text=_("Left empty: from now on."))
    valid_until = MomentField(
        label=_("Until"), required=False, help_text=_("Left empty: for good. Afterwards goes on what would hold there.")
    )


class AskForm(ScopeForm):
    """What price has this place for this person? A driver by name of their e-mail address counts with groups and plan, whatever
    else is chosen; only those who may see drivers can ask."""

    driver = forms.CharField(label=_("A driver"), required=False, max_length=254, help_text=_("E-mail address"))
    at = MomentField(label=_("When"), required=False, help_text=_("Left empty: now."))

    def __init__(self, *args: Any, sees_drivers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sees_drivers:
            del self.fields["driver"]

    def clean_driver(self) -> Driver | None:
        email = self.cleaned_data["driver"].strip()
        if not email:
            return None
        mine = Driver.objects.filter(operator=self.operator, user__email__iexact=email)
        found = mine.select_related("user").first()
        if found is None:
            raise forms.ValidationError(_("No driver of yours has this address."))
        return found


def _station(point: EVSE | ChargingStation) -> ChargingStation:
    return point.station if isinstance(point, EVSE) else point
