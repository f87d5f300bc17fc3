"""What a station told us about charging, normalised: the only input of the reducer and of rating. Kept ten years."""

from typing import Self

from django.db import models
from django.db.models import Q

from cms.core.fields import EnergyField
from cms.core.models import Immutable, Visible
from sessions_app.engine import evidence
from stations.models import ChargingStation

from .session import ChargingSession

POWERED_W = 100  # below this nothing charges


class EvidenceQuerySet(Visible):
    operator_path = "station__operator"

    def orphans(self) -> Self:
        """What a person must find a session for, or set aside. Of readings outside of transactions only those that show power:
        stations also read their idle connectors."""
        telling = Q(kind__in=(evidence.ENDED, evidence.UPDATED)) | Q(kind=evidence.METERED, power_w__gt=POWERED_W)
        return self.filter(telling, session=None, verdict=None)


class Evidence(models.Model):
    """One row per transaction event or meter message. `session` is null while nobody could say whose it is (orphans).

    `register` is the last energy register reading of the message in Wh, so that curves need not parse `readings`,
    which holds every sample as JSON text: [[iso time, [[measurand, value, unit, phase, context, location], …]], …].
    """

    # the composite indexes below serve both keys: every index of their own would cost each reading
    station = models.ForeignKey(ChargingStation, models.PROTECT, related_name="evidence", db_index=False)
    session = models.ForeignKey(
        ChargingSession, models.PROTECT, null=True, blank=True, related_name="evidence", db_index=False
    )
    kind = models.CharField(
        max_length=12
    )  # started, updated, ended, metered; ours: bounded, closed, doubted, aged, corrected … (engine.evidence)
    transaction_id = models.TextField(blank=True, default="")
    evse_id = models.PositiveIntegerField(null=True, blank=True)
    connector_id = models.PositiveIntegerField(null=True, blank=True)
    seq_no = models.BigIntegerField(null=True, blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    message_id = models.TextField(blank=True, default="")
    register = EnergyField(null=True, blank=True)
    power_w = models.IntegerField(null=True, blank=True)
    facts = models.TextField(
        default="{}"
    )  # JSON: token, reason, trigger, charging_state, meter_wh, offline, anomalies …
    readings = models.TextField(default="[]")

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["session", "occurred_at"], name="evidence_session_at"),
            models.Index(fields=["station", "received_at"], name="evidence_station_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.station_id}/{self.transaction_id}"


class OrphanVerdict(Immutable):
    """What a person said of evidence that nobody claimed: whose it is, or, without `session`, that it is nobody's. The evidence
    stays as it was heard. `by` as in the facts of our own evidence: user:<pk> or apikey:<pk>."""

    evidence = models.OneToOneField(Evidence, models.PROTECT, related_name="verdict")
    session = models.ForeignKey(ChargingSession, models.PROTECT, null=True, blank=True, related_name="adopted")
    reason = models.TextField()
    by = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"verdict on {self.evidence_id}"
