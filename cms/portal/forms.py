"""What drivers type on the portal's own pages."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import errors
from cms.core.errors import Invalid

FISCAL_CODE = 16

_ADDRESS = re.compile(
    r"(?P<address>.+?)[,;\n]\s*(?P<postal_code>[0-9A-Z][0-9A-Z -]{1,8}?)\s+(?P<city>[^\d(),]+?)"
    r"(?:[\s,]*\((?P<bracketed>[A-Za-z]{2})\)|[\s,]+(?P<bare>[A-Z]{2}))?\s*"
)
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
        read = _ADDRESS.fullmatch(self.cleaned_data["place"].strip())
        if read is None:
            raise forms.ValidationError(
                _("Street and number, a comma, postal code, town and province: Via Emilia Est 120, 41124 Modena MO")
            )
        found = {name: read[name].strip() for name in ("address", "postal_code", "city")}
        return found | {"province": (read["bracketed"] or read["bare"] or "").upper()}

    def values(self) -> dict[str, str]:
        """By the names of BillingData. Sixteen signs are a person's code; letters in front of a VAT number name the country."""
        number = re.sub(r"[\s.-]", "", self.cleaned_data["number"]).upper()
        person = len(number) == FISCAL_CODE
        country = number[:2] if number[:2].isalpha() and not person else "IT"
        recipient = self.cleaned_data["recipient"].strip()
        return {
            "vat_number": "" if person else number,
            "fiscal_code": number if person else "",
            "billing_name": self.cleaned_data["billing_name"],
            "sdi_code": "" if "@" in recipient else recipient,
            "pec": recipient if "@" in recipient else "",
            "country_code": country,
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
