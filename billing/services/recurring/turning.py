"""What begins, grows and renews: a subscription's months, one after the other. Each step is boring the second time."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing import months, pricing
from billing.models import PlanVersion, Subscription, SubscriptionFee, SubscriptionPeriod
from billing.services.invoicing import issuing
from billing.services.recurring import fees, histories, states

Status = Subscription.Status


# ---- beginning and changing, once it is paid ---------------------------------------------------------------------------


@transaction.atomic
def begin(*, fee: SubscriptionFee) -> None:
    """The first month, from the moment its fee is paid. A second time changes nothing."""
    subscription = states.locked(fee.subscription_id)
    if subscription.status != Status.STARTING:
        return
    now = timezone.now()
    today = issuing.today_at(subscription.operator)
    subscription.anchor_day, subscription.started_at = today.day, now
    month = _month(subscription, fee.version, today, begins_at=now)
    days = months.days(month.start, month.end)
    SubscriptionFee.objects.filter(pk=fee.pk).update(period=month, since=now, days=days, of_days=days, updated_at=now)
    states.become(subscription, Status.ACTIVE)
    histories.note(subscription, "started", version=fee.version_id, amount=str(fee.amount), until=str(month.end))


@transaction.atomic
def enlarge(*, fee: SubscriptionFee) -> None:
    """A larger plan for the days that are left of the month, once the difference is paid. A second time changes nothing."""
    subscription = states.locked(fee.subscription_id)
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
    subscription = states.locked(subscription_id)
    if subscription.status == Status.STARTING:
        states.become(subscription, Status.ENDED)


# ---- month after month -------------------------------------------------------------------------------------------------


@transaction.atomic
def turn(*, subscription_id: int) -> SubscriptionFee | None:
    """What is due at the end of a month, or of a pause: the next month with its fee, the pause, or the end. Boring until then, and
    once done. One month at a time: call it until it gives None. Returns the fee that is to be paid."""
    subscription = states.locked(subscription_id)
    today = issuing.today_at(subscription.operator)
    if subscription.status == Status.PAUSED:
        back = subscription.pause_until
        return next_month(subscription, back) if back and back <= today else None
    end = subscription.period_end
    if subscription.status not in (Status.ACTIVE, Status.PAST_DUE, Status.CANCELLED) or end is None or end > today:
        return None
    if subscription.status == Status.PAST_DUE:  # no second debt on top of the first
        states.end(subscription, reason="not_paid")
        return None
    if subscription.cancel_on and subscription.cancel_on <= end:
        states.end(subscription)
        return None
    if subscription.pause_from and subscription.pause_from <= end:
        states.become(subscription, Status.PAUSED)
        histories.note(subscription, "paused", until=str(subscription.pause_until or ""))
        return None
    return next_month(subscription, end)


def next_month(subscription: Subscription, start: date) -> SubscriptionFee:
    """Under the lock. A change that was begun in the month before and not paid belongs to that month: it is forgotten."""
    states.drop_open(subscription, SubscriptionFee.Kind.CHANGE)
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
    states.become(subscription, Status.ACTIVE if resumed else subscription.status)
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
