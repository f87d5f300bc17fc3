"""What a driver shows a station: an RFID card, an app account (OCPI Token, OCPP IdToken)."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cms.core.models import Timestamped, Visible

from .driver import Driver
from .operator import Operator

printable = RegexValidator(r"\A[\x20-\x7e]+\Z", _("Only letters, digits and symbols that a card can carry (ASCII)."))


class Token(Timestamped):
    """Unique per operator without regard to case: `key` is the upper-cased uid, the one that is compared."""

    class Status(models.TextChoices):
        ACCEPTED = "accepted", pgettext_lazy("card", "active")
        BLOCKED = "blocked", pgettext_lazy("card", "blocked")

    class Type(models.TextChoices):
        """IdTokenEnumType of OCPP 2.0.1 and what 2.1 adds: words of the specification, not translated."""

        CENTRAL = "Central", "Central"
        DIRECT_PAYMENT = "DirectPayment", "DirectPayment"
        EMAID = "eMAID", "eMAID"
        EVCCID = "EVCCID", "EVCCID"
        ISO14443 = "ISO14443", "ISO14443"
        ISO15693 = "ISO15693", "ISO15693"
        KEY_CODE = "KeyCode", "KeyCode"
        LOCAL = "Local", "Local"
        MAC_ADDRESS = "MacAddress", "MacAddress"
        NO_AUTHORIZATION = "NoAuthorization", "NoAuthorization"
        VIN = "VIN", "VIN"

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="tokens")
    driver = models.ForeignKey(Driver, models.SET_NULL, null=True, blank=True, related_name="tokens")
    uid = models.CharField(_("id tag"), max_length=36, validators=[printable])
    key = models.CharField(max_length=36, editable=False)
    type = models.CharField(_("type"), max_length=20, choices=Type, null=True, blank=True)
    label = models.CharField(_("label"), max_length=100, blank=True)
    parent_id_tag = models.CharField(_("group"), max_length=36, null=True, blank=True, validators=[printable])
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACCEPTED)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    max_active_sessions = models.PositiveIntegerField(
        _("sessions at once"),
        null=True,
        blank=True,
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(2**31 - 1)],
    )
    app = models.BooleanField(default=False, editable=False)  # the token that stands for the driver's phone

    authorization_status: str  # what a station would be told now: set by accounts.selectors.tokens.told

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "key"], name="token_unique"),
            models.UniqueConstraint(fields=["driver"], condition=models.Q(app=True), name="token_one_app_per_driver"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = self.uid.upper()
        super().save(*args, **kwargs)

    @property
    def masked(self) -> str:
        """The last four characters, for screens and logs."""
        return "…" + self.uid[-4:]

    def __str__(self) -> str:
        return self.label or self.masked
