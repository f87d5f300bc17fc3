"""What a payment provider tells us by itself: stored once, answered at once, applied later."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cms.core.models import Timestamped


class WebhookEvent(Timestamped):
    """`payload` is the body as signed, `kind` the provider's word (charge.refunded …), `object_id` what it is about. Unique by the
    provider's event id: a repeated one is boring."""

    class Status(models.TextChoices):
        RECEIVED = "received", _("received")
        APPLIED = "applied", _("applied")
        IGNORED = "ignored", _("ignored")
        FAILED = "failed", _("failed")

    gateway = models.CharField(max_length=20)
    event_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=80)
    object_id = models.CharField(max_length=100, blank=True, default="")
    payload = models.TextField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=10, choices=Status, default=Status.RECEIVED)
    applied_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="webhook_event_unique")]
        indexes = [
            models.Index(
                fields=["received_at"],
                condition=models.Q(status__in=("received", "failed")),
                name="webhook_event_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
