"""What an operator decides about prepaid balances, and a correction of one."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.forms.companies import Amount
from billing.models import WalletPolicy


class CorrectionForm(forms.Form):
    """`key` is made with the form: sent twice it is one correction."""

    amount = Amount(label=_("Amount"), help_text=_("With a minus it is taken out."))
    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("The driver reads it."))
    key = forms.RegexField(r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)


class BackForm(forms.Form):
    """`key` is made with the form: sent twice it is done once."""

    amount = Amount(label=_("Amount"), min_value=0)
    reason = forms.CharField(label=_("Reason"), max_length=200)
    key = forms.RegexField(r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)


class WalletPolicyForm(forms.Form):
    enabled = forms.BooleanField(
        label=_("Drivers may pay ahead"), required=False, help_text=_("What is in wallets can always be spent.")
    )
    smallest_top_up = Amount(label=_("Smallest top-up"))
    largest_balance = Amount(label=_("A wallet holds at most"))
    low_at = Amount(label=_("Warn the driver below"))
    vat_note = forms.CharField(
        label=_("VAT note on a top-up"),
        max_length=200,
        required=False,
        help_text=_(
            "What your tax adviser wants beside it, for example: multi-purpose voucher, VAT is due with each charge."
        ),
    )

    @classmethod
    def of(cls, policy: WalletPolicy, data: Any = None) -> "WalletPolicyForm":
        return cls(data, initial={name: getattr(policy, name) for name in cls.base_fields})
