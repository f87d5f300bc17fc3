"""What a driver shows a station: an RFID card, an app account (OCPI Token, OCPP IdToken)."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.models import Timestamped, Visible

from .driver import Driver
from .operator import Operator


class Token(Timestamped):
    """Unique per operator without regard to case: `key` is the upper-cased uid, the one that is compared."""

    class Status(models.TextChoices):
        ACCEPTED = "accepted", _("active")
        BLOCKED = "blocked", _("blocked")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="tokens")
    driver = models.ForeignKey(Driver, models.SET_NULL, null=True, blank=True, related_name="tokens")
    uid = models.CharField(_("id tag"), max_length=36)
    key = models.CharField(max_length=36, editable=False)
    type = models.CharField(_("type"), max_length=20, null=True, blank=True)
    label = models.CharField(_("label"), max_length=100, blank=True)
    parent_id_tag = models.CharField(_("group"), max_length=36, null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACCEPTED)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    max_active_sessions = models.PositiveIntegerField(_("sessions at once"), null=True, blank=True, default=1)

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "key"], name="token_unique")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = self.uid.upper()
        super().save(*args, **kwargs)

    @property
    def masked(self) -> str:
        """The last four characters, for screens and logs."""
        return "…" + self.uid[-4:]

    def __str__(self) -> str:
        return self.label or self.masked
