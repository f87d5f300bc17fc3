"""What a person does with a payment by hand: collect a hold, let it go, try again. (`refunds` gives back.) Who and why is kept. Never
inside a transaction."""

from decimal import Decimal

from django.utils.translation import gettext as _

from accounts import access
from billing.models import Payment, PaymentAct
from billing.services.cards import acts, holds, payment_steps, payments
from billing.services.debts import chasing, settling
from cms.core.errors import Conflict, Invalid

Verb, Status = PaymentAct.Verb, Payment.Status
Actor = acts.Actor


def capture(*, payment: Payment, amount: Decimal, reason: str, by: Actor) -> Payment:
    """Part of a hold, or all of it; the rest is free again. Raises Forbidden, Invalid amount or reason, Conflict payment_state, or
    payment_refused where the provider says no, Unavailable (it waits for the sweep)."""
    access.demand(by, "payment.collect", payment)
    _demand_reason(reason)
    if not 0 < amount <= payment.amount:
        raise Invalid({"amount": [_("More than nothing, and at most what is held.")]})
    _demand_hold(payment)
    acts.note(payment=payment, verb=Verb.CAPTURE, amount=amount, reason=reason, by=by)
    return _done(holds.capture(payment=payment, amount=amount))


def release(*, payment: Payment, reason: str, by: Actor) -> Payment:
    """Raises as `capture`."""
    access.demand(by, "payment.collect", payment)
    _demand_reason(reason)
    _demand_hold(payment, waiting=True)
    acts.note(payment=payment, verb=Verb.RELEASE, amount=None, reason=reason, by=by)
    return _done(holds.release(payment=payment))


def retry(*, payment: Payment, by: Actor) -> Payment:
    """What stopped half-way goes on; what a bank refused is asked for once more, with the card that is charged now. Raises Forbidden,
    Conflict nothing_to_retry, Unavailable."""
    access.demand(by, "payment.collect", payment)
    if payment.status in (Status.PENDING, Status.ACTION_NEEDED):
        acts.note(payment=payment, verb=Verb.RETRY, amount=None, reason="", by=by)
        return payments.refresh(payment=payment_steps.finish(payment))
    case = chasing.case_of(payment)
    if payment.status != Status.FAILED or (case is None and payment.cdr_id is None):
        raise Conflict(_("There is nothing to try again."), code="nothing_to_retry")
    acts.note(payment=payment, verb=Verb.RETRY, amount=None, reason="", by=by)
    if case is not None:
        chasing.once_more(case=case, name=f"desk-{payment.pk}", by=by)
    elif payment.cdr_id is not None:
        settling.settle(cdr_id=payment.cdr_id, again=True)
    payment.refresh_from_db()
    return payment


def _done(payment: Payment) -> Payment:
    """Refused, it is a hold as before; or it is gone, and then that is known from here on."""
    if payment.status != Status.AUTHORIZED:
        return payment
    after = payments.refresh(payment=payment)
    raise Conflict(payment.error or _("The payment is past that."), code="payment_refused", status=after.status)


def _demand_hold(payment: Payment, *, waiting: bool = False) -> None:
    allowed = (Status.AUTHORIZED, Status.ACTION_NEEDED) if waiting else (Status.AUTHORIZED,)
    if payment.status not in allowed:
        raise Conflict(_("Nothing is held any more."), code="payment_state", status=payment.status)


def _demand_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid({"reason": [_("Say why: the reason is kept with the payment.")]})
