"""May this driver begin another charge? Asked at every start through `settings.CREDIT_CHECK`; what runs already goes on.

Exact and never cached: a few statements for a whole batch of starts, more only where a company has a cap or a driver pays from a
wallet alone. A charge counts from the moment it is rated.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import CompanyMember
from billing import pricing
from billing.models import CDR, DunningCase, Wallet
from billing.services.prepaid import wallets
from cms.core.prepared import Given, prepared
from sessions_app.services.authorisation import Refusal

NO_CREDIT = "NoCredit"  # OCPP 2.0.1 AuthorizationStatusEnumType; OCPP 1.6 knows only Blocked
NOTHING = Decimal(0)


class _Member(NamedTuple):
    driver: int
    company: int
    own_cap: Decimal | None
    wanted: Decimal | None
    lent: Decimal | None
    time_zone: str

    @property
    def company_cap(self) -> Decimal | None:
        """See accounts.models.Company.budget."""
        return min((amount for amount in (self.wanted, self.lent) if amount is not None), default=None)


def refusals(driver_ids: Sequence[int]) -> dict[int, Refusal]:
    """By driver; who is not in it may start. Three statements; two more where somebody belongs to a company, two where a wallet
    has no card beside it."""
    drivers = sorted(set(driver_ids))
    if not drivers:
        return {}
    members = [_Member(*row) for row in _members(drivers)]
    refused = _in_arrears(drivers, members) | _over_caps(members)
    paid_for = {member.driver for member in members}
    return _without_money([driver for driver in drivers if driver not in paid_for]) | refused


def month_start(time_zone: str, at: datetime | None = None) -> datetime:
    """Midnight of the first of the month, on the operator's clock."""
    local = (at or timezone.now()).astimezone(pricing.zone(time_zone))
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def spent(
    companies: Iterable[int], *, since: datetime, until: datetime | None = None
) -> dict[tuple[int, int], Decimal]:
    """What each member's charges that ended in that time cost their company, incl. VAT: (company, driver) → amount. Credits count."""
    rated = CDR.objects.filter(company__in=list(companies), stopped_at__gte=since, driver__isnull=False)
    if until is not None:
        rated = rated.filter(stopped_at__lt=until)
    sums = rated.values("company_id", "driver_id").order_by().annotate(total=Sum("total_incl_vat"))
    return {(row["company_id"], row["driver_id"]): row["total"] for row in sums}


# ---- why not ----------------------------------------------------------------------------------------------------------


def _over_caps(members: Sequence[_Member]) -> dict[int, Refusal]:
    """A company's cap of 0 is a way to say: nobody, for now."""
    capped = [member for member in members if member.own_cap is not None or member.company_cap is not None]
    by_zone: defaultdict[str, set[int]] = defaultdict(set)
    for member in capped:
        by_zone[member.time_zone].add(member.company)
    sums: dict[tuple[int, int], Decimal] = {}
    for zone, companies in by_zone.items():
        sums |= spent(companies, since=month_start(zone))
    totals: defaultdict[int, Decimal] = defaultdict(Decimal)
    for (company, _driver), amount in sums.items():
        totals[company] += amount
    refused = {}
    for member in capped:
        if member.company_cap is not None and totals[member.company] >= member.company_cap:
            refused[member.driver] = Refusal(
                NO_CREDIT, "company_cap_reached", _("Your company’s budget for this month is used up.")
            )
        elif member.own_cap is not None and sums.get((member.company, member.driver), NOTHING) >= member.own_cap:
            refused[member.driver] = Refusal(
                NO_CREDIT, "member_cap_reached", _("Your own budget for this month is used up.")
            )
    return refused


def _without_money(drivers: Sequence[int]) -> dict[int, Refusal]:
    """Who has a wallet and no card pays from the wallet alone: it must hold more than what is still to be paid."""
    alone = [driver for (driver,) in _wallet_alone(list(drivers))] if drivers else []
    if not alone:
        return {}
    left, open_ = wallets.balances(alone), _unpaid(alone)
    empty = _("There is nothing left in your wallet: top it up, or add a card.")
    owing = _("A charge is still to be paid: top up your wallet, or add a card.")
    return {
        driver: Refusal(NO_CREDIT, "wallet_empty", owing if open_.get(driver) else empty)
        for driver in alone
        if left.get(driver, NOTHING) - open_.get(driver, NOTHING) <= 0
    }


def _in_arrears(drivers: Sequence[int], members: Sequence[_Member]) -> dict[int, Refusal]:
    """Past the grace of an unpaid bill of whoever pays, the driver or the company (billing.models.dunning)."""
    said = _("A bill has not been paid for too long. Pay it, and you can charge again.")
    found = {driver for (driver,) in _stopped(list(drivers))} - {member.driver for member in members}
    if members:
        stopped = {company for (company,) in _company_stopped(sorted({member.company for member in members}))}
        found |= {member.driver for member in members if member.company in stopped}
    return {driver: Refusal(NO_CREDIT, "payment_overdue", said) for driver in found}


# ---- reading ----------------------------------------------------------------------------------------------------------


@prepared
def _members(drivers: Given) -> QuerySet:
    belong = CompanyMember.objects.filter(driver_id__among=drivers, left_at=None)
    return belong.values_list(
        "driver_id",
        "company_id",
        "monthly_cap",
        "company__monthly_cap",
        "company__credit_limit",
        "company__operator__time_zone",
    )


@prepared
def _wallet_alone(drivers: Given) -> QuerySet:
    return Wallet.objects.filter(~Q(driver__payment_methods__status="active"), driver_id__among=drivers).values_list(
        "driver_id"
    )


@prepared
def _stopped(drivers: Given) -> QuerySet:
    owed = DunningCase.objects.filter(driver_id__among=drivers, stopped_at__isnull=False, closed_at=None)
    return owed.values_list("driver_id")


@prepared
def _company_stopped(companies: Given) -> QuerySet:
    owed = DunningCase.objects.filter(company_id__among=companies, stopped_at__isnull=False, closed_at=None)
    return owed.filter(operator__dunning_policy__stop_companies=True).values_list("company_id")


def _unpaid(drivers: Sequence[int]) -> dict[int, Decimal]:
    open_ = CDR.objects.unpaid().filter(driver__in=drivers).values("driver_id").order_by()
    return {row["driver_id"]: row["total"] for row in open_.annotate(total=Sum("total_incl_vat"))}
