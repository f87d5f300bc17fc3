"""Who the operator is: what drivers see of it, and the company on its invoices. Checked by accounts.services.operators."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from accounts.services import operators

PASTED = 40  # numbers arrive with blanks and dots; the service cleans them


class OperatorForm(forms.ModelForm):
    class Meta:
        model = Operator
        fields = operators.EDITABLE
        labels = {"name": _("Name for drivers"), "language": _("Language of mails and documents")}
        help_texts = {
            "legal_name": _("As in the companies register; it appears on every invoice."),
            "iban": _("Where drivers pay their invoices to."),
        }
        widgets = {
            "support_phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "address": forms.TextInput(attrs={"autocomplete": "street-address"}),
            "postal_code": forms.TextInput(attrs={"autocomplete": "postal-code", "inputmode": "numeric"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "province": forms.TextInput(attrs={"autocapitalize": "characters"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("vat_number", "fiscal_code", "iban"):
            self.fields[name] = forms.CharField(
                label=self.fields[name].label,
                help_text=self.fields[name].help_text,
                max_length=PASTED,
                required=False,
                initial=getattr(self.instance, name),
            )

    def _post_clean(self) -> None:
        """The service checks; a ModelForm would write into the instance before it is known to be right."""
