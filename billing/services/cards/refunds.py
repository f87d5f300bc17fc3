"""Money back, in full or in part: asked for by a person within the limit of the role, or by ourselves for a charge that was taken
back."""

from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from billing.models import Payment, PaymentAct, PaymentStep, Refund
from billing.payments import gateway, minor_units
from billing.services.cards import acts, payment_steps
from billing.services.cards.acts import Actor
from billing.services.prepaid import top_ups
from cms.core.errors import Conflict, Forbidden, Invalid

SUPPORT_LIMIT = Decimal(50)  # what a support agent gives back of one payment without asking, in its currency

_REFUNDABLE = (Payment.Status.CAPTURED, Payment.Status.DISPUTED)


def give(*, payment: Payment, amount: Decimal, reason: str, by: Actor | None, key: str = "") -> Refund:
    """`amount` of what came in and stayed. `key` makes a second call the first; a page makes one per form. Without `by` it is
    ourselves. Raises Forbidden, Invalid amount or reason, Conflict payment_state or wallet_too_low, Unavailable (it waits for the sweep)."""
    with transaction.atomic():
        if by is not None:
            row = Payment.objects.select_for_update(no_key=True).get(
                pk=payment.pk
            )  # a limit counts what others give meanwhile
            repeated = row.refunds.filter(idempotency_key=key).exists()
            demand(payment=row, amount=Decimal(0) if repeated else amount, by=by)
            if not reason.strip():
                raise Invalid({"reason": [_("Say why: the reason is kept with the refund.")]})
        refund = opened(payment=payment, amount=amount, reason=reason.strip(), by=by, key=key)
    finish(refund)
    payment.refresh_from_db()
    return refund


def finish(refund: Refund) -> None:
    """Asks the provider, where that is still to do. Outside a transaction. Raises Unavailable (it waits for the sweep)."""
    for step in refund.steps.filter(status=PaymentStep.Status.PENDING):
        payment_steps.run(step)
    refund.refresh_from_db()


def possible(payment: Payment) -> Decimal:
    """What can still be given back."""
    pending = payment.refunds.filter(status=Refund.Status.PENDING).aggregate(total=Sum("amount"))["total"]
    return payment.kept - (pending or Decimal(0))


def demand(*, payment: Payment, amount: Decimal, by: Actor) -> None:
    """Raises Forbidden: a role without refunds, or one that may give back less than that of one payment in all."""
    access.demand(by, "payment.refund", payment)
    if not access.can(by, "payment.refund_any", payment):
        given = payment.refunds.exclude(status=Refund.Status.FAILED).aggregate(total=Sum("amount"))["total"]
        if (given or Decimal(0)) + amount > SUPPORT_LIMIT:
            raise Forbidden(
                _("Your role gives back up to %(limit)s %(currency)s of one payment. Ask a manager for more.")
                % {"limit": SUPPORT_LIMIT, "currency": payment.currency},
                action="payment.refund_any",
            )


def opened(*, payment: Payment, amount: Decimal, reason: str, by: Actor | None, key: str = "") -> Refund:
    """The intent, under the payment's lock: two at once never give back more than there is. Whoever calls it in a transaction goes
    on with `finish` after it. Raises Invalid amount, Conflict payment_state, paid_from_wallet or wallet_too_low."""
    amount = minor_units.rounded(amount, payment.currency)
    with transaction.atomic():
        row = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        key = key or f"refund-{row.idempotency_key}-{row.refunds.count() + 1}"
        known = Refund.objects.filter(idempotency_key=key).first()
        if known is not None:
            if by is not None and (known.payment_id, known.amount) != (row.pk, amount):
                raise Conflict(_("This was sent already, with another amount."), code="key_used")
            return known
        if row.status not in _REFUNDABLE:
            raise Conflict(_("Only what was collected can be given back."), code="payment_state", status=row.status)
        if row.gateway == gateway.WALLET:
            raise Conflict(_("It was paid from the wallet: correct the wallet instead."), code="paid_from_wallet")
        if row.gateway == gateway.BANK:
            raise Conflict(
                _("It came by bank transfer: take the entry back, and send the money by your bank."),
                code="paid_by_transfer",
            )
        if amount <= 0:
            raise Invalid({"amount": [_("Give back more than nothing.")]})
        if amount > possible(row):
            raise Invalid({"amount": [_("More than was collected cannot be given back.")]})
        if row.purpose == Payment.Purpose.TOP_UP:
            top_ups.take_back(payment=row, amount=amount)
        refund = Refund.objects.create(
            payment=row,
            operator_id=row.operator_id,
            amount=amount,
            reason=reason,
            by=by if isinstance(by, User) else None,
            idempotency_key=key,
        )
        PaymentStep.objects.create(payment=row, refund=refund, kind=PaymentStep.Kind.REFUND, key=key, amount=amount)
        if by is not None:
            acts.note(payment=row, verb=PaymentAct.Verb.REFUND, amount=amount, reason=reason, by=by)
    return refund
