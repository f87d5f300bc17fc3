"""What an invoice must say about its buyer."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class BillingData(models.Model):
    """`vat_treatment`: a Natura code of FatturaPA in whose name the buyer pays no VAT to the seller, "split" where a public body pays
    it to the state itself, "" for ordinary VAT. `sdi_code` is the CodiceDestinatario of FatturaPA: seven characters of a company's
    channel, or the six of a public body's office (then the format is FPA12). `intent_protocol` and `intent_on`: of the letter of
    intent at the Agenzia delle Entrate, which each invoice in its name (N3.5) must quote."""

    class VatTreatment(models.TextChoices):
        ORDINARY = "", _("ordinary VAT")
        SPLIT = "split", _("split payment (art. 17-ter, public bodies)")
        ENERGY_RESELLER = "N6.8", _("N6.8 reverse charge: resells electricity")
        ABROAD = "N2.1", _("N2.1 taxable abroad (artt. 7–7-septies)")
        LETTER_OF_INTENT = "N3.5", _("N3.5 letter of intent")
        EXEMPT = "N4", _("N4 exempt")

    billing_name = models.CharField(_("name or company"), max_length=80, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=14, blank=True)
    fiscal_code = models.CharField(_("fiscal code"), max_length=16, blank=True)
    address = models.CharField(_("address"), max_length=60, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=60, blank=True)
    province = models.CharField(_("province"), max_length=2, blank=True)
    country_code = models.CharField(_("country"), max_length=2, default="IT")
    sdi_code = models.CharField(_("SDI code"), max_length=7, blank=True)
    pec = models.EmailField(_("certified e-mail (PEC)"), blank=True)
    vat_treatment = models.CharField(_("VAT treatment"), max_length=5, choices=VatTreatment, blank=True, default="")

    intent_protocol = models.CharField(_("protocol of the letter of intent"), max_length=24, blank=True, default="")
    intent_on = models.DateField(_("date of that protocol"), null=True, blank=True)

    class Meta:
        abstract = True
