"""A driver's own data. Checked by accounts.services.drivers."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.forms import errors
from accounts.models import Driver, User
from accounts.services import drivers
from cms.core.errors import Invalid

PASTED = 40


class PersonForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ("first_name", "last_name")
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
        }


class BillingForm(forms.ModelForm):
    """`recipient` is one field for what people have one of: the SDI code of their accountant, or a PEC address."""

    vat_number = forms.CharField(label=_("VAT number"), max_length=PASTED, required=False)
    fiscal_code = forms.CharField(
        label=_("Fiscal code"), max_length=PASTED, required=False, help_text=_("One of the two numbers is enough.")
    )
    province = forms.CharField(
        label=capfirst(_("province")),
        max_length=PASTED,
        required=False,
        widget=forms.TextInput(attrs={"autocapitalize": "characters"}),
    )
    country_code = forms.CharField(
        label=capfirst(_("country")), max_length=PASTED, widget=forms.TextInput(attrs={"autocomplete": "country"})
    )
    recipient = forms.CharField(
        label=_("SDI code or PEC"),
        required=False,
        max_length=254,
        help_text=_("Where the electronic invoice goes. Without one you find it in your “cassetto fiscale”."),
    )
    field_order = ("vat_number", "fiscal_code", "billing_name", "recipient", "address", "postal_code", "city")

    class Meta:
        model = Driver
        fields = ("billing_name", "address", "postal_code", "city")
        widgets = {
            "billing_name": forms.TextInput(attrs={"autocomplete": "organization"}),
            "address": forms.TextInput(attrs={"autocomplete": "street-address"}),
            "postal_code": forms.TextInput(attrs={"autocomplete": "postal-code", "inputmode": "numeric"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("vat_number", "fiscal_code", "province", "country_code"):
            self.fields[name].initial = getattr(self.instance, name)
        self.fields["recipient"].initial = self.instance.pec or self.instance.sdi_code

    def _post_clean(self) -> None:
        """The service checks and writes."""

    def keep(self, user: User) -> bool:
        """Saves the data as the person's own, for all operators and for the next time; else says what is wrong."""
        try:
            drivers.update_billing(user=user, values=self._values())
        except Invalid as refused:
            errors.place(self, refused, names={"pec": "recipient", "sdi_code": "recipient"})
            return False
        return True

    def _values(self) -> dict[str, str]:
        """By the names that the service knows."""
        values = dict(self.cleaned_data)
        recipient = values.pop("recipient")
        is_pec = "@" in recipient
        return values | {"pec": recipient if is_pec else "", "sdi_code": "" if is_pec else recipient}
