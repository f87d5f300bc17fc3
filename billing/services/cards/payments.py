"""Money in at once, and what becomes of any payment. Never inside a transaction: what the provider has done must not be rolled
back from our books."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Company, Driver, Operator
from billing.models import CDR, Invoice, Payment, PaymentMethod, PaymentStep, Refund
from billing.payments import gateway, minor_units
from billing.payments.gateway import Unknown
from billing.services.cards import payment_steps
from cms.core.errors import Invalid

Kind, Status = PaymentStep.Kind, Payment.Status

FRESH, PATIENCE = timedelta(hours=2), timedelta(minutes=15)
ABANDONED = timedelta(days=1)
_MONEY_TAKEN = ("needs_response", "under_review", "lost")  # of Stripe's states of a dispute
ANSWERED_WITHIN = timedelta(seconds=30)  # by whoever began the step; after that the sweep goes on


def charge(
    *,
    operator: Operator,
    amount: Decimal,
    currency: str,
    key: str,
    purpose: str,
    method: PaymentMethod | None,
    driver: Driver | None = None,
    company: Company | None = None,
    invoice: Invoice | None = None,
    cdr: CDR | None = None,
    return_url: str = "",
) -> Payment:
    """Captured, failed or, with `return_url`, action_needed. Off session unless there is a `return_url`; without `method` the payer
    gives a card on our page. A second call with the same key goes on with the first. Raises Invalid amount, Unavailable (the row
    waits for the sweep)."""
    return placed(
        Kind.CHARGE,
        key,
        operator=operator,
        amount=amount,
        currency=currency,
        purpose=purpose,
        method=method,
        driver=driver,
        company=company,
        invoice=invoice,
        cdr=cdr,
        return_url=return_url,
    )


def placed(kind: str, key: str, **facts: Any) -> Payment:
    """The row and its first step, then the provider: what `charge` and `holds.place` share."""
    return payment_steps.finish(opened(kind, key, **facts))


def opened(kind: str, key: str, *, amount: Decimal, currency: str, **facts: Any) -> Payment:
    """The committed intent alone. Raises Invalid amount."""
    known = Payment.objects.filter(idempotency_key=key).first()
    if known is not None:
        return known
    whole = minor_units.rounded(amount, currency)
    if whole <= 0:
        raise Invalid({"amount": [_("There is nothing to pay.")]})
    method: PaymentMethod | None = facts.get("method")
    name = method.gateway if method else gateway.current().name
    with transaction.atomic():
        payment, new = Payment.objects.get_or_create(
            idempotency_key=key, defaults={"amount": whole, "currency": currency, "gateway": name, **facts}
        )
        if new:
            PaymentStep.objects.create(payment=payment, kind=kind, key=key, amount=whole)
    return payment


def refresh(*, payment: Payment) -> Payment:
    """Asks the provider what has become of it: after the customer comes back from his bank, behind each webhook, and in the sweep.
    Raises Unavailable."""
    payment = payment_steps.finish(payment)
    if payment.gateway in gateway.OURS or not payment.gateway_id:
        return payment
    try:
        intent = gateway.of(payment.gateway).retrieve(intent=payment.gateway_id)
    except Unknown:
        return payment
    return payment_steps.learn(payment, intent)


def due(limit: int = 200) -> list[int]:
    """Payments that the provider must be asked about: it is processing them, the customer may have come back unseen, or the hold
    has run out. What is older is asked about less often."""
    now = timezone.now()
    fresh = Q(created_at__gte=now - FRESH, updated_at__lte=now - ANSWERED_WITHIN)
    old = Q(created_at__lt=now - FRESH, updated_at__lte=now - PATIENCE)
    gone = Q(status=Status.AUTHORIZED, expires_at__lte=now)
    unsettled = Q(status__in=(Status.PENDING, Status.ACTION_NEEDED)) | gone
    found = Payment.objects.filter(unsettled, fresh | old).exclude(gateway__in=gateway.OURS)
    without_step = found.filter(~Q(steps__status=PaymentStep.Status.PENDING))
    return list(without_step.order_by("updated_at").values_list("pk", flat=True)[:limit])


def sweep(*, payment_id: int) -> None:
    """Asks once; whoever left a page open for a day is not coming back to it. Raises Unavailable."""
    payment = refresh(payment=Payment.objects.get(pk=payment_id))
    now = timezone.now()
    if payment.status == Status.ACTION_NEEDED and payment.created_at <= now - ABANDONED:
        payment_steps.run(payment_steps.begin(payment, Kind.RELEASE, key=f"{payment.idempotency_key}-abandoned"))
    Payment.objects.filter(pk=payment_id, updated_at__lt=now).update(updated_at=now)


def adopt(limit: int = 200) -> int:
    """Payments that an earlier version began and never settled get the step they lack."""
    orphans = Payment.objects.filter(status=Status.PENDING, steps=None).exclude(gateway__in=gateway.OURS)[:limit]
    for payment in orphans:
        PaymentStep.objects.get_or_create(
            key=payment.idempotency_key,
            defaults={"payment": payment, "kind": Kind.CHARGE, "amount": payment.amount},
        )
    return len(orphans)


def dispute(*, payment: Payment, reason: str, state: str) -> Payment:
    """The card's owner contests it. Won, it is paid again; lost, it stays disputed and says so; where no money was taken (a bank's
    question: warning_…, prevented) it is only noted."""
    said = f"{reason} {state}".strip()
    if state in _MONEY_TAKEN:
        payment_steps.note(payment, Status.CAPTURED, status=Status.DISPUTED, dispute=said)
    else:
        payment_steps.note(payment, Status.DISPUTED, status=Status.CAPTURED, dispute=said)
    Payment.objects.filter(pk=payment.pk).exclude(dispute=said).update(dispute=said, updated_at=timezone.now())
    payment.refresh_from_db()
    return payment


def refund_failed(*, refund: Refund, reason: str) -> None:
    """The bank sent the money back to us: it stays collected."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=refund.payment_id)
        done = Refund.objects.filter(pk=refund.pk, status=Refund.Status.DONE)
        if not done.update(status=Refund.Status.FAILED, error=reason, updated_at=timezone.now()):
            return
        left = payment.refunded - refund.amount
        status = Status.CAPTURED if payment.status == Status.REFUNDED else payment.status
        payment_steps.note(payment, payment.status, status=status, refunded=left)
