"""One charging session per OCPP transaction: derived from evidence by `sessions_app.engine`, never edited by hand."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Driver, Operator, Token
from cms.core.fields import EnergyField
from cms.core.models import Timestamped, Visible
from stations.models import ChargingStation, Command, Location


class SessionQuerySet(Visible):
    def active(self) -> "SessionQuerySet":
        return self.filter(status=ChargingSession.Status.ACTIVE)

    def ended(self) -> "SessionQuerySet":
        return self.filter(status=ChargingSession.Status.COMPLETED)

    def ours(self) -> "SessionQuerySet":
        """Not taken over from another system."""
        return self.exclude(ocpp_version=ChargingSession.IMPORTED)

    def occupying(self) -> "SessionQuerySet":
        """Running sessions that count against their token: not those it was refused for, nor those nobody hears of (quirk 33)."""
        return self.active().filter(authorization="Accepted").exclude(review__contains="silent")


class ChargingSession(Timestamped):
    """`transaction_id` is the protocol's, as text (1.6: allotted by us). `start_key` makes a repeated start the same session.
    Energy in Wh (stored mWh); times are the station's clock, `*_received_at` ours. `review` names what a person must decide."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("running")
        COMPLETED = "completed", _("ended")

    IMPORTED = "import"  # in place of a protocol version: taken over from another system, charged for there

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="sessions", db_index=False)
    station = models.ForeignKey(ChargingStation, models.PROTECT, related_name="sessions", db_index=False)
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="sessions")
    evse_id = models.PositiveIntegerField(null=True, blank=True)
    connector_id = models.PositiveIntegerField(null=True, blank=True)
    ocpp_version = models.CharField(max_length=8)
    transaction_id = models.TextField()
    start_key = models.TextField()

    token = models.ForeignKey(Token, models.SET_NULL, null=True, blank=True, related_name="sessions")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="sessions")
    id_tag = models.TextField(blank=True, default="")
    authorization = models.CharField(
        max_length=24, blank=True, default=""
    )  # what the station was told: Accepted, Invalid …
    stop_id_tag = models.TextField(null=True, blank=True)

    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    started_at = models.DateTimeField()
    started_received_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_received_at = models.DateTimeField(null=True, blank=True)
    stop_reason = models.TextField(null=True, blank=True)
    closed_by_us = models.BooleanField(default=False)  # ended in our books only (POST …/close/)

    meter_start = EnergyField(null=True, blank=True)
    meter_stop = EnergyField(null=True, blank=True)
    energy = EnergyField(default=0)
    estimated = models.BooleanField(default=False)
    charging_state = models.CharField(
        max_length=24, blank=True, default=""
    )  # 2.x chargingState, 1.6 from connector status
    power_w = models.IntegerField(null=True, blank=True)
    soc = models.SmallIntegerField(null=True, blank=True)
    last_reading_at = models.DateTimeField(null=True, blank=True)
    last_seq_no = models.BigIntegerField(null=True, blank=True)
    state = models.TextField(default="{}")  # the reducer's own state, JSON (sessions_app.engine)
    discarded = models.BooleanField(default=False)  # a person said that it was no charge
    review = models.TextField(blank=True, default="")  # comma-separated reasons; empty = nothing to decide

    objects = SessionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["start_key"], name="session_start_key_unique"),
        ]
        indexes = [
            # not unique: stations begin to count anew after a reset, and change their protocol (quirks 52, 53)
            models.Index(fields=["station", "transaction_id"], name="session_transaction"),
            models.Index(fields=["operator", "-id"], name="session_operator_newest"),
            models.Index(fields=["station", "evse_id"], name="session_active", condition=models.Q(status="active")),
            models.Index(fields=["token"], name="session_token_active", condition=models.Q(status="active")),
            models.Index(fields=["stopped_at"], name="session_stopped_at"),
            models.Index(fields=["operator"], name="session_in_review", condition=~models.Q(review="")),
        ]

    def __str__(self) -> str:
        return f"{self.pk} on {self.station_id}"


class StartRequest(Timestamped):
    """A remote start that somebody asked for: waits for the station's own TransactionStarted."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting for the car")
        STARTED = "started", _("charging")
        REFUSED = "refused", _("refused by the charger")
        EXPIRED = "expired", _("no car seen in time")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    station = models.ForeignKey(ChargingStation, models.PROTECT, related_name="start_requests")
    evse_id = models.PositiveIntegerField()
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="start_requests")
    token = models.ForeignKey(Token, models.SET_NULL, null=True, blank=True, related_name="start_requests")
    command = models.ForeignKey(Command, models.PROTECT, related_name="+")
    session = models.ForeignKey(ChargingSession, models.SET_NULL, null=True, blank=True, related_name="start_requests")
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    public_token = models.CharField(max_length=32, unique=True)  # /s/<token>: the driver's live page
    expires_at = models.DateTimeField()

    objects = Visible.as_manager()

    def __str__(self) -> str:
        return f"start on {self.station_id}/{self.evse_id}"
