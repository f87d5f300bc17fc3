"""What a person says when he has a hand in a payment."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.payments import minor_units
from cms.core.form_fields import ForgivingDecimalField

_WHY = forms.TextInput(attrs={"maxlength": 300, "autocomplete": "off"})


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=300, widget=_WHY)


class TransferForm(forms.Form):
    """Money on the bank account. `key` makes a form that is sent twice one entry."""

    amount = ForgivingDecimalField(label=_("Amount"), min_value=0, max_value=100_000_000, decimal_places=3)
    on = forms.DateField(
        label=_("On the account since"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reference = forms.CharField(
        label=_("Reference"), max_length=100, help_text=_("What the bank statement calls it."), widget=_WHY
    )
    key = forms.SlugField(max_length=40, widget=forms.HiddenInput)


class AmountForm(forms.Form):
    """`key` makes a form that is sent twice one refund."""

    amount = ForgivingDecimalField(label=_("Amount"), min_value=0, max_value=1_000_000, decimal_places=3)
    reason = forms.CharField(label=_("Why"), max_length=300, widget=_WHY)
    key = forms.SlugField(max_length=40, widget=forms.HiddenInput)

    @classmethod
    def of(cls, amount: Decimal, currency: str, key: str, data: Any = None) -> "AmountForm":
        return cls(data, initial={"amount": minor_units.rounded(amount, currency), "key": key})
