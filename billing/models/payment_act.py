"""Who has had a hand in a payment, and why: what the provider did then is in its steps."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.fields import MoneyField
from cms.core.models import Immutable

from .payment import Payment


class PaymentAct(Immutable):
    """`amount` is what was asked for, in the payment's currency; None where there is nothing to say."""

    class Verb(models.TextChoices):
        CAPTURE = "capture", _("collected by hand")
        RELEASE = "release", _("let the hold go")
        REFUND = "refund", _("gave back")
        RETRY = "retry", _("tried again")
        RECEIVED = "received", _("entered a bank transfer")
        UNDONE = "undone", _("took the entry back")

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="acts")
    verb = models.CharField(max_length=8, choices=Verb)
    amount = MoneyField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.verb} of {self.payment_id}"
