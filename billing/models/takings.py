"""Corrispettivi: charges that no invoice documents, in a chain that shows any later change (art. 2 c. 1-ter D.Lgs. 127/2015)."""

from django.db import models
from django.db.models import Q

from accounts.models import Operator
from cms.core.fields import EnergyField, MoneyField
from cms.core.models import Frozen, Kept

from .cdr import CDR


class TakingsChain(models.Model):
    """The row that is locked while entries are appended: how long the chain is, and the hash of its last entry."""

    operator = models.OneToOneField(Operator, models.PROTECT, related_name="takings_chain")
    last = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.operator_id}: {self.last}"


class TakingsEntry(Kept):
    """One charge, or (negative, `reverses`) what takes it out again. Nothing says who the customer was.

    `day` is the operator's day on which the charge ended; amounts include VAT but for `taxable` and `vat`; `paid` is JSON text about
    electronic payment: {"electronic": "12.20", "means": "card"}. `hash` covers all of it and the hash before (takings.digest).
    """

    class Reason(models.TextChoices):
        CHARGE = "charge"
        INVOICED = "invoiced"
        CREDITED = "credited"

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="takings")
    number = models.PositiveIntegerField()
    day = models.DateField()
    reason = models.CharField(max_length=8, choices=Reason)
    cdr = models.ForeignKey(CDR, models.PROTECT, related_name="takings")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField()
    evse = models.CharField(max_length=48, blank=True)
    latitude = models.CharField(max_length=12, blank=True)
    longitude = models.CharField(max_length=12, blank=True)
    energy = EnergyField()
    currency = models.CharField(max_length=3)
    taxable = MoneyField()
    vat = MoneyField()
    total = MoneyField()
    paid = models.TextField(default="{}")
    recorded_at = models.DateTimeField()
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = Frozen.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "number"], name="takings_number_unique"),
            models.CheckConstraint(
                condition=Q(reason="charge", reverses=None) | (~Q(reason="charge") & Q(reverses__isnull=False)),
                name="takings_reversal_refers",
            ),
        ]
        indexes = [models.Index(fields=["operator", "day", "evse"], name="takings_day_evse")]

    def __str__(self) -> str:
        return f"{self.number} {self.day} {self.total}"
