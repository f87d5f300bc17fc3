"""Files that people ask for: each is a job with progress, a checksum and a history."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator, User
from cms.core.models import Timestamped, Visible


class Export(Timestamped):
    """`kind` is a key of `billing.exports.kinds.KINDS`, `params` what it was asked for (JSON text, keys sorted), `preset` how it is
    written (`billing.exports.presets`) and `language` in which words. `done` of `total` steps; `rows` without the head.

    `attempt` is the fencing number: only the worker that claimed it last may write. `beat_at` is when that worker last said that
    it lives. The file goes after `expires_at`, the row with `sha256` and `size` (bytes) stays. `summary` is what the page that asked
    shows of it (JSON text), for kinds that sum up. `seen_at`: since then who asked for it knows that it has ended.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="exports")
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=40)
    params = models.TextField(default="{}")
    preset = models.CharField(max_length=10)
    language = models.CharField(max_length=5)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    rows = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    file = models.FileField(upload_to="exports/%Y/%m/", max_length=200, blank=True)
    name = models.CharField(max_length=120, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    summary = models.TextField(blank=True, default="")

    objects = Visible.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["operator", "-id"], name="export_operator_newest"),
            models.Index(fields=["state"], condition=Q(state__in=("queued", "running")), name="export_under_way"),
            models.Index(fields=["by"], condition=Q(finished_at__isnull=False, seen_at=None), name="export_news"),
            models.Index(fields=["expires_at"], condition=~Q(file=""), name="export_expiring"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
