"""What drivers type on the portal's own pages."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import errors
from cms.core.errors import Invalid
from cms.portal import dictation

_EXPIRY = re.compile(r"\s*(\d{1,2})\s*[/.\- ]?\s*(\d{2}|\d{4})\s*")


class CardForm(forms.Form):
    """A card for the fake provider; with a real one the number never comes near us."""

    number = forms.CharField(
        label=_("Card number"),
        max_length=30,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "cc-number", "placeholder": "4242 4242 4242 4242"}
        ),
    )
    expiry = forms.CharField(
        label=_("Expiry"),
        max_length=10,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "cc-exp", "placeholder": "12/30"}),
    )
    cvc = forms.CharField(
        label=_("Security code"),
        max_length=4,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "cc-csc", "placeholder": "123"}),
    )

    def clean_expiry(self) -> tuple[int, int]:
        """Month and year, in whatever way people write them."""
        read = _EXPIRY.fullmatch(self.cleaned_data["expiry"])
        if read is None:
            raise forms.ValidationError(_("Month and year, like 12/30."))
        return int(read[1]), int(read[2])

    def typed(self) -> dict[str, Any]:
        """As the fake provider takes it."""
        month, year = self.cleaned_data["expiry"]
        return {
            "number": self.cleaned_data["number"],
            "exp_month": month,
            "exp_year": year,
            "cvc": self.cleaned_data["cvc"],
        }


class EmailForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail for the receipt"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class GuestForm(forms.Form):
    """Who is on the invoice of a charge without an account: four fields, as people know them by heart."""

    number = forms.CharField(
        label=_("VAT number or fiscal code"),
        max_length=40,
        help_text=_("From abroad and without one: your country alone, like DE."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
    )
    billing_name = forms.CharField(
        label=_("Name or company"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    recipient = forms.CharField(
        label=_("SDI code or PEC"),
        max_length=254,
        required=False,
        help_text=_("Where the electronic invoice goes. Without one you find it in your “cassetto fiscale”."),
    )
    place = forms.CharField(
        label=_("Address"),
        max_length=160,
        help_text=_("Like this: Via Emilia Est 120, 41124 Modena MO"),
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )

    def clean_place(self) -> dict[str, str]:
        read = dictation.place(self.cleaned_data["place"])
        if read is None:
            raise forms.ValidationError(
                _("Street and number, a comma, postal code, town and province: Via Emilia Est 120, 41124 Modena MO")
            )
        return read

    def clean(self) -> dict[str, Any]:
        """In Italy the province is part of an address."""
        said: dict[str, Any] = super().clean() or {}
        number, place = said.get("number", ""), said.get("place")
        if place and not place["province"] and dictation.number(number)["country_code"] == "IT":
            self.add_error("place", _("The province is missing: two letters at the end, like MO."))
        return said

    def values(self) -> dict[str, str]:
        """By the names of BillingData."""
        recipient = self.cleaned_data["recipient"].strip()
        return {
            "billing_name": self.cleaned_data["billing_name"],
            "sdi_code": "" if "@" in recipient else recipient,
            "pec": recipient if "@" in recipient else "",
            **dictation.number(self.cleaned_data["number"]),
            **self.cleaned_data["place"],
        }

    def show(self, wrong: Invalid) -> None:
        """What the service refused, beside the field that it came from."""
        errors.place(self, wrong, names=_FIELD_OF)


_FIELD_OF = {
    "vat_number": "number",
    "fiscal_code": "number",
    "sdi_code": "recipient",
    "pec": "recipient",
    "address": "place",
    "postal_code": "place",
    "city": "place",
    "province": "place",
    "country_code": "number",
}
