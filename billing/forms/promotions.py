"""A code, or a batch of them, as an operator types it. Checked by billing.services.prepaid.promoting."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import DriverGroup, Operator
from billing import pricing
from billing.forms.companies import Amount
from billing.models import Promotion
from stations.models import Location


class PromotionForm(forms.Form):
    """Days are whole days on the operator's calendar. With `count` above 1 a batch is made and `code` is its name."""

    kind = forms.ChoiceField(label=_("What it gives"), choices=Promotion.Kind)
    value = Amount(label=_("How much"), help_text=_("An amount incl. VAT, a percentage, or kWh."))
    code = forms.CharField(
        label=_("Code"), max_length=60, help_text=_("Of a batch: its name. The codes themselves are made at random.")
    )
    count = forms.IntegerField(label=_("How many codes"), initial=1, min_value=1)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label=_("Until and including"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    limit = forms.IntegerField(
        label=_("Drivers in all"),
        required=False,
        min_value=1,
        help_text=_("Empty: any number. One for each code of a batch."),
    )
    charges_each = forms.IntegerField(
        label=_("Charges for each driver"),
        required=False,
        min_value=1,
        help_text=_("Empty: all charges until it ends."),
    )
    first_charge_only = forms.BooleanField(label=_("Only the first charge of a new driver"), required=False)
    group = forms.ModelChoiceField(
        label=_("Only for the group"), queryset=DriverGroup.objects.none(), required=False, empty_label=_("everybody")
    )
    locations = forms.ModelMultipleChoiceField(
        label=_("Only at these sites"),
        queryset=Location.objects.none(),
        required=False,
        help_text=_("None chosen: everywhere."),
    )

    def __init__(self, operator: Operator, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operator = operator
        groups: Any = self.fields["group"]
        places: Any = self.fields["locations"]
        groups.queryset = DriverGroup.objects.filter(operator=operator).order_by("name")
        places.queryset = Location.objects.filter(operator=operator).order_by("name")

    def terms(self) -> dict[str, Any]:
        """By the names that the service knows; days become instants."""
        given = dict(self.cleaned_data)
        since, until = given.pop("since"), given.pop("until")
        terms = {name: given[name] for name in ("kind", "value", "limit", "charges_each", "first_charge_only", "group")}
        if since is not None:
            terms["valid_from"] = self._midnight(since)
        terms["valid_until"] = None if until is None else self._midnight(until + timedelta(days=1))
        return terms

    def _midnight(self, day: Any) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=pricing.zone(self.operator.time_zone))
