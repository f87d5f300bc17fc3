"""Numbered documents. Gapless per operator, series and year; frozen once issued; a credit note is an invoice of its own."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Driver, Operator
from cms.core.fields import MoneyField
from cms.core.models import Immutable, Visible

from .cdr import CDR


class NumberSequence(models.Model):
    """The row that is locked while a number is taken: a rolled-back document gives its number back."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    series = models.CharField(max_length=8, blank=True, default="")
    year = models.PositiveIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "series", "year"], name="number_sequence_unique")]

    def __str__(self) -> str:
        return f"{self.operator_id} {self.series}/{self.year}: {self.last}"


class Invoice(Immutable):
    """`seller` and `buyer` are frozen JSON text; `vat_summary` one entry per rate. Amounts rounded as printed."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("invoice")
        CREDIT_NOTE = "credit_note", _("credit note")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="invoices")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="invoices")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.INVOICE)
    credits = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="credit_notes")
    series = models.CharField(max_length=8, blank=True, default="")
    year = models.PositiveIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=20)  # as printed, e.g. 12/2026
    issued_on = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    language = models.CharField(max_length=5, default="it")
    currency = models.CharField(max_length=3)
    seller = models.TextField()
    buyer = models.TextField()
    vat_summary = models.TextField()
    total_excl_vat = MoneyField()
    total_vat = MoneyField()
    total_incl_vat = MoneyField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "series", "year", "sequence"], name="invoice_number_unique"),
        ]

    def __str__(self) -> str:
        return self.number


class InvoiceLine(Immutable):
    """One line as printed. `cdr` leads back to the session; a CDR is invoiced at most once per document kind."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    cdr = models.ForeignKey(CDR, models.PROTECT, null=True, blank=True, related_name="invoice_lines")
    text = models.TextField()
    quantity = models.DecimalField(max_digits=20, decimal_places=6)
    unit = models.CharField(max_length=10)
    unit_price = MoneyField()
    amount = MoneyField()
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_unique")]

    def __str__(self) -> str:
        return self.text
