"""What every tariff says once, and the fields of the tariff that most operators have (tariffs.plain)."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from iso4217 import Currency

from billing.forms.elements import amount
from billing.tariffs import plain


class HeadForm(forms.Form):
    """What is said once per tariff."""

    name = forms.CharField(label=_("Name"), max_length=100)
    currency = forms.CharField(label=_("Currency"), max_length=3, min_length=3)
    tax_included = forms.BooleanField(label=_("Prices include VAT"), required=False)
    min_price = amount(_("Minimum price of a charge"), max_digits=12, decimal_places=6)
    max_price = amount(_("Maximum price of a charge"), max_digits=12, decimal_places=6)

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        try:
            return str(Currency(code).value)
        except ValueError as unknown:
            raise forms.ValidationError(_("An ISO 4217 code such as EUR is expected.")) from unknown


class SimpleForm(forms.Form):
    """tariffs.plain.Plain."""

    energy = amount(_("Energy, per kWh"))
    flat = amount(_("Fee per charge"))
    minute = amount(_("Time while charging, per minute"))
    parking = amount(_("Staying after the charge, per minute"))
    grace_min = forms.IntegerField(label=_("Free minutes first"), required=False, min_value=0, max_value=1440)
    parking_cap = amount(_("At most, per charge"))
    whole_minutes = forms.BooleanField(label=_("Minutes that have begun count in full"), required=False)
    vat = amount(_("VAT"), max_value=100)

    def clean(self) -> dict[str, Any]:
        """Nobody gives energy away by leaving a field empty."""
        given = super().clean() or self.cleaned_data
        if not self.errors and all(given[name] is None for name in ("energy", "flat", "minute", "parking")):
            self.add_error("energy", _("Enter a price; 0 where charging is free."))
        return given

    def elements(self) -> list[dict[str, Any]]:
        return plain.elements(plain.Plain(**{name: self.cleaned_data[name] for name in plain.NAMES}))
