"""Plans as their operator sees them: who has them, how much is used, who leaves, what they earn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import Driver, Operator
from billing import pricing
from billing.models import (
    Plan,
    PlanVersion,
    Subscription,
    SubscriptionPeriod,
    Tariff,
    TariffVersion,
)
from billing.models.subscription import SubscriptionQuerySet
from billing.services.recurring import plans, usage
from billing.services.recurring.usage import Meter
from billing.tariffs import exact, words
from billing.tariffs.model import Dimension

Status = Subscription.Status
CHURN = timedelta(days=30)
EXAMPLE_KWH, EXAMPLE_COST = 100, Decimal("0.25")  # a kWh bought, grid and losses with it, without VAT
MOST_TARIFFS = 30
PAYING = (Status.ACTIVE, Status.PAST_DUE, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Row:
    """One plan. `monthly`: what its subscribers' months cost together; `left`: who ended in the last 30 days, of `had` 30 days ago;
    `meter`: all their running months together."""

    plan: Plan
    version: PlanVersion
    after: str
    subscribers: int
    past_due: int
    leaving: int
    monthly: Decimal
    left: int
    had: int
    meter: Meter

    @property
    def churn(self) -> Decimal | None:
        """Percent of 30 days; None where nobody had it."""
        return Decimal(100 * self.left) / self.had if self.had else None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One subscription in a list."""

    subscription: Subscription
    month: SubscriptionPeriod | None
    meter: Meter | None


@dataclass(frozen=True, slots=True)
class Example:
    """What an imaginary plan would earn: shown where there is none. `fee` and `price` (of a kWh today) with VAT; `net` is the fee
    without it, `cost` what its energy costs the operator."""

    fee: Decimal
    kwh: int
    price: Decimal
    net: Decimal
    cost: Decimal
    margin: Decimal


def price_after(plan: Plan) -> str:
    """What a kWh costs whoever has the plan, beyond what it includes: "€0.45/kWh" in the reader's language; "" where it is free.
    Where prices differ by site, the operator's usual one."""
    version = _tariff(plan)
    if version is None:
        return ""
    tariff, language = pricing.parsed(version), get_language() or "it"
    rules = tariff.rules[Dimension.ENERGY]
    if not rules or not rules[0][1].price:
        return ""
    return words.per_unit(rules[0][1], Dimension.ENERGY, tariff.currency, language)


def tariffs_for(plan: Plan) -> tuple[Tariff | None, list[Tariff]]:
    """The price after what is included, where it is the operator's usual one; and what it could be instead."""
    version = _tariff(plan)
    others = Tariff.objects.filter(operator=plan.operator_id).order_by("name")
    mine = version.tariff if version else None
    return mine, [tariff for tariff in others[:MOST_TARIFFS] if tariff != mine]


def rows(operator: Operator) -> list[Row]:
    """Offered plans first, then archived ones that somebody still has."""
    found = [_row(plan) for plan in operator.plans.order_by("archived_at", "pk")]
    kept = [row for row in found if row is not None and (row.plan.archived_at is None or row.subscribers)]
    return sorted(kept, key=lambda row: (row.plan.archived_at is not None, row.version.monthly_fee, row.plan.pk))


def subscribers(
    operator: Operator, *, plan: int | None = None, status: str = "", name: str = ""
) -> SubscriptionQuerySet:
    found = Subscription.objects.filter(operator=operator).exclude(status=Status.STARTING)
    if plan is not None:
        found = found.filter(version__plan=plan)
    found = found.filter(status=status) if status else found.exclude(status=Status.ENDED)
    if name:
        found = found.filter(
            Q(driver__billing_name__icontains=name)
            | Q(driver__user__email__icontains=name)
            | Q(driver__user__first_name__icontains=name)
            | Q(driver__user__last_name__icontains=name)
        )
    return found.select_related("driver__user", "version__plan", "next_version__plan").order_by("-pk")


def with_meters(page: Sequence[Subscription]) -> list[Subscriber]:
    """In two queries."""
    months = {month.subscription_id: month for month in _running(Q(subscription__in=[row.pk for row in page]))}
    meters = usage.meters(months.values())
    return [
        Subscriber(row, month, meters[month.pk]) if (month := months.get(row.pk)) else Subscriber(row, None, None)
        for row in page
    ]


def of_driver(driver: Driver) -> Subscriber | None:
    """The plan that somebody has."""
    row = subscribers(driver.operator).filter(driver=driver).first()
    return with_meters([row])[0] if row else None


def cohorts(operator: Operator, *, most: int = 6) -> list[tuple[date, int, list[int | None]]]:
    """(month of the start, how many began, percent that was still there 0, 1, 2 … months later; None: not yet). Newest last."""
    zone = pricing.zone(operator.time_zone)
    today = timezone.now().astimezone(zone).date()
    began: dict[date, list[int]] = {}
    for row in Subscription.objects.filter(operator=operator, started_at__isnull=False):
        assert row.started_at is not None
        start = row.started_at.astimezone(zone).date()
        end = row.ended_at.astimezone(zone).date() if row.ended_at else today + timedelta(days=31)
        began.setdefault(start.replace(day=1), []).append(_months_between(start, end))
    return [
        (first, len(began[first]), _shares(began[first], _months_between(first, today), most))
        for first in sorted(began)[-most:]
    ]


def _shares(stayed: Sequence[int], age: int, most: int) -> list[int | None]:
    """Percent of them that was there in the month of the start, and in each one after it."""
    return [
        100 * sum(months >= month for months in stayed) // len(stayed) if month <= age else None
        for month in range(most)
    ]


def example(operator: Operator) -> Example | None:
    """A plan of 100 kWh at four fifths of the operator's price, all of it used; None where there is no price yet."""
    version = pricing.tariff_for(operator_id=operator.pk, location_id=None, at=timezone.now())
    rules = pricing.parsed(version).rules[Dimension.ENERGY] if version else ()
    if not rules or not rules[0][1].price:
        return None
    component = rules[0][1]
    fee = exact.rounded(component.price * EXAMPLE_KWH * Fraction(4, 5), 0) - Decimal("0.10")
    net = exact.rounded(Fraction(fee) / (1 + (component.vat or Fraction(22)) / 100), 2)
    cost = EXAMPLE_KWH * EXAMPLE_COST
    return Example(fee, EXAMPLE_KWH, exact.rounded(component.price, 3), net, cost, net - cost)


@dataclass(frozen=True, slots=True)
class Sold:
    """A version, and how many have it."""

    version: PlanVersion
    subscribers: int


def versions(plan: Plan) -> list[Sold]:
    """Newest first."""
    live = Q(subscriptions__status__in=[*PAYING, Status.PAUSED])
    found = plan.versions.annotate(having=Count("subscriptions", filter=live)).order_by("-number")
    return [Sold(version, version.having) for version in found]


def _row(plan: Plan) -> Row | None:
    version = plans.current(plan) or plan.versions.order_by("-number").first()
    if version is None:
        return None
    mine = Subscription.objects.filter(version__plan=plan)
    counted = mine.aggregate(
        live=Count("pk", filter=Q(status__in=[*PAYING, Status.PAUSED])),
        past_due=Count("pk", filter=Q(status=Status.PAST_DUE)),
        leaving=Count("pk", filter=Q(cancel_on__isnull=False) & ~Q(status=Status.ENDED)),
    )
    since = timezone.now() - CHURN
    begun = mine.filter(started_at__isnull=False)
    fees = mine.filter(status__in=PAYING).values_list("version__monthly_fee", flat=True)
    return Row(
        plan=plan,
        version=version,
        after=price_after(plan),
        subscribers=counted["live"],
        past_due=counted["past_due"],
        leaving=counted["leaving"],
        monthly=sum(fees, Decimal(0)),
        left=begun.filter(ended_at__gte=since).count(),
        had=begun.filter(Q(started_at__lt=since) & (Q(ended_at=None) | Q(ended_at__gte=since))).count(),
        meter=_together(Q(subscription__version__plan=plan)),
    )


def _together(which: Q) -> Meter:
    meters = usage.meters(_running(which)).values()
    return Meter(
        sum((meter.energy for meter in meters), Decimal(0)),
        sum((meter.energy_used for meter in meters), Decimal(0)),
        sum(meter.seconds for meter in meters),
        sum(meter.seconds_used for meter in meters),
    )


def _running(which: Q) -> list[SubscriptionPeriod]:
    now = timezone.now()
    return list(SubscriptionPeriod.objects.filter(which, begins_at__lte=now, ends_at__gt=now).order_by("pk"))


def _tariff(plan: Plan) -> TariffVersion | None:
    who = pricing.Who(plan_id=plan.pk)
    return pricing.tariff_for(operator_id=plan.operator_id, location_id=None, at=timezone.now(), who=who)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
