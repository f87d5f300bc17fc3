"""How the bookkeeper calls the accounts."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.exports.accounts import DEFAULTS
from cms.core.form_fields import ForgivingDecimalField


class BookkeepingForm(forms.Form):
    """One code per account of the journal; an empty one is the usual code again."""

    energy_cost = ForgivingDecimalField(
        label=_("What a kWh costs to buy, without VAT"),
        help_text=_("Shown inside the revenue, month by month. Leave it empty where it is not known."),
        min_value=0,
        max_value=100,
        decimal_places=6,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for account, entry in DEFAULTS.items():
            self.fields[account.value] = forms.CharField(
                label=str(entry.title), max_length=20, required=False, help_text=entry.code
            )

    @property
    def codes(self) -> dict[str, str]:
        """Those that differ from the usual."""
        given = {account.value: self.cleaned_data[account.value].strip() for account in DEFAULTS}
        return {name: code for name, code in given.items() if code and code != DEFAULTS[name].code}  # type: ignore[index]
