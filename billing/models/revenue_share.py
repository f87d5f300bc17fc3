"""What a site's host gets of what is earned there."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import DriverGroup, Operator, User
from cms.core.fields import EnergyField, MoneyField
from cms.core.models import Immutable, Visible
from stations.models import Location

from .cdr import CDR
from .invoice import InvoiceLine
from .payment import Refund


class RevenueShare(Immutable):
    """What was agreed with the host of a location, from the month `valid_from` (its first day) until the next row of the location;
    the newest of several for the same month counts. All amounts without VAT, in the operator's currency.

    The host gets `percent` of the net revenue, `per_kwh` of the energy given and `fixed` a month. Before the percentage,
    `fee_percent` of the revenue (what payments cost) and `energy_cost` per kWh are kept back. `ended`: nothing from then on.
    """

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="revenue_shares")
    location = models.ForeignKey(Location, models.PROTECT, related_name="revenue_shares")
    valid_from = models.DateField(_("from the month"))
    host_name = models.CharField(_("host"), max_length=80)
    host_email = models.EmailField(_("e-mail for statements"))
    host_address = models.CharField(_("address"), max_length=160, blank=True)
    host_vat_number = models.CharField(_("VAT number"), max_length=14, blank=True)
    host_fiscal_code = models.CharField(_("fiscal code"), max_length=16, blank=True)
    host_iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    language = models.CharField(_("language"), max_length=5, default="it")
    percent = models.DecimalField(_("share of net revenue, %"), max_digits=5, decimal_places=2, default=0)
    per_kwh = MoneyField(_("for each kWh"), default=0)
    fixed = MoneyField(_("fixed a month"), default=0)
    fee_percent = models.DecimalField(_("payment costs kept back, %"), max_digits=5, decimal_places=2, default=0)
    energy_cost = MoneyField(_("energy cost kept back, per kWh"), default=0)
    ended = models.BooleanField(_("ended"), default=False)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Visible.as_manager()

    class Meta:
        indexes = [models.Index(fields=["location", "-valid_from", "-id"], name="revenue_share_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(valid_from__day=1), name="revenue_share_first_day"),
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100, fee_percent__gte=0, fee_percent__lte=100),
                name="revenue_share_percents",
            ),
            models.CheckConstraint(
                condition=Q(per_kwh__gte=0, fixed__gte=0, energy_cost__gte=0), name="revenue_share_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host_name} {self.valid_from:%Y-%m}"


class HostStatement(Immutable):
    """What a host gets for a month at a location. `host` is frozen (JSON text), `lines` what it consists of (JSON text: text,
    quantity, unit, unit_price, amount), `total` without VAT. `energy` (Wh), `sessions` and `revenue` (net) are the month's."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="host_statements")
    location = models.ForeignKey(Location, models.PROTECT, related_name="host_statements")
    share = models.ForeignKey(RevenueShare, models.PROTECT, related_name="statements")
    month = models.DateField()
    year = models.PositiveIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=20)
    issued_on = models.DateField()
    language = models.CharField(max_length=5)
    currency = models.CharField(max_length=3)
    host_email = models.EmailField()
    host = models.TextField()
    lines = models.TextField()
    sessions = models.PositiveIntegerField()
    energy = EnergyField()
    revenue = MoneyField()
    total = MoneyField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["location", "month"], name="host_statement_once"),
            models.UniqueConstraint(fields=["operator", "year", "sequence"], name="host_statement_number_unique"),
            models.CheckConstraint(condition=Q(month__day=1), name="host_statement_first_day"),
        ]

    def __str__(self) -> str:
        return self.number


class HostStatementItem(Immutable):
    """What a statement has counted: each charge, credit, refund and credited line once, in the first statement after it. A refund or
    a line may stop to count: its charge was credited, or is billed anew; then a later statement `gives_back` what was taken off. Exactly
    one of the four is set."""

    statement = models.ForeignKey(HostStatement, models.PROTECT, related_name="items")
    cdr = models.OneToOneField(CDR, models.PROTECT, null=True, blank=True, related_name="host_statement_item")
    refund = models.OneToOneField(Refund, models.PROTECT, null=True, blank=True, related_name="host_statement_item")
    line = models.OneToOneField(InvoiceLine, models.PROTECT, null=True, blank=True, related_name="host_statement_item")
    gives_back = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="given_back")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cdr__isnull=False, refund=None, line=None, gives_back=None)
                | Q(cdr=None, refund__isnull=False, line=None, gives_back=None)
                | Q(cdr=None, refund=None, line__isnull=False, gives_back=None)
                | Q(cdr=None, refund=None, line=None, gives_back__isnull=False),
                name="host_statement_item_is_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.cdr_id or self.refund_id or self.line_id or self.gives_back_id}"


class HostGuests(models.Model):
    """The drivers whom the host of a location lets charge there: a group, which the operator may give a price."""

    location = models.OneToOneField(Location, models.PROTECT, related_name="host_guests")
    group = models.OneToOneField(DriverGroup, models.PROTECT, related_name="host_guests")

    def __str__(self) -> str:
        return f"guests of {self.location_id}"
