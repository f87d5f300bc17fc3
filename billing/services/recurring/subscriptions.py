"""What people decide about a subscription, and what may follow what. Choosing a plan and paying for it begins in `choosing`, leaving
it within the days that the law gives in `withdrawing`, the run of months in `renewals`; what happened is told by `histories`.

starting → active ⇄ past_due, active → paused → active, active → cancelled → ended; any may end.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from billing import months
from billing.models import Subscription, SubscriptionFee
from billing.services.invoicing import issuing
from billing.services.recurring import histories, states, turning
from billing.services.recurring.states import Actor, Status
from cms.core.errors import Conflict, Invalid

MOST_PAUSE = 3  # months


@transaction.atomic
def cancel(*, subscription: Subscription, by: Actor) -> Subscription:
    """At the end of the month that is paid for; one that is paused or has not begun ends at once. A second time changes nothing.
    Raises Forbidden."""
    row = states.mine(subscription, by)
    if row.status in (Status.ENDED, Status.CANCELLED):
        return row
    if row.status in (Status.PAUSED, Status.STARTING):
        states.end(row, by=by)
        return row
    row.cancel_on, row.pause_from, row.pause_until = row.period_end, None, None
    states.become(row, row.status if row.status == Status.PAST_DUE else Status.CANCELLED)
    histories.note(row, "cancelled", by=by, on=str(row.cancel_on))
    return row


@transaction.atomic
def reactivate(*, subscription: Subscription, by: Actor) -> Subscription:
    """As if it had not been cancelled. Raises Forbidden; Conflict(subscription_ended) once it has ended."""
    row = states.mine(subscription, by)
    if row.status == Status.ENDED:
        raise Conflict(_("This subscription has ended; choose a plan again."), code="subscription_ended")
    if row.cancel_on is None:
        return row
    row.cancel_on = None
    states.become(row, Status.ACTIVE if row.status == Status.CANCELLED else row.status)
    histories.note(row, "reactivated", by=by)
    return row


@transaction.atomic
def pause(*, subscription: Subscription, for_months: int, by: Actor) -> Subscription:
    """From the end of the month that is paid for, 1 to 3 months long. Raises Forbidden, Invalid, Conflict(not_active)."""
    row = states.mine(subscription, by)
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
    row = states.mine(subscription, by)
    if row.status == Status.PAUSED:
        today = issuing.today_at(row.operator)
        row.anchor_day = today.day
        return turning.next_month(row, today)
    if row.pause_from:
        row.pause_from = row.pause_until = None
        row.save()
        histories.note(row, "pause_dropped", by=by)
    return None


@transaction.atomic
def end(*, subscription: Subscription, by: Actor, reason: str = "") -> Subscription:
    """At once: what is left of the month is lost, unless it is credited. Raises Forbidden."""
    row = states.mine(subscription, by)
    if row.status != Status.ENDED:
        states.end(row, by=by, reason=reason)
    return row
