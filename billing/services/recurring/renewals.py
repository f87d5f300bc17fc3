"""The nightly run of subscriptions. Every step is a row of its own, so it may stop anywhere and start again."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from billing.models import Subscription
from billing.services.recurring import collecting, subscriptions

Status = Subscription.Status


def due(limit: int = 500) -> list[int]:
    """Subscriptions whose month or pause may be over: by the date of the easternmost operator; `turn` looks at the clock of each."""
    soon = timezone.now().date() + timedelta(days=1)
    over = Q(status__in=(Status.ACTIVE, Status.PAST_DUE, Status.CANCELLED), period_end__lte=soon)
    back = Q(status=Status.PAUSED, pause_until__lte=soon)
    return list(Subscription.objects.filter(over | back).order_by("pk").values_list("pk", flat=True)[:limit])


def renew(*, subscription_id: int) -> int:
    """All months that have begun since, and their fees. Returns how many. Raises Unavailable: the fees wait for the sweep."""
    begun = 0
    while fee := subscriptions.turn(subscription_id=subscription_id):
        begun += 1
        collecting.collect_renewal(fee_id=fee.pk)
    return begun
