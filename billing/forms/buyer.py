"""A customer's data for invoices, as the accountant corrects them. Checked by billing.services.invoicing.buyers."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models.billing_data import BillingData
from accounts.services import drivers
from billing.services.invoicing import buyers
from billing.services.invoicing.buyers import Buyer

PASTED = 40


class BuyerForm(forms.Form):
    """`recipient`: one field for what people have one of, an SDI code or a PEC address."""

    billing_name = forms.CharField(label=_("Name or company"), max_length=80, required=False)
    vat_number = forms.CharField(label=_("VAT number"), max_length=PASTED, required=False)
    fiscal_code = forms.CharField(label=_("Fiscal code"), max_length=PASTED, required=False)
    recipient = forms.CharField(
        label=_("SDI code or PEC"), max_length=254, required=False, help_text=_("Where the electronic invoice goes.")
    )
    address = forms.CharField(label=_("Address"), max_length=60, required=False)
    postal_code = forms.CharField(label=_("Postal code"), max_length=10, required=False)
    city = forms.CharField(label=_("City"), max_length=60, required=False)
    province = forms.CharField(label=capfirst(_("province")), max_length=PASTED, required=False)
    country_code = forms.CharField(label=capfirst(_("country")), max_length=PASTED)
    vat_treatment = forms.ChoiceField(
        label=capfirst(_("VAT treatment")),
        choices=BillingData.VatTreatment.choices,
        required=False,
        help_text=_("Holds for invoices from now on. Without VAT every price is billed net."),
    )

    intent_protocol = forms.CharField(
        label=capfirst(_("protocol of the letter of intent")),
        max_length=PASTED,
        required=False,
        help_text=_("Only for N3.5, like 08060120341234567-000001."),
    )
    intent_on = forms.DateField(
        label=capfirst(_("date of that protocol")),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    @classmethod
    def of(cls, buyer: Buyer, data: Any = None) -> "BuyerForm":
        known = {name: getattr(buyer, name) for name in (*buyers.EDITABLE, "intent_on")}
        return cls(data, initial={**known, "recipient": buyer.pec or buyer.sdi_code})

    @classmethod
    def of_guest(cls, party: Mapping[str, Any], data: Any = None) -> "BuyerForm":
        """Of a buyer without an account, as frozen on an invoice: who it is and where it lives, nothing about its taxes."""
        known = {name: party.get(name, "") for name in drivers.BILLING}
        recipient = party.get("pec") or party.get("sdi_code", "")
        form = cls(data, initial={**known, "billing_name": party.get("legal_name", ""), "recipient": recipient})
        for name in ("vat_treatment", "intent_protocol", "intent_on"):
            del form.fields[name]
        return form

    def values(self) -> dict[str, Any]:
        """By the names that the service knows."""
        typed = dict(self.cleaned_data)
        recipient = typed.pop("recipient")
        is_pec = "@" in recipient
        return typed | {"pec": recipient if is_pec else "", "sdi_code": "" if is_pec else recipient}
