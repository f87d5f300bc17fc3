"""What is agreed with a site's host."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from stdnum import iban

from billing.selectors import months
from cms.core.form_fields import ForgivingDecimalField as DecimalField


class ShareForm(forms.Form):
    """`valid_from` is a month, 2026-10; cleaned to its first day."""

    KEPT = (
        "host_name",
        "host_email",
        "host_address",
        "host_vat_number",
        "host_fiscal_code",
        "host_iban",
        "language",
        "percent",
        "per_kwh",
        "fixed",
        "fee_percent",
        "energy_cost",
    )

    valid_from = forms.CharField(label=_("From the month"), max_length=7)
    host_name = forms.CharField(label=_("Host"), max_length=80)
    host_email = forms.EmailField(label=_("E-mail for statements"))
    host_address = forms.CharField(label=_("Address"), max_length=160, required=False)
    host_vat_number = forms.CharField(label=_("VAT number"), max_length=14, required=False)
    host_fiscal_code = forms.CharField(label=_("Fiscal code"), max_length=16, required=False)
    host_iban = forms.CharField(label=_("IBAN"), max_length=42, required=False)
    language = forms.ChoiceField(label=_("Language of the statements"), choices=settings.LANGUAGES)
    percent = DecimalField(
        label=_("Share of the net revenue, %"), min_value=0, max_value=100, decimal_places=2, required=False
    )
    per_kwh = DecimalField(label=_("For each kWh"), min_value=0, max_value=100, decimal_places=6, required=False)
    fixed = DecimalField(label=_("Fixed a month"), min_value=0, max_value=1_000_000, decimal_places=2, required=False)
    fee_percent = DecimalField(
        label=_("Payment costs kept back, %"), min_value=0, max_value=100, decimal_places=2, required=False
    )
    energy_cost = DecimalField(
        label=_("Energy cost kept back, per kWh"), min_value=0, max_value=100, decimal_places=6, required=False
    )
    ended = forms.BooleanField(label=_("Nothing from this month on"), required=False)

    def clean_valid_from(self) -> date:
        month = months.parse(self.cleaned_data["valid_from"].strip())
        if month is None:
            raise forms.ValidationError(_("A month like 2026-10."))
        return month

    def clean_host_iban(self) -> str:
        said = iban.compact(self.cleaned_data["host_iban"])
        if said and not iban.is_valid(said):
            raise forms.ValidationError(_("This is no IBAN: check the digits."))
        return said

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        amounts = ("percent", "per_kwh", "fixed", "fee_percent", "energy_cost")
        cleaned |= {name: cleaned.get(name) or 0 for name in amounts}
        if not cleaned.get("ended") and not any(cleaned[name] for name in ("percent", "per_kwh", "fixed")):
            raise forms.ValidationError(_("Say what the host gets: a percentage, an amount per kWh, or one a month."))
        return cleaned
