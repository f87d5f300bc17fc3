"""What waits for a person: charges in doubt with what is at stake, and messages that belong to no charge."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum

from accounts.models import Operator
from billing.models import CDR
from sessions_app.models import ChargingSession, Evidence


@dataclass(frozen=True, slots=True)
class AtStake:
    """Of one currency: how many charges wait, and the sum of their bills that nobody has paid for or been invoiced."""

    charges: int
    total: Decimal
    currency: str


def by_stake(found: QuerySet[ChargingSession]) -> QuerySet[ChargingSession]:
    """The dearest first, then the oldest."""
    bill = CDR.objects.standing().filter(session=OuterRef("pk")).values("total_incl_vat")[:1]
    return found.annotate(at_stake=Subquery(bill)).order_by(F("at_stake").desc(nulls_last=True), "pk")


def at_stake(operator: Operator) -> AtStake:
    waiting = ChargingSession.objects.filter(operator=operator).exclude(review="")
    total = CDR.objects.standing().filter(session__in=waiting).aggregate(total=Sum("total_incl_vat"))["total"]
    return AtStake(waiting.count(), total or Decimal(0), operator.currency)


def orphans(operator: Operator) -> QuerySet[Evidence]:
    """The newest first."""
    mine = Evidence.objects.filter(station__operator=operator)
    return mine.orphans().select_related("station__location").order_by("-received_at", "-pk")
