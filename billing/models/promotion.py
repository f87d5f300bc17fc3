"""Vouchers and promo codes: who may enter them, what they give, and which charge had it."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Driver, DriverGroup, Operator
from cms.core.fields import MoneyField
from cms.core.models import Immutable, Timestamped, Visible
from stations.models import Location

from .cdr import CDR


class PromotionQuerySet(Visible):
    def standing(self) -> Self:
        return self.filter(ended_at=None)


class Promotion(Timestamped):
    """`code` as it is shown; `key` (upper case, letters and digits alone) is what is compared, unique per operator. `value` is an
    amount incl. VAT, a percentage or kWh, by kind.

    `limit`: how many drivers may enter it (None: any number); `charges_each`: how many charges of each it makes cheaper (None: all
    within the window). So whoever could enter a code has what it promises, whatever others do. A voucher is entered once by each.
    """

    class Kind(models.TextChoices):
        VOUCHER = "voucher", _("voucher: credit in the wallet")
        PERCENT = "percent", _("percent off")
        AMOUNT = "amount", _("amount off each charge")
        ENERGY = "energy", _("kWh free in each charge")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="promotions")
    code = models.CharField(_("code"), max_length=32)
    key = models.CharField(max_length=32, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    value = MoneyField()
    currency = models.CharField(max_length=3)
    batch = models.CharField(_("batch"), max_length=60, blank=True, default="")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)
    limit = models.PositiveIntegerField(_("drivers in all"), null=True, blank=True)
    charges_each = models.PositiveIntegerField(_("charges for each"), null=True, blank=True)
    first_charge_only = models.BooleanField(_("first charge only"), default=False)
    group = models.ForeignKey(DriverGroup, models.PROTECT, null=True, blank=True, related_name="promotions")
    locations = models.ManyToManyField(Location, related_name="promotions", blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = PromotionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "key"], name="promotion_code_unique"),
            models.CheckConstraint(condition=Q(value__gt=0), name="promotion_worth_something"),
        ]
        indexes = [models.Index(fields=["operator", "batch"], name="promotion_batch")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = compared(self.code)
        super().save(*args, **kwargs)

    @property
    def last_moment(self) -> datetime | None:
        """For people, who mean the last day by "until"."""
        return None if self.valid_until is None else self.valid_until - timedelta(seconds=1)

    def __str__(self) -> str:
        return self.code


def compared(code: str) -> str:
    """`estate-26` is ESTATE26: case, blanks and signs do not matter."""
    return "".join(sign for sign in code.upper() if sign.isalnum())[:32]


class RedemptionQuerySet(Visible):
    operator_path = "promotion__operator"


class Redemption(Immutable):
    """A driver entered a code. A voucher's is the key of its entry in the wallet."""

    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="redemptions")
    driver = models.ForeignKey(Driver, models.PROTECT, related_name="redemptions")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promotion", "driver"], name="redemption_once")]

    def __str__(self) -> str:
        return f"{self.promotion_id} by {self.driver_id}"


class PromotionUseQuerySet(models.QuerySet["PromotionUse"]):
    def standing(self) -> Self:
        """A credit CDR gives the use back, by being there."""
        return self.filter(cdr__credited_by=None)


class PromotionUse(Immutable):
    """A charge that was cheaper by a redemption."""

    redemption = models.ForeignKey(Redemption, models.PROTECT, related_name="uses")
    cdr = models.OneToOneField(CDR, models.PROTECT, related_name="promotion_use")

    objects = PromotionUseQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.redemption_id} for {self.cdr_id}"


class FailedCode(models.Model):
    """Somebody entered a code that is none: too many of them in an hour and it is guessing."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["user", "at"], name="failed_code_recent")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.at}"
