"""What happened to a subscription, kept beside it and told to the driver: each entry is the reason for at most one mail."""

import json
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

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


def facts(event: SubscriptionEvent) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(event.facts)
    return told
