"""A subscription's row under its lock: who may touch it, what it becomes, and what ends with it."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import access
from accounts.models import ApiKey, User
from billing.models import Subscription, SubscriptionFee
from billing.services.recurring import histories

Actor = User | ApiKey | None
"""None: the system. A driver may do everything to the own subscription; members of the operator what `subscription.edit` allows."""

Status = Subscription.Status
_WITH = ("operator", "driver__user", "version__plan", "next_version__plan")


def locked(pk: int) -> Subscription:
    """Inside a transaction."""
    return Subscription.objects.select_for_update(of=("self",)).select_related(*_WITH).get(pk=pk)


def mine(subscription: Subscription, by: Actor) -> Subscription:
    """Locked, for who may change it. Raises Forbidden."""
    row = locked(subscription.pk)
    demand(row, by)
    return row


def demand(subscription: Subscription, by: Actor) -> None:
    """Raises Forbidden."""
    if by is None or (isinstance(by, User) and by.pk == subscription.driver.user_id):
        return
    access.demand(by, "subscription.edit", subscription)


def become(subscription: Subscription, status: str) -> None:
    """Under the lock; saves every column."""
    subscription.status = status
    if status == Status.ENDED:
        subscription.ended_at = timezone.now()
    subscription.save()


def end(subscription: Subscription, *, by: Actor = None, kind: str = "ended", **facts: Any) -> None:
    """Under the lock; `kind` and `facts` are what its history says. Nobody asks any more for what was to begin or to grow; a month that began stays owed."""
    now = timezone.now()
    subscription.next_version = subscription.next_from = subscription.pause_from = subscription.pause_until = None
    become(subscription, Status.ENDED)
    drop_open(subscription, SubscriptionFee.Kind.FIRST, SubscriptionFee.Kind.CHANGE)
    subscription.periods.filter(begins_at__lt=now, ends_at__gt=now).update(ends_at=now, updated_at=now)
    histories.note(subscription, kind, by=by, **facts)


def drop_open(subscription: Subscription, *kinds: str) -> None:
    """Fees of these kinds that nobody has paid. Money that comes for one all the same goes back (`collecting.follow`)."""
    now = timezone.now()
    open_ = subscription.fees.filter(kind__in=kinds, paid_at=None, dropped_at=None)
    open_.update(dropped_at=now, updated_at=now)


# ---- debts -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def fall_behind(*, subscription_id: int) -> None:
    """Its fee could not be collected."""
    row = locked(subscription_id)
    if row.status in (Status.ACTIVE, Status.CANCELLED):
        become(row, Status.PAST_DUE)


@transaction.atomic
def catch_up(*, subscription_id: int) -> None:
    """Nothing is owed any more."""
    row = locked(subscription_id)
    if row.status == Status.PAST_DUE:
        become(row, Status.CANCELLED if row.cancel_on else Status.ACTIVE)
        histories.note(row, "recovered")
