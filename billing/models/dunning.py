"""Money that did not come: one case for each thing that is owed, and every step that was taken about it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, Driver, Operator
from cms.core.fields import MoneyField
from cms.core.models import Immutable, Timestamped, Visible

from .cdr import CDR
from .invoice import Invoice
from .payment import Payment
from .subscription import SubscriptionFee
from .wallet import Wallet


class DunningPolicy(Timestamped):
    """`ladder`: days after the first failure on which the payment is tried again, or the debtor reminded, comma-separated and
    ascending. New starts are refused `grace_days` after the first failure (those of a company's people only with
    `stop_companies`); when the ladder is at its end a subscription ends if `end_after`."""

    operator = models.OneToOneField(Operator, models.PROTECT, related_name="dunning_policy")
    ladder = models.CharField(max_length=60, default="1,3,7,14")
    grace_days = models.PositiveSmallIntegerField(default=7)
    end_after = models.BooleanField(default=True)
    stop_companies = models.BooleanField(default=False)

    objects = Visible.as_manager()

    def __str__(self) -> str:
        return self.ladder


class DunningCase(Timestamped):
    """One fee, charge or invoice that is owed, or a wallet whose automatic top-up was refused; `amount` is what is left of it.
    `step`: how many rungs of the ladder are done; `next_at` None: nothing happens by itself any more. `stopped_at`: since then
    the debtor starts no charge."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        PAUSED = "paused", _("on hold")
        RECOVERED = "recovered", _("recovered")
        EXHAUSTED = "exhausted", _("given up")
        CLOSED = "closed", _("closed")

    OWED = (Status.OPEN, Status.PAUSED, Status.EXHAUSTED)

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="dunning_cases")
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="dunning_cases")
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="dunning_cases")
    fee = models.OneToOneField(SubscriptionFee, models.PROTECT, null=True, blank=True, related_name="dunning")
    cdr = models.OneToOneField(CDR, models.PROTECT, null=True, blank=True, related_name="dunning")
    invoice = models.OneToOneField(Invoice, models.PROTECT, null=True, blank=True, related_name="dunning")
    wallet = models.OneToOneField(Wallet, models.PROTECT, null=True, blank=True, related_name="dunning")
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    step = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    grace_until = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, default="")

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(fee__isnull=False, cdr=None, invoice=None, wallet=None)
                | Q(fee=None, cdr__isnull=False, invoice=None, wallet=None)
                | Q(fee=None, cdr=None, invoice__isnull=False, wallet=None)
                | Q(fee=None, cdr=None, invoice=None, wallet__isnull=False),
                name="dunning_case_about_one",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "next_at"], name="dunning_case_due"),
            models.Index(fields=["driver", "status"], name="dunning_case_of_driver"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} {self.status}"


class DunningStep(Immutable):
    """`kind`: opened, retry, reminded (nobody could be asked), by_hand, partly (some of it came), stopped, paused, resumed,
    recovered, exhausted, closed. `text` says what came of it."""

    case = models.ForeignKey(DunningCase, models.PROTECT, related_name="steps")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12)
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="+")
    text = models.CharField(max_length=300, blank=True, default="")
    by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["case", "id"], name="dunning_step_in_order")]

    def __str__(self) -> str:
        return self.kind
