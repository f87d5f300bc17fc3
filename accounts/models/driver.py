"""A person who charges, at one operator. Starting at another operator's station makes a second Driver there."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.models import Timestamped, Visible

from .billing_data import BillingData
from .operator import Operator


class Driver(BillingData, Timestamped):
    """The billing data are the buyer's on an invoice; with `vat_number` invoices are issued monthly."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="drivers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="drivers")
    blocked = models.BooleanField(_("blocked"), default=False)

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "user"], name="driver_unique")]

    def __str__(self) -> str:
        return self.billing_name or str(self.user)
