"""The one way in which a provider is asked to move money (docs/decisions/0021): the step is committed, then the provider is asked
with the step's key, then the outcome is committed. Killed at any line, `run` is called again by the sweep: with the same key while
the provider remembers it, after that only once it has said what became of the first time.

Nothing here may be called inside a transaction: what the provider has done must not be rolled back from our books.
"""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import signals
from billing.models import Payment, PaymentStep, Refund
from billing.payments.gateway import Declined, Given, Intent, State
from billing.services.cards import asking
from cms.core.errors import Conflict

Kind, Status = PaymentStep.Kind, Payment.Status

PATIENCE = timedelta(minutes=15)
_BEFORE = {  # what a payment must be for the step to begin
    Kind.AUTHORIZE: (Status.PENDING,),
    Kind.CHARGE: (Status.PENDING,),
    Kind.INCREMENT: (Status.AUTHORIZED,),
    Kind.CAPTURE: (Status.AUTHORIZED,),
    Kind.RELEASE: (Status.AUTHORIZED, Status.ACTION_NEEDED),
}


def begin(payment: Payment, kind: str, *, key: str, amount: Decimal = Decimal(0), **facts: Any) -> PaymentStep:
    """The committed intent; `facts` are written on the payment with it. A second one with the same key is the first. Raises
    Conflict payment_state where the payment is past it, payment_busy while another step is under way."""
    known = PaymentStep.objects.filter(key=key).first()
    if known is not None:
        return known
    with transaction.atomic():
        row = _lock(payment)
        if row.status not in _BEFORE[Kind(kind)]:
            raise Conflict(_("The payment is past that."), code="payment_state", status=row.status)
        try:
            with transaction.atomic():
                step = PaymentStep.objects.create(payment=row, kind=kind, key=key, amount=amount)
        except IntegrityError:
            raise Conflict(_("The payment is being worked on."), code="payment_busy") from None
        if facts:
            Payment.objects.filter(pk=row.pk).update(**facts, updated_at=timezone.now())
    return step


def finish(payment: Payment) -> Payment:
    """What was begun and not settled. Raises Unavailable."""
    for step in payment.steps.filter(status=PaymentStep.Status.PENDING).order_by("pk"):
        run(step)
    payment.refresh_from_db()
    return payment


def run(step: PaymentStep) -> Payment:
    """Asks the provider and settles. Raises Unavailable, and then the step waits for the sweep."""
    if step.status != PaymentStep.Status.PENDING:
        return Payment.objects.get(pk=step.payment_id)
    payment = Payment.objects.select_related("method").get(pk=step.payment_id)
    PaymentStep.objects.filter(pk=step.pk).update(asked=F("asked") + 1, updated_at=timezone.now())
    try:
        outcome = asking.answer(step, payment)
    except Declined as no:
        _settle_declined(step, payment, no)
    else:
        _settle(step, payment, outcome)
    payment.refresh_from_db()
    return payment


def waiting(*, before: timedelta, limit: int = 200) -> list[PaymentStep]:
    """Steps that nobody has settled for so long, the oldest first. The more often one was asked in vain, the longer it waits: a
    provider that is away for an hour is not asked a thousand times."""
    now = timezone.now()
    pending = PaymentStep.objects.filter(status=PaymentStep.Status.PENDING, updated_at__lte=now - before)
    steps = pending.order_by("updated_at")[:limit]
    return [step for step in steps if step.updated_at <= now - min(before * max(step.asked, 1), PATIENCE)]


def learn(payment: Payment, intent: Intent) -> Payment:
    """What the provider says of a payment without a step under way: the customer approved it, a hold ran out, somebody worked in
    the provider's own pages. Told twice, or in another order, it is the same."""
    before, facts = payment.status, _learned(payment, intent)
    if facts:
        _move(payment, before, **facts)
        payment.refresh_from_db()
    return payment


def note(payment: Payment, before: str, **facts: Any) -> bool:
    """What is known of a payment by other ways, where it is still `before`; announces."""
    return _move(payment, before, **facts)


# ---- settling -------------------------------------------------------------------------------------------------------


def _settle(step: PaymentStep, payment: Payment, outcome: Intent | Given) -> None:
    """Step and payment in one transaction; of two that try, one does it and announces. Locks are taken in the order of `begin`:
    the payment, then its steps."""
    with transaction.atomic():
        _lock(payment)
        if not _close(step, PaymentStep.Status.DONE):
            return
        if isinstance(outcome, Given):
            _given(step, payment, outcome)
        else:
            facts = _learned(payment, outcome)
            if facts:
                _move(payment, payment.status, **facts)


def _settle_declined(step: PaymentStep, payment: Payment, no: Declined) -> None:
    """A new payment has failed; a hold that could not be captured, raised or released is what it was."""
    with transaction.atomic():
        _lock(payment)
        if not _close(step, PaymentStep.Status.FAILED, error=no.text, error_code=no.reason):
            return
        if step.refund_id is not None:
            Refund.objects.filter(pk=step.refund_id).update(
                status=Refund.Status.FAILED, error=no.text, updated_at=timezone.now()
            )
            announce(payment)
        elif step.kind in (Kind.AUTHORIZE, Kind.CHARGE):
            said = {"error": no.text, "error_code": no.reason}
            reference = {"gateway_id": no.reference} if no.reference else {}
            _move(payment, payment.status, status=Status.FAILED, **said, **reference)
        else:
            _move(payment, payment.status, error=no.text, error_code=no.reason)


def _lock(payment: Payment) -> Payment:
    return Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)


def _close(step: PaymentStep, status: str, **facts: Any) -> bool:
    mine = PaymentStep.objects.filter(pk=step.pk, status=PaymentStep.Status.PENDING)
    step.status = status
    return bool(mine.update(status=status, **facts, updated_at=timezone.now()))


def _given(step: PaymentStep, payment: Payment, given: Given) -> None:
    status = Refund.Status.FAILED if given.failed else Refund.Status.DONE
    step.payment.refunds.filter(steps=step).update(status=status, gateway_id=given.reference, updated_at=timezone.now())
    if given.failed:
        return announce(payment)
    row = _lock(payment)
    Payment.objects.filter(pk=row.pk).update(refunded=row.refunded + step.amount, updated_at=timezone.now())
    Payment.objects.filter(pk=payment.pk, status=Status.CAPTURED, refunded=F("captured")).update(status=Status.REFUNDED)
    return announce(payment)


_STATUS = {
    State.PENDING: Status.PENDING,
    State.ACTION_NEEDED: Status.ACTION_NEEDED,
    State.AUTHORIZED: Status.AUTHORIZED,
    State.CAPTURED: Status.CAPTURED,
    State.RELEASED: Status.RELEASED,
    State.FAILED: Status.FAILED,
}
_NEXT = {  # where a payment may go when the provider says so; what is settled stays settled
    Status.PENDING: frozenset(Status),
    Status.ACTION_NEEDED: frozenset(Status) - {Status.PENDING},
    Status.AUTHORIZED: frozenset({Status.AUTHORIZED, Status.CAPTURED, Status.RELEASED}),
    Status.FAILED: frozenset({Status.CAPTURED, Status.AUTHORIZED}),
}


def _learned(payment: Payment, intent: Intent) -> dict[str, Any]:
    """What changes on the payment; empty where nothing does."""
    after = _STATUS[intent.state]
    if payment.status == Status.CAPTURED and after == Status.CAPTURED:
        return _given_elsewhere(payment, intent)
    if after not in _NEXT.get(Status(payment.status), frozenset()):
        return {}
    facts: dict[str, Any] = {
        "status": after,
        "gateway_id": intent.reference,
        "captured": intent.captured,
        "client_secret": intent.client_secret if after == Status.ACTION_NEEDED else "",
        "action_url": intent.action_url if after == Status.ACTION_NEEDED else "",
        "error": intent.error,
        "error_code": intent.error_code,
        "expires_at": intent.expires_at if after == Status.AUTHORIZED else payment.expires_at,
        **_card(intent),
    }
    if after == Status.AUTHORIZED:
        facts["amount"] = intent.amount
    return {name: value for name, value in facts.items() if getattr(payment, name) != value}


def _card(intent: Intent) -> dict[str, str]:
    """Cut to the columns: a provider's word may be of any length."""
    card = intent.card
    return {"card_brand": card.brand[:20], "card_last4": card.last4[-4:]} if card and card.last4 else {}


def _given_elsewhere(payment: Payment, intent: Intent) -> dict[str, Any]:
    """More went back than our own refunds: somebody gave it in the provider's pages."""
    ours = payment.refunds.exclude(status=Refund.Status.FAILED).aggregate(total=Sum("amount"))["total"] or Decimal(0)
    back = min(intent.refunded, payment.captured)
    if back <= max(ours, payment.refunded):
        return {}
    whole = {"status": Status.REFUNDED} if back == payment.captured else {}
    return {"refunded": back, **whole}


def _move(payment: Payment, before: str, **facts: Any) -> bool:
    """A conditional update: of two that try, one moves it and announces; the other learns what became of it."""
    moved = Payment.objects.filter(pk=payment.pk, status=before).update(**facts, updated_at=timezone.now())
    if moved:
        announce(payment)
    return bool(moved)


def announce(payment: Payment) -> None:
    """`payment_changed`, on commit."""
    told = partial(signals.payment_changed.send_robust, sender=Payment, ids=[payment.pk])
    transaction.on_commit(told, robust=True)
