"""A company's month: what was spent, by whom and for which cost centre."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from accounts.models import Company, CompanyInvitation, CompanyMember, Driver, Operator
from billing import pricing
from billing.models import CDR, CompanyEvent, Invoice
from billing.selectors import months
from billing.services.debts import credit_check
from billing.services.fleets import histories, memberships
from cms.core.models import Actor

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Budget:
    """`cap` None: no limit. `percent` whole, 0 without one; more than 100 is possible, for what runs goes on."""

    spent: Decimal
    cap: Decimal | None

    @property
    def percent(self) -> int:
        if self.cap is None:
            return 0
        return 100 if not self.cap else int(self.spent * 100 / self.cap)

    @property
    def level(self) -> str:
        """ "", near (from 80 %) or over."""
        if self.cap is None or self.percent < 80:
            return ""
        return "over" if self.spent >= self.cap else "near"

    @property
    def left(self) -> Decimal | None:
        return None if self.cap is None else max(self.cap - self.spent, NOTHING)


@dataclass(frozen=True, slots=True)
class Centre:
    """`name` "" for charges without a cost centre; `share` of the month in whole percent."""

    name: str
    charges: int
    energy: Decimal
    total: Decimal
    share: int


@dataclass(frozen=True, slots=True)
class MemberMonth:
    member: CompanyMember
    budget: Budget


@dataclass(frozen=True, slots=True)
class Month:
    """`before` and `after`: its neighbours, None where there is nothing to see."""

    first: date
    before: date | None
    after: date | None
    budget: Budget
    charges: int
    energy: Decimal
    centres: Sequence[Centre]
    members: Sequence[MemberMonth]
    gone: Sequence[tuple[Driver, Decimal]]  # charged this month, and are members no more


def listed(actor: Actor, operator: Operator) -> "QuerySet[Company]":
    """With `people`, the number of members now; those that are customers first."""
    now = Count("members", filter=Q(members__left_at=None) | Q(members__private=True))
    found = Company.objects.visible_to(actor).filter(operator=operator)
    return found.annotate(people=now).order_by("archived_at", "name")


def budgets(companies: Iterable[Company], operator: Operator) -> dict[int, Budget]:
    """This month's, by primary key: one query."""
    rows = list(companies)
    sums: defaultdict[int, Decimal] = defaultdict(Decimal)
    since = credit_check.month_start(operator.time_zone)
    for (company, _driver), amount in credit_check.spent([row.pk for row in rows], since=since).items():
        sums[company] += amount
    return {row.pk: Budget(sums[row.pk], row.budget) for row in rows}


def budget_of(member: CompanyMember) -> Budget:
    """This month's of one member."""
    since = credit_check.month_start(member.company.operator.time_zone)
    spent = credit_check.spent([member.company_id], since=since)
    return Budget(spent.get((member.company_id, member.driver_id), NOTHING), member.monthly_cap)


def month(company: Company, first: date | None = None) -> Month:
    """`first`: the day that it begins on; without it the running month. Caps are those of today. Four queries."""
    zone = company.operator.time_zone
    since = _midnight(first, zone) if first else credit_check.month_start(zone)
    until = _midnight(_next(since.date()), zone)
    centres, total = _centres(company, since, until)
    spent = credit_check.spent([company.pk], since=since, until=until)
    members = list(current(company))
    ours = {member.driver_id for member in members}
    others = {driver: amount for (_company, driver), amount in spent.items() if driver not in ours}
    people = Driver.objects.filter(pk__in=others).select_related("user")
    return Month(
        since.date(),
        *_neighbours(company, since.date()),
        Budget(total, company.budget),
        sum(centre.charges for centre in centres),
        sum((centre.energy for centre in centres), NOTHING),
        centres,
        [
            MemberMonth(member, Budget(spent.get((company.pk, member.driver_id), NOTHING), member.monthly_cap))
            for member in members
        ],
        [(driver, others[driver.pk]) for driver in people],
    )


def _neighbours(company: Company, first: date) -> tuple[date | None, date | None]:
    began, this = months.of(company.operator, company.created_at), months.this(company.operator)
    if oldest := CDR.objects.filter(company=company).aggregate(first=Min("stopped_at"))["first"]:
        began = min(began, months.of(company.operator, oldest))
    return (months.after(first, -1) if first > began else None), (months.after(first) if first < this else None)


def current(company: Company) -> "QuerySet[CompanyMember]":
    """Those included who charge privately for the moment."""
    found = memberships.belonging().filter(company=company)
    return found.select_related("driver__user").order_by("cost_centre", "driver__user__last_name", "pk")


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of a company's history."""

    event: CompanyEvent
    facts: dict[str, Any]


def events(company: Company, *, most: int = 50) -> list[Told]:
    """Newest first."""
    found = company.events.select_related("by", "driver__user").order_by("-pk")[:most]
    return [Told(event, histories.read(event)) for event in found]


def waiting(company: Company) -> "QuerySet[CompanyInvitation]":
    return CompanyInvitation.objects.filter(company=company, accepted_at=None, withdrawn_at=None).order_by("-pk")


def charges(company: Company, first: date) -> "QuerySet[CDR]":
    """Of one month, newest first; what was credited is not among them."""
    zone = company.operator.time_zone
    since, until = _midnight(first, zone), _midnight(_next(first), zone)
    found = CDR.objects.standing().filter(company=company, stopped_at__gte=since, stopped_at__lt=until)
    return found.select_related("driver__user", "session__location", "session__station").order_by("-stopped_at", "-pk")


def invoices(company: Company) -> "QuerySet[Invoice]":
    return Invoice.objects.filter(company=company).order_by("-issued_on", "-pk")


def last_charge(company: Company) -> datetime | None:
    found: datetime | None = CDR.objects.filter(company=company).aggregate(last=Max("stopped_at"))["last"]
    return found


def _centres(company: Company, since: datetime, until: datetime) -> tuple[list[Centre], Decimal]:
    """The dearest first. Credits count, so that what was credited cancels out."""
    rated = CDR.objects.filter(company=company, stopped_at__gte=since, stopped_at__lt=until)
    rows = rated.values("cost_centre").annotate(
        total=Sum("total_incl_vat"),
        energy=Sum("energy"),
        n=Count("pk", filter=Q(credits=None)) - Count("pk", filter=Q(credits__isnull=False)),
    )
    rows = rows.order_by("-total", "cost_centre")
    total = sum((row["total"] for row in rows), NOTHING)
    found = [
        Centre(
            row["cost_centre"], row["n"], row["energy"], row["total"], int(row["total"] * 100 / total) if total else 0
        )
        for row in rows
    ]
    return found, total


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=pricing.zone(zone))


def _next(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)
