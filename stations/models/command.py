"""Everything we asked of a station, through the one door `stations.services.commands.request`."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.models import Visible

from .station import ChargingStation


class CommandQuerySet(Visible):
    operator_path = "station__operator"


class Command(models.Model):
    """`kind` and `arguments` are the word of stations.vocabulary.commands; `action` and `payload` what goes on the wire,
    `response` what came back, both verbatim. `effect_at`: when evidence showed that it really happened."""

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        SENT = "sent", _("sent")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("refused")
        ERROR = "error", _("failed")
        TIMEOUT = "timeout", _("no answer")

    uid = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False
    )  # the API's id; `id` is the order of acceptance
    station = models.ForeignKey(ChargingStation, models.PROTECT, related_name="commands")
    ocpp_version = models.CharField(max_length=8)
    kind = models.CharField(max_length=32)
    arguments = models.TextField(default="{}")
    action = models.CharField(max_length=64)
    payload = models.TextField(default="{}")
    timeout = models.PositiveIntegerField(default=30)
    automatic = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    response = models.TextField(null=True, blank=True)
    error = models.TextField(null=True, blank=True)  # JSON {"code", "description", "details"}
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    requested_with = models.ForeignKey("accounts.ApiKey", models.SET_NULL, null=True, blank=True, related_name="+")
    epoch = models.BigIntegerField(null=True, blank=True)  # of the connection that took it
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    effect_at = models.DateTimeField(null=True, blank=True)

    objects = CommandQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["station", "id"], name="command_open", condition=models.Q(status__in=["pending", "sent"])
            ),
            models.Index(fields=["station", "created_at"], name="command_station_at"),
            models.Index(
                fields=["sent_at"],
                name="command_awaits_effect",
                condition=models.Q(status__in=["sent", "accepted"], effect_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} → {self.station_id} ({self.status})"
