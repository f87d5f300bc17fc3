"""What the provider paid out to the bank, and which payments it was made of."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from cms.core.fields import MoneyField
from cms.core.models import Timestamped, Visible

from .payment import Payment, Refund


class Payout(Timestamped):
    """`amount` is what arrives at the bank, `status` the provider's word. One account of the provider may serve several operators,
    so that whose money it is stands on the items."""

    gateway = models.CharField(max_length=20)
    gateway_id = models.CharField(max_length=100)
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20)
    paid_at = models.DateTimeField()
    arrives_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "gateway_id"], name="payout_unique")]

    def __str__(self) -> str:
        return f"{self.gateway_id} {self.amount} {self.currency}"


class PayoutItem(Timestamped):
    """One movement on the provider's account (Stripe: balance transaction). `gross` − `fee` = `net`; refunds and disputes are
    negative. `payout` is None until it is paid out; `source_id` is the provider's payment, `payment` or `refund` ours."""

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("payment")
        REFUND = "refund", _("refund")
        DISPUTE = "dispute", _("dispute")
        FEE = "fee", _("fee")
        OTHER = "other", _("other")

    operator = models.ForeignKey(Operator, models.PROTECT, null=True, blank=True, related_name="+")
    payout = models.ForeignKey(Payout, models.PROTECT, null=True, blank=True, related_name="items")
    gateway = models.CharField(max_length=20)
    gateway_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind)
    source_id = models.CharField(max_length=100, blank=True, default="")
    gross = MoneyField()
    fee = MoneyField()
    net = MoneyField()
    currency = models.CharField(max_length=3)
    booked_at = models.DateTimeField()
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="payout_items")
    refund = models.ForeignKey(Refund, models.PROTECT, null=True, blank=True, related_name="payout_items")

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "gateway_id"], name="payout_item_unique")]
        indexes = [models.Index(fields=["operator", "booked_at"], name="payout_item_booked")]

    def __str__(self) -> str:
        return f"{self.gateway_id} {self.net} {self.currency}"
