"""Collecting what a charge costs. The row comes first, then the provider, then the outcome: killed at any line, the sweep goes
on with the same key, so a charge is paid once."""

from functools import partial

from django.db import transaction
from django.utils import timezone

from billing import signals
from billing.models import CDR, Payment
from billing.payments import gateway
from billing.payments.gateway import Outcome, PaymentGateway


def collect(*, cdr_id: int) -> Payment | None:
    """Collects a billable CDR. None where there is nothing to collect. Raises Unavailable (try again)."""
    payment = Payment.objects.filter(cdr=cdr_id).first() or _open(cdr_id)
    if payment is None or payment.status != Payment.Status.PENDING:
        return payment
    provider = gateway.current()
    outcome = provider.collect(
        amount=payment.amount,
        currency=payment.currency,
        customer=f"driver-{payment.driver_id}",
        key=payment.idempotency_key,
    )
    _settle(payment, provider, outcome)
    return payment


def refund(*, cdr_id: int) -> Payment | None:
    """Gives back what was collected for a CDR that has been credited since. None where nothing was collected."""
    payment = Payment.objects.filter(cdr=cdr_id, cdr__credited_by__isnull=False, status=Payment.Status.CAPTURED).first()
    if payment is None:
        return None
    outcome = gateway.current().refund(
        gateway_id=payment.gateway_id,
        amount=payment.amount,
        currency=payment.currency,
        key=f"refund-{payment.idempotency_key}",
    )
    if not outcome.error:
        _move(payment, Payment.Status.CAPTURED, Payment.Status.REFUNDED)
    return payment


def due(limit: int = 500) -> list[int]:
    """CDRs that wait to be collected, or whose collection was interrupted."""
    waiting = CDR.objects.unpaid().order_by("pk").values_list("pk", flat=True)[:limit]
    interrupted = Payment.objects.filter(status=Payment.Status.PENDING).values_list("cdr_id", flat=True)[:limit]
    return sorted({*waiting, *interrupted})


def to_refund(limit: int = 500) -> list[int]:
    paid = Payment.objects.filter(status=Payment.Status.CAPTURED, cdr__credited_by__isnull=False)
    return list(paid.order_by("pk").values_list("cdr_id", flat=True)[:limit])


def _open(cdr_id: int) -> Payment | None:
    """The pending row, if the CDR is worth one. Its unique CDR and key make a second one impossible."""
    cdr = CDR.objects.unpaid().filter(pk=cdr_id).first()
    if cdr is None:
        return None
    payment, _ = Payment.objects.get_or_create(
        cdr=cdr,
        defaults={
            "operator_id": cdr.operator_id,
            "driver_id": cdr.driver_id,
            "amount": cdr.total_incl_vat,
            "currency": cdr.currency,
            "gateway": gateway.current().name,
            "idempotency_key": f"cdr-{cdr.uid}",
        },
    )
    return payment


def _settle(payment: Payment, provider: PaymentGateway, outcome: Outcome) -> None:
    payment.gateway, payment.gateway_id, payment.error = provider.name, outcome.gateway_id, outcome.error
    status = Payment.Status.FAILED if outcome.error else Payment.Status.CAPTURED
    _move(payment, Payment.Status.PENDING, status)


def _move(payment: Payment, before: Payment.Status, after: Payment.Status) -> None:
    """A conditional update: of two that try, one moves it and announces; the other learns what became of it."""
    payment.status = after
    names = ("gateway", "gateway_id", "error", "status")
    changes = {name: getattr(payment, name) for name in names}
    if not Payment.objects.filter(pk=payment.pk, status=before).update(**changes, updated_at=timezone.now()):
        payment.refresh_from_db()
        return
    announce = partial(signals.payment_changed.send_robust, sender=Payment, ids=[payment.pk])
    transaction.on_commit(announce, robust=True)
