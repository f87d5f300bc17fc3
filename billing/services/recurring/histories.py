"""What happened to a subscription, kept beside it and told to the driver: each entry is the reason for at most one mail."""

import json
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date

from accounts.models import ApiKey, User
from billing import signals
from billing.models import Subscription, SubscriptionEvent


def note(subscription: Subscription, kind: str, *, by: User | ApiKey | None = None, **facts: Any) -> SubscriptionEvent:
    """In the transaction of what happened. `facts` are JSON values; announced as `subscription_changed` on commit."""
    event = SubscriptionEvent.objects.create(
        subscription=subscription,
        at=timezone.now(),
        kind=kind,
        facts=json.dumps(facts, ensure_ascii=False, default=str),
        by=by if isinstance(by, User) else None,
    )
    announce = partial(signals.subscription_changed.send_robust, sender=Subscription, ids=[subscription.pk])
    transaction.on_commit(announce, robust=True)
    return event


def read(event: SubscriptionEvent) -> dict[str, Any]:
    """Its facts, with days (on, until) and amounts as what they are."""
    told: dict[str, Any] = json.loads(event.facts)
    days = {name: parse_date(told[name]) for name in ("on", "until") if told.get(name)}
    amount = {"amount": Decimal(told["amount"])} if told.get("amount") else {}
    return {**told, **days, **amount}
