"""The charge detail record: what one session cost and why. Immutable; a correction is a credit CDR that refers to it."""

import uuid

from django.db import models

from accounts.models import Driver, Operator
from cms.core.fields import EnergyField, MoneyField
from cms.core.models import Immutable, Visible
from sessions_app.models import ChargingSession

from .tariff import TariffVersion


class CDR(Immutable):
    """Unique per session and revision; `credits` points from a credit CDR (negative totals) to what it takes back.

    `total_*` are rounded once (documents), `exact_*` the unrounded decimals or fractions as text. `snapshot` freezes
    location, EVSE and token; `periods` the OCPI charging periods; `trace` why each line costs what it costs (all JSON text).
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="cdrs")
    session = models.ForeignKey(ChargingSession, models.PROTECT, related_name="cdrs")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="cdrs")
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
    trace = models.TextField()
    estimated = models.BooleanField(default=False)

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "revision"], name="cdr_session_revision_unique")]
        indexes = [models.Index(fields=["operator", "-id"], name="cdr_operator_newest")]

    def __str__(self) -> str:
        return f"CDR {self.pk}"
