"""A person who charges, at one operator. Starting at another operator's station makes a second Driver there."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.models import Timestamped, Visible

from .operator import Operator


class Driver(Timestamped):
    """The billing data are the buyer's on an invoice; with `vat_number` invoices are issued monthly."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="drivers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="drivers")
    blocked = models.BooleanField(_("blocked"), default=False)

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

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "user"], name="driver_unique")]

    def __str__(self) -> str:
        return self.billing_name or str(self.user)
