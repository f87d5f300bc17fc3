"""Keeps what was at risk each day, so that the page can show whether it grows. Derived: a day that was missed is a gap."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import Operator
from billing.models import AssuranceDay
from billing.selectors import assurance
from billing.selectors.assurance import Picture
from billing.selectors.assurance_checks import Asked


def snapshot(*, operator: Operator, now: datetime | None = None) -> Picture:
    """Today's figures of an operator; a later run of the day replaces them, so the last one stays."""
    asked = Asked(operator, now or timezone.now())
    found = assurance.picture(asked)
    keep(asked, found)
    return found


@transaction.atomic
def keep(asked: Asked, found: Picture) -> None:
    day = assurance.local_day(asked)
    rows = [
        AssuranceDay(operator=asked.operator, day=day, subject=subject, cases=finding.cases, at_risk=finding.at_risk)
        for subject, finding in {"": found.whole, **found.findings}.items()
    ]
    AssuranceDay.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["operator", "day", "subject"], update_fields=["cases", "at_risk"]
    )
