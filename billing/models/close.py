"""The end of a month: what was found, what somebody accepted, and from when nothing may be dated in it any more."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator, User
from cms.core.fields import MoneyField
from cms.core.models import Immutable, Timestamped, Visible


class MonthClose(Timestamped):
    """`month` is its first day, at the operator's. `checks` and `figures` (JSON text) are what the last look at it found, at
    `checked_at`, `to_decide` how many lines wait for a decision; they stay as they are while it is closed. What happened in the month and was written after `cutoff` counts in
    the first month that is open (`billing.selectors.months`)."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="month_closes")
    month = models.DateField()
    checks = models.TextField(default="{}")
    figures = models.TextField(default="{}")
    to_decide = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    cutoff = models.DateTimeField(null=True, blank=True)

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "month"], name="month_close_unique"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="month_close_first_day"),
            models.CheckConstraint(
                condition=models.Q(closed_at=None, cutoff=None)
                | models.Q(closed_at__isnull=False, cutoff__isnull=False),
                name="month_close_with_cutoff",
            ),
        ]

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    def __str__(self) -> str:
        return f"{self.operator_id} {self.month:%Y-%m}"


class MonthCloseEvent(Immutable):
    """Who did what with a month. `subject` is the check that was accepted or taken back; `facts` (JSON text) what was known then:
    count and amount of an accepted check; checks and figures of a closed month."""

    class Kind(models.TextChoices):
        CLOSED = "closed", _("closed")
        REOPENED = "reopened", _("reopened")
        ACCEPTED = "accepted", _("accepted")
        WITHDRAWN = "withdrawn", _("acceptance taken back")

    month_close = models.ForeignKey(MonthClose, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    subject = models.CharField(max_length=30, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    facts = models.TextField(default="{}")
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.month_close_id} {self.kind} {self.subject}"


class Bookkeeping(Timestamped):
    """How an operator's bookkeeper calls the accounts: `codes` (JSON text) by names of `billing.exports.accounts`, the others as
    given there. `energy_cost` is what a kWh costs to buy, without VAT; None: not known."""

    operator = models.OneToOneField(Operator, models.PROTECT, related_name="bookkeeping")
    codes = models.TextField(default="{}")
    energy_cost = MoneyField(null=True, blank=True)

    objects = Visible.as_manager()

    def __str__(self) -> str:
        return f"bookkeeping of {self.operator_id}"
