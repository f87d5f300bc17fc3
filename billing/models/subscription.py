"""Plans and who has one. A month of a plan is a `SubscriptionPeriod`: what it costs is in its fees, what it includes is used up
by the charges that began in it. Days are the operator's calendar days; ends are exclusive."""

import uuid
from datetime import date, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Driver, Operator
from cms.core.fields import EnergyField, MoneyField
from cms.core.models import Immutable, Timestamped, Visible
from stations.models import Location

from .cdr import CDR
from .invoice import Invoice
from .payment import Payment


class PlanQuerySet(Visible):
    def offered(self) -> Self:
        return self.filter(archived_at=None)


class Plan(Timestamped):
    """`archived_at`: nobody can choose it any more; who has it keeps it."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="plans")
    name = models.CharField(_("name"), max_length=60)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "name"], condition=Q(archived_at=None), name="plan_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlanVersionQuerySet(Visible):
    operator_path = "plan__operator"


class PlanVersion(Immutable):
    """`included_energy` in Wh and `included_seconds` of charging a month, 0 for none; what is left at its end is lost. Without
    `locations` they count everywhere at the operator's. Sold from `valid_from` until the plan's next version."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    monthly_fee = MoneyField()
    currency = models.CharField(max_length=3, default="EUR")
    tax_included = models.BooleanField(default=True)
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=2)
    included_energy = EnergyField(default=0)
    included_seconds = models.PositiveIntegerField(default=0)
    locations = models.ManyToManyField(Location, related_name="+", blank=True)
    valid_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PlanVersionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="plan_version_unique")]

    def __str__(self) -> str:
        return f"{self.plan} v{self.number}"


class SubscriptionQuerySet(Visible):
    def live(self) -> Self:
        return self.filter(status__in=Subscription.LIVE)


class Subscription(Timestamped):
    """`starting` until its first fee is paid; `cancelled` still works until `cancel_on`; `ended` for ever. `anchor_day` is the day
    of the month on which it renews (the last day of a shorter month). Between `pause_from` and `pause_until` (open: until it is
    resumed) it costs and includes nothing. `next_version` holds from the renewal on or after `next_from`."""

    class Status(models.TextChoices):
        STARTING = "starting", _("waiting for the first payment")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        PAST_DUE = "past_due", _("past due")
        CANCELLED = "cancelled", _("cancelled")
        ENDED = "ended", _("ended")

    LIVE = (Status.STARTING, Status.ACTIVE, Status.PAUSED, Status.PAST_DUE, Status.CANCELLED)

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="subscriptions")
    driver = models.ForeignKey(Driver, models.PROTECT, related_name="subscriptions")
    version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=10, choices=Status, default=Status.STARTING)
    anchor_day = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    period_start = models.DateField(null=True, blank=True)
    period_end = models.DateField(null=True, blank=True)
    cancel_on = models.DateField(null=True, blank=True)
    pause_from = models.DateField(null=True, blank=True)
    pause_until = models.DateField(null=True, blank=True)
    next_version = models.ForeignKey(PlanVersion, models.PROTECT, null=True, blank=True, related_name="+")
    next_from = models.DateField(null=True, blank=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "driver"], condition=~Q(status="ended"), name="subscription_one_live"
            ),
        ]
        indexes = [models.Index(fields=["status", "period_end"], name="subscription_due")]

    def __str__(self) -> str:
        return f"{self.driver_id}: {self.version_id} {self.status}"


class SubscriptionPeriodQuerySet(Visible):
    operator_path = "subscription__operator"


class SubscriptionPeriod(Timestamped):
    """One month, `begins_at` to `ends_at`. `energy` (Wh) and `seconds` are what it includes, raised where a larger plan began in
    it. `warned`: the highest share (80, 100 %) that the driver was told of."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="periods")
    version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="+")
    start = models.DateField()
    end = models.DateField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    energy = EnergyField(default=0)
    seconds = models.PositiveIntegerField(default=0)
    warned = models.PositiveSmallIntegerField(default=0)

    objects = SubscriptionPeriodQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "start"], name="subscription_period_unique"),
            models.CheckConstraint(condition=Q(end__gt=models.F("start")), name="subscription_period_has_days"),
        ]

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.start} – {self.end}"


class SubscriptionFee(Timestamped):
    """What is asked for a plan: a month's fee (`first`, `renewal`) or the difference to a larger plan for the days that are left
    (`change`). `since`: from when this version's price and places hold. `payment` is the one that paid it, or the last try;
    `dropped_at`: nobody asks for it any more, because it was not paid in time and nothing came of it."""

    class Kind(models.TextChoices):
        FIRST = "first", _("first month")
        RENEWAL = "renewal", _("renewal")
        CHANGE = "change", _("larger plan")

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="fees")
    period = models.ForeignKey(SubscriptionPeriod, models.PROTECT, null=True, blank=True, related_name="fees")
    version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    since = models.DateTimeField()
    days = models.PositiveSmallIntegerField()
    of_days = models.PositiveSmallIntegerField()
    amount = MoneyField()
    currency = models.CharField(max_length=3)
    credited = MoneyField(default=0)
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, blank=True, related_name="+")
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, blank=True, related_name="+")
    paid_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period"], condition=Q(kind__in=["first", "renewal"]), name="subscription_fee_one_a_month"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"


class AllowanceUse(Immutable):
    """What a charge took of a month's allowance; a credit CDR takes it back with negative amounts."""

    period = models.ForeignKey(SubscriptionPeriod, models.PROTECT, related_name="uses")
    cdr = models.OneToOneField(CDR, models.PROTECT, related_name="allowance_use")
    energy = EnergyField(default=0)
    seconds = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.energy} Wh, {self.seconds} s"


class SubscriptionEvent(Immutable):
    """What happened to a subscription, for the history beside it. `facts` is JSON text; `by` None: the driver or the system."""

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    facts = models.TextField(blank=True, default="{}")
    by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["subscription", "-id"], name="subscription_event_newest")]

    def __str__(self) -> str:
        return self.kind
