"""A charge without an account: from the tap on "pay and start" behind a QR code to the receipt."""

import json

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Driver, Operator, Token
from cms.core.fields import MoneyField
from cms.core.models import Timestamped, Visible
from sessions_app.models import StartRequest
from stations.models import EVSE, ChargingStation

from .payment import Payment
from .tariff import TariffVersion


class AdhocQuerySet(Visible):
    def under_way(self) -> "AdhocQuerySet":
        """Paying, or started and nobody has given up on it."""
        return self.filter(status__in=(AdhocCharge.Status.PAYING, AdhocCharge.Status.STARTED))


class AdhocCharge(Timestamped):
    """`public_token` is the secret of `/s/<token>/`: whoever has it follows and stops this charge, nobody else does.

    `hold` is what is blocked on the card. `tariff_version` and `shown` (JSON text: moment, language, sentence, lines) are the
    price as it was shown before paying (AFIR art. 5, kept as evidence). `token` is made for this one start. `reason`: why nothing
    began (billing.services.cards.adhoc.REASONS), "" otherwise. `buyer`: the fields of BillingData as JSON text, for an invoice to
    somebody who is no Driver; `driver` is who asked for it while signed in, if anybody."""

    class Status(models.TextChoices):
        PAYING = "paying", _("paying")
        STARTED = "started", _("started")
        DROPPED = "dropped", _("nothing began")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="adhoc_charges")
    station = models.ForeignKey(ChargingStation, models.PROTECT, related_name="adhoc_charges")
    evse = models.ForeignKey(EVSE, models.PROTECT, related_name="adhoc_charges")
    public_token = models.CharField(max_length=32)
    status = models.CharField(max_length=8, choices=Status, default=Status.PAYING)
    reason = models.CharField(max_length=20, blank=True, default="")
    hold = MoneyField()
    currency = models.CharField(max_length=3)
    tariff_version = models.ForeignKey(TariffVersion, models.PROTECT, null=True, blank=True, related_name="+")
    shown = models.TextField(default="{}")
    attempt = models.PositiveSmallIntegerField(default=1)  # a declined card may be followed by another one
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="adhoc_charges")
    token = models.ForeignKey(Token, models.SET_NULL, null=True, blank=True, related_name="+")
    start = models.OneToOneField(StartRequest, models.PROTECT, null=True, blank=True, related_name="adhoc_charge")
    email = models.EmailField(_("e-mail"), blank=True, default="")
    language = models.CharField(max_length=5, default="it")
    buyer = models.TextField(blank=True, default="")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="adhoc_charges")

    objects = AdhocQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["public_token"], name="adhoc_public_token_unique"),
        ]
        indexes = [
            models.Index(fields=["operator", "email"], condition=~Q(email=""), name="adhoc_mailed_to"),
            models.Index(fields=["operator", "-id"], name="adhoc_operator_newest"),
            models.Index(
                fields=["evse", "created_at"], condition=Q(status__in=("paying", "started")), name="adhoc_under_way"
            ),
        ]

    @property
    def sentence(self) -> str:
        """The price as it was shown."""
        return str(json.loads(self.shown).get("sentence", ""))

    def __str__(self) -> str:
        return f"charge without an account {self.pk}"
