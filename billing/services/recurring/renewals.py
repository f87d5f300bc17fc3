"""The hourly run of subscriptions. Every step is a row of its own, so it may stop anywhere and start again."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing.models import Subscription
from billing.services.invoicing import issuing
from billing.services.recurring import collecting, histories, states, turning

Status = Subscription.Status

REMINDED = timedelta(days=3)  # before a pause ends: time to leave, or to rest on


def due() -> list[int]:
    """Subscriptions whose month or pause may be over, the longest first: by the date of the easternmost operator; `turn` looks at the
    clock of each."""
    soon = timezone.now().date() + timedelta(days=1)
    over = Q(status__in=(Status.ACTIVE, Status.PAST_DUE, Status.CANCELLED), period_end__lte=soon)
    back = Q(status=Status.PAUSED, pause_until__lte=soon)
    rows = Subscription.objects.filter(over | back).order_by("period_end", "pk")
    return list(rows.values_list("pk", flat=True))


def renew(*, subscription_id: int) -> int:
    """All months that have begun since, and their fees. Returns how many. Raises Unavailable: the fees wait for the sweep."""
    begun = 0
    while fee := turning.turn(subscription_id=subscription_id):
        begun += 1
        collecting.collect_renewal(fee_id=fee.pk)
    return begun


def to_remind() -> list[int]:
    """Pauses that end in the next days: what is paid for again nobody should find out from the bank."""
    soon = timezone.now().date() + REMINDED
    ending = Subscription.objects.filter(status=Status.PAUSED, pause_until__lte=soon)
    return list(ending.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def remind(*, subscription_id: int) -> None:
    """Once for each pause."""
    row = states.locked(subscription_id)
    if row.status != Status.PAUSED or row.pause_until is None or row.pause_until <= issuing.today_at(row.operator):
        return
    last = row.events.filter(kind__in=("paused", "pause_ends")).order_by("-pk").first()
    if last is None or last.kind == "paused":
        version = (
            row.next_version if row.next_version and (row.next_from or row.pause_until) <= row.pause_until else None
        )
        version = version or row.version
        histories.note(row, "pause_ends", version=version.pk, amount=str(version.monthly_fee), on=str(row.pause_until))
