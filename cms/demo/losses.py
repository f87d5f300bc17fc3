"""What was at risk on each day of the past. Nothing of it was put right meanwhile, so a day's cases are those that had happened by
then: found once, counted day by day."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from accounts.models import Operator
from billing.models import AssuranceDay
from billing.selectors import assurance, assurance_checks
from billing.selectors.assurance_checks import Asked, Check

from . import cast


class Loss(NamedTuple):
    """`key` tells charges, and stops without one, apart."""

    key: tuple[bool, int]
    at: datetime
    amount: Decimal


def remember(*, since: datetime, now: datetime) -> None:
    for operator in Operator.objects.filter(slug__in=[company.slug for company in cast.COMPANIES]):
        # a day before is the same time on its clock
        asked = Asked(operator, now.astimezone(ZoneInfo(operator.time_zone)))
        price = assurance.average_price(asked)
        found = {check.name: _losses(asked, check, price) for check in assurance_checks.CHECKS}
        found[""] = list({loss.key: loss for losses in found.values() for loss in losses}.values())
        days = range(min((now - since).days, assurance_checks.WINDOW.days), -1, -1)
        ends = [asked._replace(now=asked.now - timedelta(days=ago)) for ago in days]
        AssuranceDay.objects.bulk_create(
            _day(end, subject, losses) for end in ends for subject, losses in found.items()
        )


def _losses(asked: Asked, check: Check, price: Decimal | None) -> list[Loss]:
    if not check.has_charges:
        strays = assurance.strays(asked).values_list("pk", "received_at")
        return [Loss((False, pk), at, Decimal(0)) for pk, at in strays]
    cases = assurance.cases(check, asked).only("pk", "stopped_at", "energy")
    return [
        Loss((True, case.pk), case.stopped_at or asked.now, assurance.worth(case, price).amount or Decimal(0))
        for case in cases
    ]


def _day(end: Asked, subject: str, losses: Iterable[Loss]) -> AssuranceDay:
    by_then = [loss.amount for loss in losses if loss.at <= end.now]
    return AssuranceDay(
        operator=end.operator,
        day=assurance.local_day(end),
        subject=subject,
        cases=len(by_then),
        at_risk=sum(by_then, Decimal(0)),
    )
