"""When money of a payment came in or went back: what the journal books, and what no later change of the payment moves."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from cms.core.fields import MoneyField
from cms.core.models import Immutable, Visible

from .payment import Payment


class CashEntry(Immutable):
    """`amount` in the payment's currency: more than nothing of what CAME came in, and of what WENT went back; less than nothing where
    it turned round (a refund that the bank sent back). Of a payment all CAME are its `captured`, all WENT its `refunded`."""

    class Kind(models.TextChoices):
        CAME = "came", _("came in")
        WENT = "went", _("went back")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="cash_entries")
    kind = models.CharField(max_length=4, choices=Kind)
    amount = MoneyField()
    at = models.DateTimeField()
    booked_at = models.DateTimeField(default=timezone.now)

    objects = Visible.as_manager()

    class Meta:
        indexes = [models.Index(fields=["operator", "at"], name="cash_entry_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
