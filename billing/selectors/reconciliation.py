"""What the provider's account and our books do not agree on. What agrees is not shown: there is nothing to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator, User
from billing.models import Payment, Payout, PayoutItem
from billing.payments import gateway

MOST = 200
REACH = timedelta(days=100)  # of payments that should have their movement by now
ARRIVES_WITHIN = timedelta(days=3)  # the provider's account is a little behind
KINDS = (PayoutItem.Kind.PAYMENT, PayoutItem.Kind.REFUND)

STRAY, AMOUNT, MISSING, PAYOUT = "stray", "amount", "missing", "payout"
REASONS: dict[str, Promise] = {
    STRAY: _("The provider moved money that is nobody’s here."),
    AMOUNT: _("The amounts differ."),
    MISSING: _("Collected here, and the provider’s account does not know it."),
    PAYOUT: _("The payout is not the sum of its movements."),
}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """`ours` and `theirs` in the currency of both; None where one side has nothing."""

    reason: str
    at: datetime
    reference: str
    ours: Decimal | None
    theirs: Decimal | None
    currency: str
    payment: Payment | None = None
    payout: Payout | None = None

    @property
    def words(self) -> Promise:
        return REASONS[self.reason]

    @property
    def difference(self) -> Decimal:
        """What the provider has more than we."""
        return (self.theirs or Decimal(0)) - (self.ours or Decimal(0))


@dataclass(frozen=True, slots=True)
class Picture:
    """`payouts` of the last 100 days, `heard_at` when the provider's account was last read."""

    mismatches: Sequence[Mismatch]
    payouts: int
    paid_out: Decimal
    heard_at: datetime | None


def picture(user: User, operator: Operator) -> Picture:
    since = timezone.now() - REACH
    items = PayoutItem.objects.visible_to(user).filter(operator=operator)
    found = [*_stray(items), *_amounts(items), *_missing(operator, since), *_payouts(items)]
    paid = items.filter(payout__paid_at__gte=since)
    sums = paid.aggregate(n=Count("payout", distinct=True), total=Sum("net"))
    heard = items.aggregate(at=Max("updated_at"))["at"]
    newest = sorted(found, key=lambda one: one.at, reverse=True)
    return Picture(newest[:MOST], sums["n"], sums["total"] or Decimal(0), heard)


def _stray(items: QuerySet[PayoutItem]) -> list[Mismatch]:
    rows = (
        items.filter(kind__in=KINDS, payment=None, refund=None).select_related("payout").order_by("-booked_at")[:MOST]
    )
    return [
        Mismatch(STRAY, row.booked_at, row.source_id or row.gateway_id, None, row.gross, row.currency, None, row.payout)
        for row in rows
    ]


def _amounts(items: QuerySet[PayoutItem]) -> list[Mismatch]:
    wrong = Q(kind=PayoutItem.Kind.PAYMENT, payment__isnull=False) & ~Q(gross=F("payment__captured"))
    back = Q(kind=PayoutItem.Kind.REFUND, refund__isnull=False) & ~Q(gross=-F("refund__amount"))
    rows = items.filter(wrong | back).select_related("payment", "refund", "payout").order_by("-booked_at")[:MOST]
    return [
        Mismatch(AMOUNT, row.booked_at, row.source_id, _ours(row), row.gross, row.currency, row.payment, row.payout)
        for row in rows
    ]


def _ours(item: PayoutItem) -> Decimal:
    if item.refund is not None:
        return -item.refund.amount
    assert item.payment is not None
    return item.payment.captured


def _missing(operator: Operator, since: datetime) -> list[Mismatch]:
    """Old enough to be known there, young enough to matter, and of the provider whose account we read."""
    until = timezone.now() - ARRIVES_WITHIN
    first = (
        PayoutItem.objects.filter(operator=operator).order_by("booked_at").values_list("booked_at", flat=True).first()
    )
    if first is None:  # its account has never been read
        return []
    paid = Payment.objects.filter(operator=operator, captured__gt=0).exclude(gateway__in=gateway.OURS)
    lost = paid.filter(updated_at__lt=until, created_at__gt=max(since, first)).filter(payout_items=None)
    return [
        Mismatch(MISSING, row.created_at, row.gateway_id, row.captured, None, row.currency, row)
        for row in lost.order_by("-pk")[:MOST]
    ]


def _payouts(items: QuerySet[PayoutItem]) -> list[Mismatch]:
    """Payouts that only this operator has a part in: of a shared account nobody here may see the whole."""
    own = Payout.objects.filter(pk__in=items.filter(payout__isnull=False).values("payout"))
    summed = own.annotate(net=Sum("items__net"), operators=Count("items__operator", distinct=True))
    wrong = summed.filter(operators=1).exclude(amount=F("net")).order_by("-paid_at")[:MOST]
    return [
        Mismatch(PAYOUT, row.paid_at, row.gateway_id, row.net, row.amount, row.currency, None, row) for row in wrong
    ]
