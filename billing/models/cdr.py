"""The charge detail record: what one session cost and why. Immutable; a correction is a credit CDR that refers to it."""

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, Driver, Operator
from cms.core.fields import EnergyField, MoneyField
from cms.core.models import Immutable, Timestamped, Visible
from sessions_app.models import ChargingSession

from .tariff import TariffVersion

if TYPE_CHECKING:
    from .payment import Payment


class CDRQuerySet(Visible):
    def standing(self) -> Self:
        """What counts: neither a credit nor credited."""
        return self.filter(credits=None, credited_by=None)

    def billable(self) -> Self:
        """Standing, and not held: an estimate, or a session that a person must look at, is nobody's debt yet. Once its session
        is in order it is, but for energy that does not add up. A key of the meter that was registered later may still find
        that a signature does not hold."""
        settled = Q(session__review="") & ~Q(flags__contains="periods_mismatch")
        forged = Q(session__review__contains="signed_")
        return self.standing().filter(Q(held=False) | settled).exclude(forged)

    def uninvoiced(self) -> Self:
        return self.filter(invoiced=None)

    def unpaid(self) -> Self:
        """Billable, of a driver, no company's, worth something, and without a payment."""
        return self.billable().filter(payment=None, driver__isnull=False, company=None, total_incl_vat__gt=0)


class CDR(Immutable):
    """Unique per session and revision; `credits` points from a credit CDR (negative totals) to what it takes back.

    `total_*` are the documents' (tariffs.rounding), `exact_*` the unrounded decimals or fractions as text. `snapshot` freezes
    location, EVSE, meter and token; `periods` the OCPI charging periods; `trace` why each line costs what it costs (all JSON
    text). `flags` are comma-separated: no_tariff, zero_energy, refused, waived, discarded, estimated, review, periods_mismatch,
    continues (an earlier charge of the same visit). `held`: see CDRQuerySet.billable. `company` pays for its driver; with its
    `cost_centre` it is frozen at rating. `terms`: what else moved the price (see billing.tariffs.terms), JSON text; "" for nothing.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="cdrs")
    session = models.ForeignKey(ChargingSession, models.PROTECT, related_name="cdrs")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="cdrs")
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="cdrs")
    cost_centre = models.CharField(max_length=40, blank=True, default="")
    revision = models.PositiveIntegerField(default=1)
    credits = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="credited_by")
    tariff_version = models.ForeignKey(TariffVersion, models.PROTECT, null=True, blank=True, related_name="cdrs")
    created_at = models.DateTimeField(auto_now_add=True)

    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField()
    energy = EnergyField()
    charging_seconds = models.PositiveIntegerField()
    parking_seconds = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3)
    tax_included = models.BooleanField(default=True)
    total_excl_vat = MoneyField()
    total_vat = MoneyField()
    total_incl_vat = MoneyField()
    exact_excl_vat = models.TextField()
    exact_incl_vat = models.TextField()
    snapshot = models.TextField()
    periods = models.TextField()
    terms = models.TextField(blank=True, default="")
    trace = models.TextField()
    estimated = models.BooleanField(default=False)
    held = models.BooleanField(default=False)
    flags = models.TextField(blank=True, default="")

    objects = CDRQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "revision"], name="cdr_session_revision_unique")]
        indexes = [
            models.Index(fields=["operator", "-id"], name="cdr_operator_newest"),
            models.Index(fields=["operator", "stopped_at"], name="cdr_operator_stopped"),
            models.Index(
                fields=["company", "stopped_at"], name="cdr_company_stopped", condition=Q(company__isnull=False)
            ),  # what a company has spent this month is asked before each of its starts
        ]

    @property
    def payment(self) -> "Payment | None":
        """What tells how it was paid: the newest payment that money came in by, else the newest attempt."""
        return self.payments.order_by(F("captured").asc(), "pk").last()

    @property
    def is_paid(self) -> bool:
        """Whole, by however many payments. Asks the database."""
        kept = self.payments.aggregate(came=Sum("captured"), went=Sum("refunded"))
        return (kept["came"] or 0) - (kept["went"] or 0) >= self.total_incl_vat

    def __str__(self) -> str:
        return f"CDR {self.pk}"


class BillingPolicy(Timestamped):
    """What an operator decides once. `estimated_limit`: estimates up to this energy (Wh) are charged without a person;
    `waive_empty`: a charge without energy costs nothing, whatever fees the tariff has. `hold_amount` is blocked on the card before
    a start, where `payment_to_start` or a charge without an account wants it."""

    class PaymentToStart(models.TextChoices):
        NONE = "none", _("nothing")
        CARD = "card", _("a card")
        CARD_OR_WALLET = "card_or_wallet", _("a card, or enough in the wallet")

    operator = models.OneToOneField(Operator, models.PROTECT, related_name="billing_policy")
    estimated_limit = EnergyField(default=0)
    waive_empty = models.BooleanField(default=False)
    hold_amount = MoneyField(default=Decimal(40))
    payment_to_start = models.CharField(max_length=14, choices=PaymentToStart, default=PaymentToStart.NONE)

    objects = Visible.as_manager()

    def __str__(self) -> str:
        return f"policy of {self.operator_id}"
