"""What Italian documents need beyond the company's data. Checked by billing.services.invoicing.fiscal."""

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import FiscalSettings
from billing.services.invoicing import fiscal


class FiscalForm(forms.ModelForm):
    no_vat_natura = forms.ChoiceField(
        label=_("Amounts without VAT are"),
        choices=fiscal.NATURAS,
        help_text=_("The natura on lines whose tariff has no VAT. Customers with a treatment of their own keep it."),
    )

    class Meta:
        model = FiscalSettings
        fields = fiscal.EDITABLE
        help_texts = {
            "transmitter": _(
                "Only where somebody else’s id must stand in the files, like IT01234567890. Empty: your own."
            ),
            "no_vat_law": _("Printed with it, and in the XML."),
            "charge_stamp_duty": _("€ 2.00 on documents with more than € 77.47 without VAT. Otherwise it is yours."),
            "server_energia": _(
                "Of the sender that is registered with the Agenzia delle Entrate; it stands in the exports."
            ),
        }

    def _post_clean(self) -> None:
        """The service checks; a ModelForm would write into the instance before it is known to be right."""
