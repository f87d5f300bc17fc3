"""From a fee to its money: asks for it, and sees to what follows from the answer. Boring the second time, whoever asks."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from billing.models import Payment, PaymentMethod, SubscriptionFee
from billing.services.cards import refunds
from billing.services.debts import dunning
from billing.services.recurring import fees, turning

FORGOTTEN = timedelta(hours=24)  # who left the card page does not come back

Kind, Paid = SubscriptionFee.Kind, Payment.Status


def collect(*, fee_id: int, name: str, method: PaymentMethod | None = None, return_url: str = "") -> SubscriptionFee:
    """One attempt (see `fees.attempt`) and what follows. Raises Conflict(no_method), Unavailable."""
    fee = read(fee_id)
    if fee.paid_at or fee.dropped_at:
        return fee
    if fee.kind == Kind.RENEWAL:
        fees.document(fee)
    fees.attempt(fee=fee, name=name, method=method, return_url=return_url)
    return follow(fee_id=fee_id)


def collect_renewal(*, fee_id: int) -> SubscriptionFee:
    """The first attempt of a month, by ourselves. Without a card it is a refusal like any other. Raises Unavailable."""
    fee = read(fee_id)
    if not fees.has_card(fee) and fees.due(fee) and not fee.paid_at:
        fees.document(fee)
        dunning.open_case(read(fee_id), text="no_method")
        return read(fee_id)
    return collect(fee_id=fee_id, name="auto-0")


def follow(*, fee_id: int) -> SubscriptionFee:
    """What became of its payments, and what follows: a plan begins or grows, a debt opens or is paid, money that nobody asked for
    goes back."""
    fee = read(fee_id)
    tried = list(fees.attempts(fee))
    captured = [payment for payment in tried if payment.status == Paid.CAPTURED]
    if not fee.dropped_at and not fee.paid_at:
        if captured or not fees.due(fee):
            _paid(fee, captured[0] if captured else None)
        elif tried and all(payment.status in (Paid.FAILED, Paid.RELEASED) for payment in tried):
            _refused(fee, tried[-1])
    fee = read(fee_id)
    for payment in captured:
        if fee.dropped_at or payment.pk != fee.payment_id:
            refunds.give(payment=payment, amount=payment.kept, reason="Not needed", by=None, key=f"back-{payment.pk}")
    return fee


def drop(*, fee_id: int) -> bool:
    """Nobody asks for it any more. Of two that try, one does it."""
    now = timezone.now()
    open_ = SubscriptionFee.objects.filter(pk=fee_id, paid_at=None, dropped_at=None)
    return bool(open_.update(dropped_at=now, updated_at=now))


def waiting(limit: int = 500) -> list[int]:
    """Fees that nobody is after: what an announcement left behind, and what was begun and forgotten."""
    open_ = SubscriptionFee.objects.filter(paid_at=None, dropped_at=None, dunning=None)
    answered = Q(payment__status__in=[Paid.CAPTURED, Paid.FAILED, Paid.RELEASED])
    never = Q(kind=Kind.RENEWAL, payment=None)
    forgotten = ~Q(kind=Kind.RENEWAL) & Q(created_at__lt=timezone.now() - FORGOTTEN)
    return list(open_.filter(answered | never | forgotten).order_by("pk").values_list("pk", flat=True)[:limit])


def go_on(*, fee_id: int) -> None:
    """One of `waiting`. Raises Unavailable."""
    fee = follow(fee_id=fee_id)
    if fee.paid_at or fee.dropped_at:
        return
    if fee.kind == Kind.RENEWAL:
        collect_renewal(fee_id=fee_id)
    elif fee.created_at < timezone.now() - FORGOTTEN and drop(fee_id=fee_id):
        turning.abandon(subscription_id=fee.subscription_id)


def read(fee_id: int) -> SubscriptionFee:
    rows = SubscriptionFee.objects.select_related(
        "subscription__operator", "subscription__driver__user", "version__plan", "period", "invoice", "payment"
    )
    return rows.get(pk=fee_id)


def of_payment(payment: Payment) -> SubscriptionFee | None:
    """The fee that it was for, by its key."""
    word, _dash, rest = payment.idempotency_key.partition("-")
    if word != "fee":
        return None
    try:
        return SubscriptionFee.objects.filter(uid=UUID(rest[:36])).first()
    except ValueError:
        return None


def _paid(fee: SubscriptionFee, payment: Payment | None) -> None:
    with transaction.atomic():
        now = timezone.now()
        open_ = SubscriptionFee.objects.filter(pk=fee.pk, paid_at=None, dropped_at=None)
        if not open_.update(paid_at=now, payment=payment, updated_at=now):
            return
        if fee.kind == Kind.FIRST:
            turning.begin(fee=fee)
        elif fee.kind == Kind.CHANGE:
            turning.enlarge(fee=fee)
        dunning.recover(fee, payment=payment)
    fees.document(read(fee.pk))


def _refused(fee: SubscriptionFee, payment: Payment) -> None:
    if fee.kind == Kind.RENEWAL:
        dunning.open_case(fee, payment=payment, text=dunning.why(payment))
    elif drop(fee_id=fee.pk) and fee.kind == Kind.FIRST:
        turning.abandon(subscription_id=fee.subscription_id)
