"""A fleet: a company that pays for what its people charge, with one invoice a month."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cms.core.fields import MoneyField
from cms.core.models import Timestamped, Visible

from .billing_data import BillingData
from .driver import Driver
from .operator import Operator


class Company(BillingData, Timestamped):
    """The billing data are the buyer's. `monthly_cap`: what all members together may spend in a calendar month, incl. VAT, in
    the operator's currency; None: no cap. The company's administrators may change it, up to `credit_limit`: what the operator
    lends it in a month, None: any amount. `payment_days` from the invoice to its due day."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="companies")
    name = models.CharField(_("name"), max_length=100)
    monthly_cap = MoneyField(null=True, blank=True)
    credit_limit = MoneyField(null=True, blank=True)
    payment_days = models.PositiveSmallIntegerField(_("days to pay"), default=30)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "name"], name="company_unique")]

    @property
    def budget(self) -> Decimal | None:
        """What all members together may spend this month: the smaller of what the company wants and what the operator lends."""
        return min((amount for amount in (self.monthly_cap, self.credit_limit) if amount is not None), default=None)

    def __str__(self) -> str:
        return self.name


class CompanyMember(Timestamped):
    """`cost_centre` is printed beside each charge; `left_at` ends the membership, what was charged before stays the company's.
    `administrator` may see all of it and change who belongs to it. `private`: left for now, to pay for charges of one's own, and may
    come back; that is a new row, so that each charge is the company's or the driver's by the moment in which it began."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="members")
    driver = models.ForeignKey(Driver, models.PROTECT, related_name="company_memberships")
    cost_centre = models.CharField(_("cost centre"), max_length=40, blank=True)
    monthly_cap = MoneyField(null=True, blank=True)
    administrator = models.BooleanField(_("administrator"), default=False)
    joined_at = models.DateTimeField(default=timezone.now)
    left_at = models.DateTimeField(null=True, blank=True)
    private = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["driver"], condition=Q(left_at=None), name="company_member_one_at_a_time"),
            models.CheckConstraint(
                condition=Q(private=False) | Q(left_at__isnull=False), name="company_member_private_left"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.driver_id} of {self.company_id}"


class CompanyInvitation(Timestamped):
    """Somebody may become a member by the mailed link; a person joins of their own will, for their charges are seen then.
    `accepted_at` and `withdrawn_at` end it."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    cost_centre = models.CharField(_("cost centre"), max_length=40, blank=True)
    monthly_cap = MoneyField(null=True, blank=True)
    administrator = models.BooleanField(_("administrator"), default=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="company_invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.company_id}"
