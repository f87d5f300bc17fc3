"""What a driver has paid ahead at one operator. The balance is the sum of the entries; nothing is ever edited."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Driver, Operator
from cms.core.fields import MoneyField
from cms.core.models import Immutable, Timestamped, Visible

from .cdr import CDR
from .payment import Payment


class Wallet(Timestamped):
    """Its row is what is locked while an entry is written. `automatic_below` and `automatic_amount`: the driver wants so much to
    be taken from the default card whenever less is left; both None: never."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="wallets")
    driver = models.ForeignKey(Driver, models.PROTECT, related_name="wallets")
    currency = models.CharField(max_length=3)
    automatic_below = MoneyField(null=True, blank=True)
    automatic_amount = MoneyField(null=True, blank=True)

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "driver"], name="wallet_unique"),
            models.CheckConstraint(
                condition=Q(automatic_below=None, automatic_amount=None)
                | Q(automatic_below__gte=0, automatic_amount__gt=0),
                name="wallet_automatic_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"wallet of {self.driver_id}"


class WalletEntryQuerySet(Visible):
    operator_path = "wallet__operator"


class WalletEntry(Immutable):
    """`amount` is signed: what comes in is positive. `balance` is what was left after it; the database refuses less than nothing.
    `key` makes a second attempt boring, e.g. "cdr:12", "payment:7". `by` is None for the system; a correction has a `reason`."""

    class Kind(models.TextChoices):
        TOP_UP = "top_up", _("top-up")
        CHARGE = "charge", _("charge")
        REFUND = "refund", _("refund")
        VOUCHER = "voucher", _("voucher")
        CORRECTION = "correction", _("correction")

    wallet = models.ForeignKey(Wallet, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    amount = MoneyField()
    balance = MoneyField()
    cdr = models.ForeignKey(CDR, models.PROTECT, null=True, blank=True, related_name="wallet_entries")
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="wallet_entries")
    key = models.CharField(max_length=80)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WalletEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["wallet", "key"], name="wallet_entry_unique"),
            models.CheckConstraint(condition=Q(balance__gte=0), name="wallet_never_below_zero"),
        ]
        indexes = [models.Index(fields=["wallet", "-id"], name="wallet_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class WalletPolicy(Timestamped):
    """What an operator decides about wallets; amounts in the operator's currency. `vat_note` is printed where a top-up is
    documented: whether a prepaid balance is a multi-purpose voucher is the operator's tax adviser's to say (docs/decisions/0025)."""

    operator = models.OneToOneField(Operator, models.PROTECT, related_name="wallet_policy")
    enabled = models.BooleanField(_("drivers may pay ahead"), default=False)
    smallest_top_up = MoneyField(default=10)
    largest_balance = MoneyField(default=500)
    low_at = MoneyField(default=5)
    vat_note = models.CharField(_("VAT note on a top-up"), max_length=200, blank=True, default="")

    objects = Visible.as_manager()

    def __str__(self) -> str:
        return f"wallet policy of {self.operator_id}"
