"""Part of a plan's fee given back: the money, and a credit note where there is an invoice. Because somebody says why, or because the
driver withdraws (`withdrawing`)."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from billing.models import Payment, Refund, SubscriptionFee
from billing.services.cards import refunds
from billing.services.invoicing import credit_notes
from billing.services.recurring import collecting, fees, histories
from billing.services.recurring.states import Actor
from cms.core import money
from cms.core.errors import Conflict, Invalid


def possible(fee: SubscriptionFee) -> Decimal:
    """What can still be given back of it, with VAT."""
    if fee.paid_at is None or fee.payment is None or fee.payment.status != Payment.Status.CAPTURED:
        return Decimal(0)
    return min(fees.due(fee) - fee.credited, refunds.possible(fee.payment))


def credit(*, fee_id: int, amount: Decimal, reason: str, by: User) -> SubscriptionFee:
    """`amount` with VAT, within the limit of the role; the credit note follows from it. Raises Forbidden, Invalid amount or reason,
    Conflict(fee_not_paid), Unavailable: then the provider gives the money back later. Outside a transaction."""
    fee = collecting.read(fee_id)
    if fee.payment is None or fee.paid_at is None:
        raise Conflict(_("Only what was paid can be given back."), code="fee_not_paid")
    refunds.demand(payment=fee.payment, amount=amount, by=by)
    refunds.finish(opened(fee=fee, amount=amount, reason=reason, by=by))
    return collecting.read(fee_id)


@transaction.atomic
def opened(*, fee: SubscriptionFee, amount: Decimal, reason: str, by: Actor) -> Refund:
    """What our books say of it, all or nothing: two at once never give back more than was paid. The money moves by `refunds.finish`, now
    or with the sweep. Whoever calls has asked whether `by` may. Raises Invalid amount or reason."""
    row = SubscriptionFee.objects.select_for_update(of=("self",)).get(pk=fee.pk)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why: the reason is kept with the refund.")]})
    fee.credited = row.credited
    if not 0 < amount <= possible(fee):
        raise Invalid({"amount": [_("At most %(most)s can be given back.") % {"most": possible(fee)}]})
    if not money.is_payable(amount, fee.currency):
        raise Invalid({"amount": [_("No fractions of a cent.")]})
    assert fee.payment is not None
    SubscriptionFee.objects.filter(pk=fee.pk).update(credited=row.credited + amount, updated_at=timezone.now())
    person = by if isinstance(by, User) else None
    histories.note(fee.subscription, "credited", by=by, amount=str(amount), reason=reason.strip()[:200])
    _document(fee, amount, reason)
    return refunds.opened(
        payment=fee.payment, amount=amount, reason=reason.strip(), by=person, key=f"credit-{fee.uid}-{row.credited}"
    )


def _document(fee: SubscriptionFee, amount: Decimal, reason: str) -> None:
    """The share of the invoice's one line; what is left of it where nothing stays."""
    if fee.invoice is None:
        return
    line = fee.invoice.lines.order_by("position")[0]
    total = fee.invoice.total_incl_vat
    part = None if amount == total - fee.credited else (line.quantity * amount / total).quantize(Decimal("0.000001"))
    credit_notes.give(invoice=fee.invoice, lines={line.pk: part}, by=None, again=False, reason=reason)
