"""What the provider's account says, copied row by row and held against our own books: every payment should have its movement, every
movement its payment."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import Operator
from billing.models import Payment, Payout, PayoutItem, Refund
from billing.payments import gateway
from billing.payments.gateway import Movement, PaidOut

LOOKED_BACK = timedelta(days=10)  # a payout tells what happened a week before it


def fetch(*, since: datetime | None = None, name: str = "") -> int:
    """Copies payouts and movements since then (ten days ago), and matches them. Twice is boring. Returns how many movements are new
    or were paid out since. Raises Unavailable."""
    since = since or timezone.now() - LOOKED_BACK
    provider = gateway.of(name) if name else gateway.current()
    payouts = {paid.reference: _payout(provider.name, paid) for paid in provider.payouts(since=since)}
    return _items(provider.name, provider.movements(since=since), payouts)


def match() -> int:
    """Movements without a payment, looked for once more: ours may have been written after theirs."""
    found = 0
    kinds = (PayoutItem.Kind.PAYMENT, PayoutItem.Kind.REFUND, PayoutItem.Kind.DISPUTE)
    for item in PayoutItem.objects.filter(payment=None, refund=None, kind__in=kinds).order_by("pk")[:1000]:
        payment, refund = _ours(item.gateway, item.kind, item.source_id, "")
        if payment or refund:
            _point(item, payment, refund)
            found += 1
    return found


def _payout(name: str, paid: PaidOut) -> Payout:
    row, _new = Payout.objects.update_or_create(
        gateway=name,
        gateway_id=paid.reference,
        defaults={
            "amount": paid.amount,
            "currency": paid.currency,
            "status": paid.status,
            "paid_at": paid.paid_at,
            "arrives_on": paid.arrives_on,
        },
    )
    return row


def _items(name: str, movements: Iterable[Movement], payouts: dict[str, Payout]) -> int:
    changed = 0
    only = list(Operator.objects.order_by("pk").values_list("pk", flat=True)[:2])
    for moved in movements:
        payout = payouts.get(moved.payout)
        known = PayoutItem.objects.filter(gateway=name, gateway_id=moved.reference).first()
        if known is not None:
            if payout is not None and known.payout_id != payout.pk:
                PayoutItem.objects.filter(pk=known.pk).update(payout=payout, updated_at=timezone.now())
                changed += 1
            continue
        payment, refund = _ours(name, moved.kind, moved.source, moved.ours)
        operator = payment.operator_id if payment else refund.operator_id if refund else None
        facts = {
            "operator_id": operator or (only[0] if len(only) == 1 else None),
            "payout": payout,
            "kind": moved.kind,
            "source_id": moved.source,
            "gross": moved.gross,
            "fee": moved.fee,
            "net": moved.net,
            "currency": moved.currency,
            "booked_at": moved.booked_at,
            "payment": payment,
            "refund": refund,
        }
        _row, new = PayoutItem.objects.get_or_create(gateway=name, gateway_id=moved.reference, defaults=facts)
        changed += new  # two that read at once write each movement once
    return changed


def _ours(name: str, kind: str, source: str, ours: str) -> tuple[Payment | None, Refund | None]:
    """By the provider's reference, else by ours, which it was given with the payment."""
    if kind == PayoutItem.Kind.REFUND:
        refund = Refund.objects.filter(payment__gateway=name, gateway_id=source).first() if source else None
        return (refund.payment if refund else None), refund
    payments = Payment.objects.filter(gateway=name)
    payment = payments.filter(gateway_id=source).first() if source else None
    return payment or (payments.filter(idempotency_key=ours).first() if ours else None), None


def _point(item: PayoutItem, payment: Payment | None, refund: Refund | None) -> None:
    whose = payment or refund
    assert whose is not None
    PayoutItem.objects.filter(pk=item.pk).update(
        payment=payment, refund=refund, operator_id=whose.operator_id, updated_at=timezone.now()
    )
