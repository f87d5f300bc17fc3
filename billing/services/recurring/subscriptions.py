"""The life of a subscription: what may follow what. Choosing a plan and paying for it begins in `choosing`, the nightly run in
`renewals`; what happened is told by `histories`.

starting → active ⇄ past_due, active → paused → active, active → cancelled → ended; any may end.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, User
from billing import months, pricing
from billing.models import PlanVersion, Subscription, SubscriptionFee, SubscriptionPeriod
from billing.services.invoicing import issuing
from billing.services.recurring import fees, histories
from cms.core.errors import Conflict, Invalid

Actor = User | ApiKey | None
"""None: the system. A driver may do everything to the own subscription; members of the operator what `tariff.edit` allows."""

Status = Subscription.Status
MOST_PAUSE = 3  # months


# ---- beginning and changing, once it is paid ---------------------------------------------------------------------------


@transaction.atomic
def begin(*, fee: SubscriptionFee) -> None:
    """The first month, from the moment its fee is paid. A second time changes nothing."""
    subscription = locked(fee.subscription_id)
    if subscription.status != Status.STARTING:
        return
    now = timezone.now()
    today = issuing.today_at(subscription.operator)
    subscription.anchor_day, subscription.started_at = today.day, now
    month = _month(subscription, fee.version, today, begins_at=now)
    days = months.days(month.start, month.end)
    SubscriptionFee.objects.filter(pk=fee.pk).update(period=month, since=now, days=days, of_days=days, updated_at=now)
    _become(subscription, Status.ACTIVE)
    histories.note(subscription, "started", version=fee.version_id, amount=str(fee.amount), until=str(month.end))


@transaction.atomic
def enlarge(*, fee: SubscriptionFee) -> None:
    """A larger plan for the days that are left of the month, once the difference is paid. A second time changes nothing."""
    subscription = locked(fee.subscription_id)
    month = SubscriptionPeriod.objects.select_for_update(of=("self",)).select_related("version").get(fees=fee)
    if subscription.version_id == fee.version_id or subscription.status == Status.ENDED:
        return
    before, after = month.version, fee.version
    part = (fee.days, fee.of_days)
    month.energy = max(month.energy + months.share(after.included_energy - before.included_energy, *part), Decimal(0))
    seconds = month.seconds + int(months.share(after.included_seconds - before.included_seconds, *part))
    month.seconds, month.version, month.warned = max(seconds, 0), after, 0
    month.save(update_fields=["energy", "seconds", "version", "warned", "updated_at"])
    subscription.version, subscription.next_version, subscription.next_from = after, None, None
    subscription.save()
    histories.note(subscription, "enlarged", version=after.pk, before=before.pk, amount=str(fee.amount))


@transaction.atomic
def abandon(*, subscription_id: int) -> None:
    """It never began: the first fee was not paid."""
    subscription = locked(subscription_id)
    if subscription.status == Status.STARTING:
        _become(subscription, Status.ENDED)


# ---- month after month -------------------------------------------------------------------------------------------------


@transaction.atomic
def turn(*, subscription_id: int) -> SubscriptionFee | None:
    """What is due at the end of a month, or of a pause: the next month with its fee, the pause, or the end. Boring until then, and
    once done. One month at a time: call it until it gives None. Returns the fee that is to be paid."""
    subscription = locked(subscription_id)
    today = issuing.today_at(subscription.operator)
    if subscription.status == Status.PAUSED:
        back = subscription.pause_until
        return _next_month(subscription, back) if back and back <= today else None
    end = subscription.period_end
    if subscription.status not in (Status.ACTIVE, Status.PAST_DUE, Status.CANCELLED) or end is None or end > today:
        return None
    if subscription.status == Status.PAST_DUE:  # no second debt on top of the first
        _end(subscription, reason="not_paid")
        return None
    if subscription.cancel_on and subscription.cancel_on <= end:
        _end(subscription)
        return None
    if subscription.pause_from and subscription.pause_from <= end:
        _become(subscription, Status.PAUSED)
        histories.note(subscription, "paused", until=str(subscription.pause_until or ""))
        return None
    return _next_month(subscription, end)


def _next_month(subscription: Subscription, start: date) -> SubscriptionFee:
    if subscription.next_version and (subscription.next_from or start) <= start:
        subscription.version, subscription.next_version, subscription.next_from = subscription.next_version, None, None
    resumed = subscription.status == Status.PAUSED
    subscription.pause_from = subscription.pause_until = None
    month = _month(subscription, subscription.version, start)
    days = months.days(month.start, month.end)
    fee = fees.ask(
        subscription=subscription,
        kind=SubscriptionFee.Kind.RENEWAL,
        version=subscription.version,
        amount=subscription.version.monthly_fee,
        since=month.begins_at,
        days=(days, days),
        period=month,
    )
    _become(subscription, Status.ACTIVE if resumed else subscription.status)
    word = "resumed" if resumed else "renewed"
    facts: dict[str, Any] = {
        "version": fee.version_id,
        "amount": str(fee.amount),
        "until": str(month.end),
        "fee": fee.pk,
    }
    histories.note(subscription, word, **facts)
    return fee


def _month(
    subscription: Subscription, version: PlanVersion, start: date, *, begins_at: datetime | None = None
) -> SubscriptionPeriod:
    """Its row; the subscription's own columns are saved by who calls."""
    zone = pricing.zone(subscription.operator.time_zone)
    end = months.renewal_after(start, subscription.anchor_day)
    subscription.period_start, subscription.period_end = start, end
    return SubscriptionPeriod.objects.create(
        subscription=subscription,
        version=version,
        start=start,
        end=end,
        begins_at=begins_at or months.midnight(start, zone),
        ends_at=months.midnight(end, zone),
        energy=version.included_energy,
        seconds=version.included_seconds,
    )


# ---- what people decide ------------------------------------------------------------------------------------------------


@transaction.atomic
def cancel(*, subscription: Subscription, by: Actor) -> Subscription:
    """At the end of the month that is paid for; one that is paused or has not begun ends at once. A second time changes nothing.
    Raises Forbidden."""
    row = _mine(subscription, by)
    if row.status in (Status.ENDED, Status.CANCELLED):
        return row
    if row.status in (Status.PAUSED, Status.STARTING):
        _end(row, by=by)
        return row
    row.cancel_on, row.pause_from, row.pause_until = row.period_end, None, None
    row.next_version = row.next_from = None
    _become(row, row.status if row.status == Status.PAST_DUE else Status.CANCELLED)
    histories.note(row, "cancelled", by=by, on=str(row.cancel_on))
    return row


@transaction.atomic
def reactivate(*, subscription: Subscription, by: Actor) -> Subscription:
    """As if it had not been cancelled. Raises Forbidden; Conflict(subscription_ended) once it has ended."""
    row = _mine(subscription, by)
    if row.status == Status.ENDED:
        raise Conflict(_("This subscription has ended; choose a plan again."), code="subscription_ended")
    if row.cancel_on is None:
        return row
    row.cancel_on = None
    _become(row, Status.ACTIVE if row.status == Status.CANCELLED else row.status)
    histories.note(row, "reactivated", by=by)
    return row


@transaction.atomic
def pause(*, subscription: Subscription, for_months: int, by: Actor) -> Subscription:
    """From the end of the month that is paid for, 1 to 3 months long. Raises Forbidden, Invalid, Conflict(not_active)."""
    row = _mine(subscription, by)
    if not 1 <= for_months <= MOST_PAUSE:
        raise Invalid({"months": [_("From 1 to %(most)s months.") % {"most": MOST_PAUSE}]})
    if row.status != Status.ACTIVE or row.period_end is None:
        raise Conflict(_("Only an active subscription can be paused."), code="not_active", status=row.status)
    until = row.period_end
    for _month_of_rest in range(for_months):
        until = months.renewal_after(until, row.anchor_day)
    if (row.pause_from, row.pause_until) != (row.period_end, until):
        row.pause_from, row.pause_until = row.period_end, until
        row.save()
        histories.note(row, "pause_planned", by=by, on=str(row.pause_from), until=str(until))
    return row


@transaction.atomic
def resume(*, subscription: Subscription, by: Actor) -> SubscriptionFee | None:
    """Before the pause has begun: no pause. During it: a month that begins today, whose fee is to be paid. Raises Forbidden."""
    row = _mine(subscription, by)
    if row.status == Status.PAUSED:
        today = issuing.today_at(row.operator)
        row.anchor_day = today.day
        return _next_month(row, today)
    if row.pause_from:
        row.pause_from = row.pause_until = None
        row.save()
        histories.note(row, "pause_dropped", by=by)
    return None


@transaction.atomic
def end(*, subscription: Subscription, by: Actor, reason: str = "") -> Subscription:
    """At once: what is left of the month is lost, unless it is credited. Raises Forbidden."""
    row = _mine(subscription, by)
    if row.status != Status.ENDED:
        _end(row, by=by, reason=reason)
    return row


# ---- debts -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def fall_behind(*, subscription_id: int) -> None:
    """Its fee could not be collected."""
    row = locked(subscription_id)
    if row.status in (Status.ACTIVE, Status.CANCELLED):
        _become(row, Status.PAST_DUE)


@transaction.atomic
def catch_up(*, subscription_id: int) -> None:
    """Nothing is owed any more."""
    row = locked(subscription_id)
    if row.status == Status.PAST_DUE:
        _become(row, Status.CANCELLED if row.cancel_on else Status.ACTIVE)
        histories.note(row, "recovered")


# ---- rows --------------------------------------------------------------------------------------------------------------


def locked(pk: int) -> Subscription:
    """Inside a transaction."""
    rows = Subscription.objects.select_for_update(of=("self",))
    return rows.select_related("operator", "driver__user", "version__plan", "next_version__plan").get(pk=pk)


def _mine(subscription: Subscription, by: Actor) -> Subscription:
    row = locked(subscription.pk)
    demand(row, by)
    return row


def demand(subscription: Subscription, by: Actor) -> None:
    """Raises Forbidden."""
    if by is None or (isinstance(by, User) and by.pk == subscription.driver.user_id):
        return
    access.demand(by, "subscription.edit", subscription)


def _become(subscription: Subscription, status: str) -> None:
    """Under the lock; saves every column."""
    subscription.status = status
    if status == Status.ENDED:
        subscription.ended_at = timezone.now()
    subscription.save()


def _end(subscription: Subscription, *, by: Actor = None, reason: str = "") -> None:
    now = timezone.now()
    subscription.next_version = subscription.next_from = subscription.pause_from = subscription.pause_until = None
    _become(subscription, Status.ENDED)
    subscription.periods.filter(begins_at__lt=now, ends_at__gt=now).update(ends_at=now, updated_at=now)
    histories.note(subscription, "ended", by=by, reason=reason)


def live_of(*, operator: Operator, user: User) -> Subscription | None:
    """The person's subscription there, if there is one."""
    rows = Subscription.objects.live().filter(operator=operator, driver__user=user)
    return rows.select_related("operator", "driver__user", "version__plan", "next_version__plan").first()
