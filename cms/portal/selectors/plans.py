"""A person's plans, month by month, and what could be chosen instead; across all operators they charge at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Driver, Operator, User
from billing.models import DunningCase, PlanVersion, Subscription, SubscriptionFee, SubscriptionPeriod
from billing.models.subscription import SubscriptionQuerySet
from billing.selectors import plans as selectors
from billing.selectors import subscriptions as subscribed
from billing.services.fleets import memberships
from billing.services.recurring import choosing, plans, usage, withdrawing
from billing.services.recurring.usage import Meter
from cms.portal.selectors import mine
from stations.models import EVSE

FEES = 12


@dataclass(frozen=True, slots=True)
class Mine:
    """One subscription as its page shows it. `month` and `meter` are None before it begins and while it is paused; `after` is the
    price of a kWh beyond the allowance, in words ("" for free); `may_stay`: a change is planned and can be dropped;
    `payer`: the company that pays for what this person charges there, beside the plan."""

    subscription: Subscription
    month: SubscriptionPeriod | None
    meter: Meter | None
    after: str
    others: Sequence[PlanVersion]
    fees: Sequence[SubscriptionFee]
    debts: Sequence[DunningCase]
    withdrawal: withdrawing.Offer | None
    may_stay: bool
    payer: str

    @property
    def last_day(self) -> date | None:
        """Of the month that is paid for."""
        end = self.subscription.period_end
        return end - timedelta(days=1) if end else None

    @property
    def cancel_id(self) -> str:
        return f"cancel-{self.subscription.pk}"

    @property
    def withdraw_id(self) -> str:
        return f"withdraw-{self.subscription.pk}"

    @property
    def changes_with_renewal(self) -> bool:
        """Else it renews once more as it is."""
        row = self.subscription
        return row.next_from is None or row.period_end is None or row.next_from <= row.period_end

    @property
    def larger(self) -> bool:
        """Is there a plan that would begin at once?"""
        return any(version.monthly_fee > self.subscription.version.monthly_fee for version in self.others)

    @property
    def changeable(self) -> bool:
        return self.subscription.status == Subscription.Status.ACTIVE


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan that can be chosen, and the price of a kWh after what it includes."""

    version: PlanVersion
    after: str


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a plan for a charge that begins now at some socket; `days` until it starts again."""

    plan: str
    meter: Meter
    until: date


def of(user: User) -> list[Mine]:
    """Live ones, in the order of their operators."""
    rows = subscriptions(user).live().exclude(status=Subscription.Status.STARTING)
    return [_mine(row) for row in rows.order_by("operator__name", "pk")]


def subscriptions(user: User) -> SubscriptionQuerySet:
    rows = Subscription.objects.filter(driver__user=user)
    return rows.select_related("operator", "driver__user", "version__plan", "next_version__plan")


def fee_of(user: User, pk: int) -> QuerySet[SubscriptionFee]:
    return SubscriptionFee.objects.filter(pk=pk, subscription__driver__user=user)


def owed(user: User) -> list[DunningCase]:
    """What is owed beside the plans that run: charges, and the last month of a plan that has ended."""
    mine = DunningCase.objects.filter(driver__user=user, closed_at=None, invoice=None, wallet=None)
    rest = mine.exclude(fee__subscription__status__in=Subscription.LIVE)
    found = list(rest.select_related("fee__version__plan", "cdr", "operator").order_by("pk"))
    for case in found:
        case.about = subscribed.about(case)  # type: ignore[attr-defined]
    return found


def waiting_fee(user: User) -> SubscriptionFee | None:
    """The newest one whose payment was begun and not finished here."""
    mine = SubscriptionFee.objects.filter(subscription__driver__user=user, payment__isnull=False)
    return mine.select_related("payment").order_by("-payment__created_at", "-pk").first()


def offers(user: User) -> list[tuple[Operator, list[Offer]]]:
    """By operator, where the person has no plan yet: those they charge at first."""
    taken = set(subscriptions(user).live().exclude(status="starting").values_list("operator_id", flat=True))
    known = set(mine.drivers(user).values_list("operator_id", flat=True))
    sellers = Operator.objects.filter(plans__archived_at=None, plans__isnull=False).distinct().order_by("name")
    found = [(seller, _offers(seller)) for seller in sellers if seller.pk not in taken]
    return sorted(((seller, sold) for seller, sold in found if sold), key=lambda pair: pair[0].pk not in known)


def offer(pk: int) -> PlanVersion | None:
    return PlanVersion.objects.select_related("plan__operator").filter(pk=pk, plan__archived_at=None).first()


def driver_at(user: User, operator: Operator) -> Driver | None:
    return mine.drivers(user).filter(operator=operator).first()


def left_at(user: object, evse: EVSE) -> Left | None:
    """What is left for a charge of this person that begins now at this socket; None without a plan that counts there."""
    if not isinstance(user, User):
        return None
    now, station = timezone.now(), evse.station
    months = SubscriptionPeriod.objects.filter(
        subscription__driver__user=user,
        subscription__operator=station.operator_id,
        begins_at__lte=now,
        ends_at__gt=now,
    )
    month = months.select_related("version__plan").order_by("-pk").first()
    if month is None or not (month.energy or month.seconds):
        return None
    places = set(month.version.locations.values_list("pk", flat=True))
    if places and station.location_id not in places:
        return None
    return Left(month.version.plan.name, usage.meters([month])[month.pk], month.end)


def _mine(row: Subscription) -> Mine:
    now = timezone.now()
    month = row.periods.filter(begins_at__lte=now, ends_at__gt=now).select_related("version__plan").first()
    asked = row.fees.filter(dropped_at=None).select_related("invoice", "version__plan", "period", "payment", "dunning")
    owed = DunningCase.objects.filter(fee__subscription=row, closed_at=None).select_related("fee", "operator")
    return Mine(
        subscription=row,
        month=month,
        meter=usage.meters([month])[month.pk] if month else None,
        after=selectors.price_after(row.version.plan),
        others=[version for version in plans.offered(row.operator) if version.plan_id != row.version.plan_id],
        fees=list(asked.order_by("-pk")[:FEES]),
        debts=list(owed.order_by("pk")),
        withdrawal=withdrawing.offer(row),
        may_stay=bool(row.next_version_id) and choosing.may_stay(row),
        payer=str(member.company) if (member := memberships.of(row.driver)) else "",
    )


def _offers(operator: Operator) -> list[Offer]:
    return [Offer(version, selectors.price_after(version.plan)) for version in plans.offered(operator)]
