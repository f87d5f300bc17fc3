"""A driver chooses a plan, or another one: what it would cost now, and doing it at exactly that price."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Driver
from billing import months, pricing
from billing.models import PaymentMethod, Plan, PlanVersion, Subscription, SubscriptionFee, SubscriptionPeriod
from billing.months import Stretch
from billing.services.invoicing import issuing
from billing.services.recurring import collecting, fees, histories, plans, states, turning
from billing.services.recurring.states import Actor
from cms.core import money
from cms.core.errors import Conflict, Forbidden, Invalid

Status = Subscription.Status


@dataclass(frozen=True, slots=True)
class Quote:
    """What a change means. `at_once`: a larger plan begins today for `due`, which is `amount` with its VAT; else the new one begins
    on `on` and nothing is due now. `days` of `of_days` are left of the month; `energy` (Wh) and `seconds` are what is added to it."""

    version: PlanVersion
    at_once: bool
    amount: Decimal
    due: Decimal
    on: date
    days: int
    of_days: int
    energy: Decimal = Decimal(0)
    seconds: int = 0


def subscribe(
    *, driver: Driver, version: PlanVersion, by: Actor, method: PaymentMethod | None = None, return_url: str = ""
) -> SubscriptionFee:
    """The first month's fee, asked for at once; the plan begins when it is paid. An earlier try that was not paid is forgotten.

    Raises Forbidden; Invalid for a plan that cannot be chosen; Conflict(subscription_exists, no_method); Unavailable.
    """
    _choosable(version, driver)
    fee = _opened(driver, version, by)
    return collecting.collect(fee_id=fee.pk, name=fees.next_by_hand(fee), method=method, return_url=return_url)


def quote(*, subscription: Subscription, version: PlanVersion) -> Quote:
    """What changing to `version` today means. Raises Invalid, Conflict(not_active)."""
    if version.pk != subscription.version_id:
        _choosable(version, subscription.driver)
    month = _month(subscription)
    now = issuing.today_at(subscription.operator)
    left, of = months.days(now, month.end), months.days(month.start, month.end)
    if not _is_larger(subscription.version, version):
        return Quote(version, False, Decimal(0), Decimal(0), month.end, left, of)
    was = month.version
    asked = _asked(month)
    amount = months.to_ask(
        [*asked, Stretch(now, version.monthly_fee)], month.end, _total(month), money.exponent(version.currency)
    )
    return Quote(
        version,
        True,
        amount,
        fees.with_vat(version, amount),
        now,
        left,
        of,
        max(months.share(version.included_energy - was.included_energy, left, of), Decimal(0)),
        max(int(months.share(version.included_seconds - was.included_seconds, left, of)), 0),
    )


def change(
    *,
    subscription: Subscription,
    version: PlanVersion,
    expected: Decimal,
    by: Actor,
    method: PaymentMethod | None = None,
    return_url: str = "",
) -> SubscriptionFee | None:
    """To a larger plan at once, for the `expected` amount that was shown; to a smaller one with the next month, which costs nothing
    now (None). The plan one has drops a change that was planned.

    Raises Forbidden, Invalid, Unavailable; Conflict with code not_active, price_changed or no_method: then nothing is changed.
    """
    fee = _changed(subscription, version, expected, by)
    if fee is None:
        return None
    return collecting.collect(fee_id=fee.pk, name=fees.next_by_hand(fee), method=method, return_url=return_url)


# ---- first ------------------------------------------------------------------------------------------------------------


def _choosable(version: PlanVersion, driver: Driver) -> None:
    plan = Plan.objects.offered().filter(pk=version.plan_id, operator=driver.operator_id).first()
    if plan is None or plans.current(plan) != version:
        raise _gone()


def _gone() -> Invalid:
    return Invalid({"plan": [_("This plan cannot be chosen any more. Please look at the plans again.")]})


def _opened(driver: Driver, version: PlanVersion, by: Actor) -> SubscriptionFee:
    today = issuing.today_at(driver.operator)
    try:
        with transaction.atomic():
            for earlier in Subscription.objects.select_for_update().filter(driver=driver, status=Status.STARTING):
                if same := _begun(earlier, version):
                    return same
                earlier.fees.filter(paid_at=None, dropped_at=None).update(dropped_at=timezone.now())
                turning.abandon(subscription_id=earlier.pk)
            subscription = Subscription.objects.create(
                operator=driver.operator, driver=driver, version=version, anchor_day=today.day
            )
            states.demand(subscription, by)
            if driver.blocked:
                raise Forbidden(_("This account is blocked."), action="subscription.edit")
            histories.note(subscription, "chosen", by=by, version=version.pk)
            return fees.ask(
                subscription=subscription,
                kind=SubscriptionFee.Kind.FIRST,
                version=version,
                amount=version.monthly_fee,
                since=timezone.now(),
                days=(1, 1),
            )
    except IntegrityError as exists:
        raise Conflict(_("You have a plan already: change it instead."), code="subscription_exists") from exists


def _begun(earlier: Subscription, version: PlanVersion, **same: Decimal) -> SubscriptionFee | None:
    """The same choice once more, e.g. after coming back from the card page: one fee, one payment."""
    open_ = earlier.fees.filter(version=version, paid_at=None, dropped_at=None, **same)
    return open_.exclude(kind=SubscriptionFee.Kind.RENEWAL).first()


# ---- another -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def _changed(subscription: Subscription, version: PlanVersion, expected: Decimal, by: Actor) -> SubscriptionFee | None:
    row = states.locked(subscription.pk)
    states.demand(row, by)
    if version.pk == row.version_id:
        if row.next_version_id:
            if not may_stay(row):
                raise _gone()
            row.next_version = row.next_from = None
            row.save()
            histories.note(row, "change_dropped", by=by)
        return None
    told = quote(subscription=row, version=version)
    if told.due != expected:
        raise Conflict(
            _("The price of the change is different today. Please look at it again."),
            code="price_changed",
            due=told.due,
        )
    if not told.at_once:
        row.next_version, row.next_from = version, told.on
        row.save()
        histories.note(row, "change_planned", by=by, version=version.pk, on=str(told.on))
        return None
    if same := _begun(row, version, amount=told.amount):  # a second tap
        return same
    states.drop_open(row, SubscriptionFee.Kind.CHANGE)
    return fees.ask(
        subscription=row,
        kind=SubscriptionFee.Kind.CHANGE,
        version=version,
        amount=told.amount,
        since=timezone.now(),
        days=(told.days, told.of_days),
        period=_month(row),
    )


def may_stay(subscription: Subscription) -> bool:
    """May a change that is planned be dropped? The driver's own always; the operator's, told with notice, only where the plan is
    still sold as it is: it could be left and chosen again."""
    moved = subscription.events.filter(kind="moved").order_by("-pk").first()
    if moved is None or histories.read(moved)["version"] == subscription.version_id:
        return True
    return (
        subscription.version.plan.archived_at is None
        and plans.current(subscription.version.plan) == subscription.version
    )


def _month(subscription: Subscription) -> SubscriptionPeriod:
    now = timezone.now()
    month = subscription.periods.filter(begins_at__lte=now, ends_at__gt=now).select_related("version").first()
    if subscription.status != Status.ACTIVE or month is None:
        raise Conflict(_("Only an active subscription can be changed."), code="not_active", status=subscription.status)
    return month


def _is_larger(before: PlanVersion, after: PlanVersion) -> bool:
    same_terms = (before.currency, before.tax_included) == (after.currency, after.tax_included)
    return same_terms and after.monthly_fee > before.monthly_fee


def _asked(month: SubscriptionPeriod) -> list[Stretch]:
    """The fees of the month so far, as stretches of days."""
    zone = pricing.zone(month.subscription.operator.time_zone)
    paid = month.fees.filter(dropped_at=None).exclude(kind=SubscriptionFee.Kind.CHANGE, paid_at=None)
    rows = paid.select_related("version").order_by("since", "pk")
    first, *later = list(rows)
    changes = [Stretch(fee.since.astimezone(zone).date(), fee.version.monthly_fee) for fee in later]
    return [Stretch(month.start, first.version.monthly_fee), *changes]


def _total(month: SubscriptionPeriod) -> Decimal:
    paid = month.fees.filter(dropped_at=None).exclude(kind=SubscriptionFee.Kind.CHANGE, paid_at=None)
    return sum(paid.values_list("amount", flat=True), Decimal(0))
