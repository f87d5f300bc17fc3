"""Part of a plan's fee given back, because somebody says why: the money, and a credit note where there is an invoice."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from billing.models import Payment, SubscriptionFee
from billing.services.cards import refunds
from billing.services.invoicing import credit_notes
from billing.services.recurring import collecting, fees, histories
from cms.core.errors import Conflict, Invalid


def possible(fee: SubscriptionFee) -> Decimal:
    """What can still be given back of it, with VAT."""
    if fee.paid_at is None or fee.payment is None or fee.payment.status != Payment.Status.CAPTURED:
        return Decimal(0)
    return min(fees.due(fee) - fee.credited, refunds.possible(fee.payment))


def credit(*, fee_id: int, amount: Decimal, reason: str, by: User) -> SubscriptionFee:
    """`amount` with VAT. Raises Forbidden, Invalid amount or reason, Conflict(fee_not_paid), Unavailable: then the provider gives the
    money back later. Outside a transaction."""
    fee = collecting.read(fee_id)
    if fee.payment is None or fee.paid_at is None:
        raise Conflict(_("Only what was paid can be given back."), code="fee_not_paid")
    refunds.demand(payment=fee.payment, amount=amount, by=by)
    if fee.invoice:
        access.demand(by, "invoice.issue", fee.invoice)
    key = _claimed(fee, amount, reason, by)
    _document(fee, amount, reason, by)
    refunds.give(payment=fee.payment, amount=amount, reason=reason, by=by, key=key)
    return collecting.read(fee_id)


@transaction.atomic
def _claimed(fee: SubscriptionFee, amount: Decimal, reason: str, by: User) -> str:
    """Two at once never give back more than was paid. The key of this credit at the provider."""
    row = SubscriptionFee.objects.select_for_update(of=("self",)).get(pk=fee.pk)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why: the reason is kept with the refund.")]})
    fee.credited = row.credited
    if not 0 < amount <= possible(fee):
        raise Invalid({"amount": [_("At most %(most)s can be given back.") % {"most": possible(fee)}]})
    SubscriptionFee.objects.filter(pk=fee.pk).update(credited=row.credited + amount, updated_at=timezone.now())
    histories.note(fee.subscription, "credited", by=by, amount=str(amount), reason=reason.strip()[:200])
    return f"credit-{fee.uid}-{row.credited}"


def _document(fee: SubscriptionFee, amount: Decimal, reason: str, by: User) -> None:
    """The share of the invoice's one line; all of it where all is given back."""
    if fee.invoice is None:
        return
    line = fee.invoice.lines.order_by("position")[0]
    share = amount / fee.invoice.total_incl_vat
    part = None if amount == fee.invoice.total_incl_vat else (line.quantity * share).quantize(Decimal("0.000001"))
    credit_notes.give(invoice=fee.invoice, lines={line.pk: part}, by=by, again=False, reason=reason)
