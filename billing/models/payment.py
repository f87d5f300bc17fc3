"""Money in. Until the payment issue a fake gateway collects at once."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Driver, Operator
from cms.core.fields import MoneyField
from cms.core.models import Timestamped, Visible

from .cdr import CDR


class Payment(Timestamped):
    """`idempotency_key` is what makes a second attempt boring, here and at the provider."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        CAPTURED = "captured", _("paid")
        FAILED = "failed", _("failed")
        REFUNDED = "refunded", _("refunded")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="payments")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="payments")
    cdr = models.OneToOneField(CDR, models.PROTECT, related_name="payment")
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    gateway = models.CharField(max_length=20)
    gateway_id = models.CharField(max_length=100, blank=True)
    idempotency_key = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    error = models.TextField(blank=True, default="")

    objects = Visible.as_manager()

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.status}"
