"""Numbered documents. Gapless per operator, series and year; frozen once issued; a credit note is an invoice of its own."""

import json

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, Driver, Operator
from cms.core.fields import MoneyField
from cms.core.models import Frozen, Kept

from .cdr import CDR


class NumberSequence(models.Model):
    """The row that is locked while a number is taken: a rolled-back document gives its number back."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    series = models.CharField(max_length=8, blank=True, default="")
    year = models.PositiveIntegerField()
    last = models.PositiveIntegerField(default=0)
    last_on = models.DateField(null=True, blank=True)  # dates follow the order of the numbers

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "series", "year"], name="number_sequence_unique")]

    def __str__(self) -> str:
        return f"{self.operator_id} {self.series}/{self.year}: {self.last}"


class Invoice(Kept):
    """`seller` and `buyer` are frozen JSON text; `vat_summary` one entry per rate. Amounts rounded as printed: with
    `tax_included` the lines are gross, else net. A credit note has negative amounts. The buyer is a driver or a `company`.
    `source` names what a document without charges is for, e.g. "subscription-period:12": asked for twice it is made once.
    `reason` is why a credit note was given. `stamp_duty`: the bollo that the seller owes on it, whoever pays it."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("invoice")
        CREDIT_NOTE = "credit_note", _("credit note")

    class FiscalType(models.TextChoices):
        """TipoDocumento of FatturaPA."""

        INVOICE = "TD01", _("TD01 invoice")
        CREDIT_NOTE = "TD04", _("TD04 credit note")
        DEFERRED = "TD24", _("TD24 deferred invoice")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="invoices")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="invoices")
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="invoices")
    source = models.CharField(max_length=80, null=True, blank=True)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.INVOICE)
    fiscal_type = models.CharField(max_length=4, choices=FiscalType, default=FiscalType.INVOICE)
    reason = models.TextField(blank=True, default="")
    credits = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="credit_notes")
    series = models.CharField(max_length=8, blank=True, default="")
    year = models.PositiveIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=20)  # as printed, e.g. 12/2026
    issued_on = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    language = models.CharField(max_length=5, default="it")
    currency = models.CharField(max_length=3)
    tax_included = models.BooleanField(default=True)
    seller = models.TextField()
    buyer = models.TextField()
    vat_summary = models.TextField()
    total_excl_vat = MoneyField()
    total_vat = MoneyField()
    total_incl_vat = MoneyField()
    stamp_duty = MoneyField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Frozen.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "series", "year", "sequence"], name="invoice_number_unique"),
            models.UniqueConstraint(fields=["operator", "source"], name="invoice_source_unique"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def billed_to(self) -> str:
        """As printed: also where the buyer has no account."""
        name: str = json.loads(self.buyer).get("legal_name", "")
        return name


class QuantityField(MoneyField):
    """kWh, hours or pieces, exact to six decimals (an integer of millionths in the database)."""


class InvoiceLine(Kept):
    """One line as printed. `cdr` leads back to the session. Of a credit note: `credits` is the line (or a part of it) that is taken
    back. `natura` says why there is no VAT (FatturaPA), `since` and `until` what days a fee is for."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    cdr = models.ForeignKey(CDR, models.PROTECT, null=True, blank=True, related_name="invoice_lines")
    text = models.TextField()
    quantity = QuantityField()
    unit = models.CharField(max_length=10)
    unit_price = MoneyField()
    amount = MoneyField()
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    natura = models.CharField(max_length=4, blank=True, default="")
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    credits = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="credited_by")

    objects = Frozen.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_unique")]

    def __str__(self) -> str:
        return self.text


class InvoicedCdr(models.Model):
    """The claim of an invoice on a CDR: nothing is invoiced twice. A credit note for the whole invoice gives it back."""

    cdr = models.OneToOneField(CDR, models.PROTECT, related_name="invoiced")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="claims")

    def __str__(self) -> str:
        return f"{self.cdr_id} on {self.invoice_id}"
