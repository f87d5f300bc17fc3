"""What Italian documents need beyond the company's data. Checked by billing.services.invoicing.fiscal."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from billing.models import FiscalSettings
from billing.services.invoicing import fiscal
from cms.core.form_fields import ForgivingDecimalField


class FiscalForm(forms.ModelForm):
    no_vat_natura = forms.ChoiceField(
        label=_("Amounts without VAT are"),
        choices=fiscal.NATURAS,
        help_text=_("The natura on lines whose tariff has no VAT. Customers with a treatment of their own keep it."),
    )

    share_capital = ForgivingDecimalField(
        label=capfirst(_("share capital")), min_value=0, max_digits=13, decimal_places=2, required=False
    )
    sole_shareholder = forms.ChoiceField(
        label=capfirst(_("shareholders")),
        choices=[("", "–"), *FiscalSettings.SoleShareholder.choices],
        required=False,
    )
    last_file = forms.CharField(
        label=_("Last file"),
        max_length=5,
        required=False,
        help_text=_(
            "The end of its name, like 00420. Raise it where another program has sent more: the SdI refuses names it has seen."
        ),
    )

    class Meta:
        model = FiscalSettings
        fields = fiscal.EDITABLE
        help_texts = {
            "transmitter": _(
                "Only where somebody else’s id must stand in the files, like IT01234567890. Empty: your own."
            ),
            "series": _(
                "Before each number from now on, like EV-7/2026. A series of its own leaves those of other programs alone."
            ),
            "no_vat_law": _("Printed with it, and in the XML."),
            "charge_stamp_duty": _("€ 2.00 on documents with more than € 77.47 without VAT. Otherwise it is yours."),
            "server_energia": _(
                "Of the sender that is registered with the Agenzia delle Entrate; it stands in the exports."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["last_file"].initial = fiscal.last_file(self.instance.operator)

    def _post_clean(self) -> None:
        """The service checks; a ModelForm would write into the instance before it is known to be right."""
