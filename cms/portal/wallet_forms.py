"""What drivers type about their wallet. Checked by billing.services.prepaid.top_ups."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.forms.companies import Amount


class TopUpForm(forms.Form):
    """`key` is made with the form: sent twice it is one top-up."""

    amount = Amount(label=_("Amount"), min_value=0)
    key = forms.RegexField(r"\A[0-9a-f]{32}\Z", widget=forms.HiddenInput)


class AutomaticForm(forms.Form):
    below = Amount(label=_("When less than this is left"), required=False)
    amount = Amount(label=_("add this much"), required=False)
