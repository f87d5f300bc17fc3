"""What the provider tells by itself. An event is checked, stored once and answered at once; a task applies it. It is only believed
that something has happened: what the state is now, the provider is asked, so that events may come late, twice and in any order."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import signals
from billing.models import Payment, PaymentMethod, Refund, WebhookEvent
from billing.payments import gateway
from billing.payments.gateway import Event
from billing.services.cards import methods, payments, payouts
from cms.core.errors import Conflict, DomainError, Unavailable

Status = WebhookEvent.Status

TRIES = 8  # of an event that cannot be applied; then a person replays it
PATIENCE = timedelta(minutes=1)
KEPT = timedelta(days=90)
_NEWS = timedelta(days=3)  # how far back a payout's movements are asked for


def receive(*, name: str, body: bytes, signature: str) -> WebhookEvent:
    """Stores an event of that provider. A second time the row of the first. Raises BadSignature, and nothing is stored."""
    event = gateway.of(name).parse_event(body=body, signature=signature)
    try:
        with transaction.atomic():
            row = WebhookEvent.objects.create(
                gateway=name,
                event_id=event.id[:100],
                kind=event.kind[:80],
                object_id=event.about[:100],
                payload=body.decode(),
                occurred_at=event.occurred_at,
            )
            announce = partial(signals.webhook_received.send_robust, sender=WebhookEvent, ids=[row.pk])
            transaction.on_commit(announce, robust=True)
    except IntegrityError:
        return WebhookEvent.objects.get(gateway=name, event_id=event.id[:100])
    return row


def apply(*, event_id: int) -> WebhookEvent:
    """Applied, ignored (a kind we do nothing with, or a payment that is not ours), or failed and tried again. Applied once."""
    row = WebhookEvent.objects.get(pk=event_id)
    if row.status not in (Status.RECEIVED, Status.FAILED):
        return row
    tried = WebhookEvent.objects.filter(pk=row.pk)
    # whatever breaks here, a bug of ours too, it has failed once more
    tried.filter(status=row.status).update(status=Status.FAILED, tries=F("tries") + 1, updated_at=timezone.now())
    try:
        status, error = _applied(row), ""
    except Unavailable:
        tried.filter(status=Status.FAILED).update(status=Status.RECEIVED)
        raise
    except DomainError as wrong:
        status, error = Status.FAILED, f"{wrong.code}: {wrong.text}"
    now = timezone.now()
    tried.filter(status=Status.FAILED).update(status=status, error=error, applied_at=now, updated_at=now)
    row.refresh_from_db()
    return row


def replay(*, event: WebhookEvent) -> WebhookEvent:
    """Once more, whatever became of it. Raises Conflict for one that is waiting anyway, Unavailable."""
    again = WebhookEvent.objects.filter(pk=event.pk).exclude(status=Status.RECEIVED)
    if not again.update(status=Status.RECEIVED, error="", updated_at=timezone.now()):
        raise Conflict(_("This event is waiting to be applied."), code="event_waiting")
    return apply(event_id=event.pk)


def due(limit: int = 200) -> list[int]:
    """The sweep behind the announcement. A provider that is away is asked for as long as it takes."""
    late = WebhookEvent.objects.filter(updated_at__lte=timezone.now() - PATIENCE)
    waiting = late.filter(Q(status=Status.RECEIVED) | Q(status=Status.FAILED, tries__lt=TRIES))
    return list(waiting.order_by("received_at").values_list("pk", flat=True)[:limit])


def forget_old() -> int:
    """Retention: what was applied or ignored is of no more use, and names people. What failed stays for a person to look at."""
    settled = WebhookEvent.objects.filter(status__in=(Status.APPLIED, Status.IGNORED))
    gone, _by_model = settled.filter(received_at__lt=timezone.now() - KEPT).delete()
    return gone


def _applied(row: WebhookEvent) -> WebhookEvent.Status:
    handler = HANDLERS.get(row.kind)
    if handler is None:
        return Status.IGNORED
    return (
        Status.APPLIED
        if handler(row, Event(row.event_id, row.kind, row.object_id, row.occurred_at, _content(row)))
        else Status.IGNORED
    )


def _content(row: WebhookEvent) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(row.payload)
    return content


# ---- one kind each: True where it was about something of ours --------------------------------------------------------------


def _payment_of(row: WebhookEvent) -> Payment | None:
    return (
        Payment.objects.filter(gateway=row.gateway, gateway_id=row.object_id).order_by("-pk").first()
        if row.object_id
        else None
    )


def _payment(row: WebhookEvent, event: Event) -> bool:
    payment = _payment_of(row)
    if payment is None:
        payment = _told_ours(row, event)
    if payment is not None:
        payments.refresh(payment=payment)
    return payment is not None


def _told_ours(row: WebhookEvent, event: Event) -> Payment | None:
    """The provider was quicker than our own books: our reference is in its metadata."""
    ours = (event.content["data"]["object"].get("metadata") or {}).get("ours", "")
    return Payment.objects.filter(gateway=row.gateway, idempotency_key=ours).first() if ours else None


def _refund(row: WebhookEvent, event: Event) -> bool:
    """A refund that failed later, or one that somebody gave in the provider's own pages."""
    about = event.content["data"]["object"]
    mine = Refund.objects.filter(gateway_id=str(about.get("id", "")), payment__gateway=row.gateway).first()
    if mine is not None and about.get("status") in ("failed", "canceled"):
        payments.refund_failed(refund=mine, reason=str(about.get("failure_reason") or ""))
        return True
    return _payment(row, event)


def _dispute(row: WebhookEvent, event: Event) -> bool:
    """As it stands now: its news may come in any order, or be replayed long after it was decided."""
    payment = _payment_of(row)
    if payment is not None:
        about = str(event.content["data"]["object"].get("id") or "")
        now = gateway.of(row.gateway).contest(reference=about)
        payments.dispute(payment=payment, reason=now.reason, state=now.state)
    return payment is not None


def _setup(row: WebhookEvent, event: Event) -> bool:
    method = PaymentMethod.objects.filter(gateway=row.gateway, setup_id=row.object_id).first()
    if method is not None:
        methods.refresh(method=method)
    return method is not None


def _payout(row: WebhookEvent, event: Event) -> bool:
    payouts.fetch(since=row.occurred_at - _NEWS, name=row.gateway)
    return True


Handler = Callable[[WebhookEvent, Event], bool]
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(
        (
            "payment_intent.succeeded",
            "payment_intent.payment_failed",
            "payment_intent.canceled",
            "payment_intent.requires_action",
            "payment_intent.processing",
            "payment_intent.amount_capturable_updated",
            "payment_intent.partially_funded",
            "charge.refunded",
            "charge.captured",
            "charge.expired",
        ),
        _payment,
    ),
    **dict.fromkeys(("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"), _refund),
    **dict.fromkeys(
        (
            "charge.dispute.created",
            "charge.dispute.updated",
            "charge.dispute.closed",
            "charge.dispute.funds_withdrawn",
            "charge.dispute.funds_reinstated",
        ),
        _dispute,
    ),
    **dict.fromkeys(("setup_intent.succeeded", "setup_intent.setup_failed", "setup_intent.canceled"), _setup),
    **dict.fromkeys(("payout.paid", "payout.failed", "payout.updated", "payout.reconciliation_completed"), _payout),
}
