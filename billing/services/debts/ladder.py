"""What an operator decides about money that did not come: when it is asked for again, and what follows (docs/decisions/0030). The
only place that knows days; which debt stands on which rung is its case's (`dunning`)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, User
from billing.models import DunningPolicy
from cms.core.errors import Invalid

MOST_STEPS, MOST_DAYS = 8, 90
APART = timedelta(hours=12)  # where a server was away, missed rungs do not follow each other at once


def policy(operator: Operator) -> DunningPolicy:
    """What was decided, or what holds where nobody decided."""
    return DunningPolicy.objects.filter(operator=operator).first() or DunningPolicy(operator=operator)


@transaction.atomic
def decide(
    *,
    operator: Operator,
    ladder: str,
    grace_days: int,
    end_after: bool,
    stop_companies: bool = False,
    by: User | ApiKey,
) -> DunningPolicy:
    """`ladder`: days after the first refusal, like "1, 3, 7, 14". Days hold for cases that open from now on. Raises Forbidden,
    Invalid."""
    access.demand(by, "operator.edit", operator)
    wrong: dict[str, list[str]] = {}
    try:
        days = [int(part) for part in ladder.replace(" ", "").split(",")]
    except ValueError:
        days = []
    if not 1 <= len(days) <= MOST_STEPS or days != sorted(set(days)) or not 1 <= days[0] <= days[-1] <= MOST_DAYS:
        wrong["ladder"] = [_("Days in ascending order, like 1, 3, 7, 14; up to %(most)s.") % {"most": MOST_DAYS}]
    if not 0 <= grace_days <= MOST_DAYS:
        wrong["grace_days"] = [_("From 0 to %(most)s days.") % {"most": MOST_DAYS}]
    if wrong:
        raise Invalid(wrong)
    decided = {
        "ladder": ",".join(map(str, days)),
        "grace_days": grace_days,
        "end_after": end_after,
        "stop_companies": stop_companies,
    }
    row, _made = DunningPolicy.objects.update_or_create(operator=operator, defaults=decided)
    return row


def dates(rules: DunningPolicy) -> dict[str, datetime]:
    """The columns of a case that opens now."""
    now = timezone.now()
    first = rung(rules, now, 0)
    assert first is not None
    return {"opened_at": now, "next_at": first, "grace_until": now + timedelta(days=rules.grace_days)}


def after(rules: DunningPolicy, opened: datetime, step: int) -> datetime | None:
    """When the next rung is due, `step` of them being done; None at the ladder's end."""
    due = rung(rules, opened, step)
    return due and max(due, timezone.now() + APART)


def rung(rules: DunningPolicy, opened: datetime, step: int) -> datetime | None:
    days = [int(part) for part in rules.ladder.split(",")]
    return opened + timedelta(days=days[step]) if step < len(days) else None
