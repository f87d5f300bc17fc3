"""Faults found, firmware updates and log uploads under way, security events."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.models import Timestamped, Visible

from .command import Command
from .station import ChargingStation


class _OfStation(Visible):
    operator_path = "station__operator"


class Fault(Timestamped):
    """A problem worth a person's attention, found by a rule; closes when the station proves that it is over.
    At most one open fault per station, place and kind."""

    class Kind(models.TextChoices):
        OFFLINE = "offline", _("unreachable")
        FAULTED = "faulted", _("fault reported")
        ZERO_ENERGY = "zero_energy", _("charges without energy")
        NEVER_CONNECTED = "never_connected", _("never connected")
        PROBLEM = "problem", _("problem reported")  # NotifyEvent
        CLOCK = "clock", _("clock wrong")
        LIMIT = "limit", _("power limit not obeyed")

    operator = models.ForeignKey("accounts.Operator", models.PROTECT, related_name="+")
    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="faults")
    evse_id = models.PositiveIntegerField(default=0)
    connector_id = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=16, choices=Kind)
    code = models.TextField(blank=True, default="")
    since = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    hits = models.PositiveIntegerField(default=1)  # how often it came back while open
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    note = models.TextField(_("note"), blank=True, default="")  # what was found and done, in people's words
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )  # null: the station proved it

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["station", "evse_id", "connector_id", "kind"],
                condition=models.Q(closed_at__isnull=True),
                name="fault_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.station_id}/{self.evse_id}"


class LogRequest(Timestamped):
    """GetDiagnostics / GetLog: the station uploads to an address that holds a one-time token."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("asked for")
        UPLOADING = "uploading", _("uploading")
        UPLOADED = "uploaded", _("received")
        FAILED = "failed", _("failed")

    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="log_requests")
    request_id = models.BigIntegerField(unique=True)
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    command = models.ForeignKey(Command, models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.REQUESTED)
    detail = models.TextField(blank=True, default="")
    file = models.FileField(upload_to="logs/%Y/%m/", blank=True)
    file_name = models.TextField(blank=True, default="")
    size = models.BigIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = _OfStation.as_manager()

    def __str__(self) -> str:
        return f"log {self.request_id} of {self.station_id}"


class FirmwareUpdate(Timestamped):
    """UpdateFirmware and its phases; done when the new version shows in a BootNotification."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("asked for")
        DOWNLOADING = "downloading", _("downloading")
        DOWNLOADED = "downloaded", _("downloaded")
        INSTALLING = "installing", _("installing")
        INSTALLED = "installed", _("installed")
        FAILED = "failed", _("failed")

    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="firmware_updates")
    request_id = models.BigIntegerField(unique=True)
    command = models.ForeignKey(Command, models.SET_NULL, null=True, blank=True, related_name="+")
    url = models.URLField(max_length=500)
    retrieve_at = models.DateTimeField()
    version_before = models.TextField(blank=True, default="")
    version_expected = models.TextField(blank=True, default="")
    version_after = models.TextField(blank=True, default="")
    status = models.CharField(max_length=12, choices=Status, default=Status.REQUESTED)
    detail = models.TextField(blank=True, default="")
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = _OfStation.as_manager()

    def __str__(self) -> str:
        return f"firmware {self.request_id} of {self.station_id}"


class SecurityEvent(models.Model):
    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="security_events")
    type = models.TextField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    tech_info = models.TextField(blank=True, default="")

    objects = _OfStation.as_manager()

    def __str__(self) -> str:
        return f"{self.type} {self.station_id}"
