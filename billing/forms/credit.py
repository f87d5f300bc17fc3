"""Which lines of an invoice are credited, and how much of each."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.services.invoicing import credit_notes
from billing.services.invoicing.credit_notes import Chosen, Left
from cms.core.form_fields import ForgivingDecimalField

AGAIN, FOR_GOOD = "again", "good"
LEAST = Decimal("0.000001")  # 0 is not "all"


class CreditForm(forms.Form):
    """A box for each line that is left (`line_12`) and, where a part may be taken, how much (`of_12`; empty: all)."""

    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=200, required=False, help_text=gettext_lazy("Printed on the credit note.")
    )
    charges = forms.ChoiceField(
        choices=[
            (
                AGAIN,
                gettext_lazy(
                    "Bill the charges again: they go back to “Charges to bill”, and into the next monthly invoice."
                ),
            ),
            (
                FOR_GOOD,
                gettext_lazy("Credit the charges for good: nobody owes them any more, and what was paid goes back."),
            ),
        ],
        widget=forms.RadioSelect,
        required=False,
    )

    def __init__(self, left: Sequence[Left], data: Any = None) -> None:
        super().__init__(data, initial={"charges": FOR_GOOD})
        self.left = left
        for entry in left:
            self.fields[f"line_{entry.line.pk}"] = forms.BooleanField(required=False)
            if credit_notes.countable(entry.line):
                self.fields[f"of_{entry.line.pk}"] = ForgivingDecimalField(
                    required=False, min_value=LEAST, decimal_places=6, label=_("How much")
                )

    @property
    def chosen(self) -> Chosen:
        given = self.cleaned_data
        found: dict[int, Decimal | None] = {}
        for entry in self.left:
            if given.get(f"line_{entry.line.pk}"):
                found[entry.line.pk] = given.get(f"of_{entry.line.pk}")
        return found

    @property
    def again(self) -> bool:
        return bool(self.cleaned_data.get("charges") == AGAIN)
