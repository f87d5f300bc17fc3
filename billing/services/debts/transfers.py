"""Money that reached the operator's bank account by itself: an accountant enters it on the invoice that it pays, in full or in part.
No provider is asked; entered wrongly, the entry is taken back and both stay in the books."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from billing import pricing
from billing.models import Invoice, Payment, PaymentAct, PaymentStep
from billing.payments import gateway, minor_units
from billing.services.cards import acts, payment_steps
from billing.services.debts import claims
from cms.core.errors import Conflict, Invalid

Kind, Status = PaymentStep.Kind, Payment.Status


@transaction.atomic
def receive(*, invoice: Invoice, amount: Decimal, on: date, reference: str, by: User, key: str) -> Payment:
    """`amount` of `invoice` was on the account on that day; `reference` is what the bank calls it. `key` names the form: sent twice
    it is one entry. Raises Forbidden, Invalid by field, Conflict not_owed."""
    access.demand(by, "payment.collect", invoice)
    locked = Invoice.objects.select_for_update(of=("self",), no_key=True).select_related("operator").get(pk=invoice.pk)
    key = f"transfer-{locked.pk}-{key}"
    known = Payment.objects.filter(idempotency_key=key).first()
    if known is not None:
        return known
    came = minor_units.rounded(amount, locked.currency)
    _check(locked, came, on)
    payment = Payment.objects.create(
        operator_id=locked.operator_id,
        driver=locked.driver,
        company=locked.company,
        invoice=locked,
        purpose=Payment.Purpose.INVOICE,
        gateway=gateway.BANK,
        gateway_id=reference.strip()[:100],
        idempotency_key=key,
        amount=came,
        captured=came,
        currency=locked.currency,
        valued_on=on,
        status=Status.CAPTURED,
    )
    PaymentStep.objects.create(payment=payment, kind=Kind.CHARGE, key=key, amount=came, status=PaymentStep.Status.DONE)
    acts.note(payment=payment, verb=PaymentAct.Verb.RECEIVED, amount=came, reason=reference, by=by)
    payment_steps.announce(payment)
    return payment


@transaction.atomic
def undo(*, payment: Payment, reason: str, by: User) -> Payment:
    """The entry was wrong: nothing came, or for another invoice. Raises Forbidden, Invalid reason, Conflict payment_state."""
    access.demand(by, "payment.collect", payment)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why: the reason is kept with the payment.")]})
    row = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    if row.gateway != gateway.BANK or row.status != Status.CAPTURED:
        raise Conflict(_("This payment is past that."), code="payment_state", status=row.status)
    PaymentStep.objects.create(
        payment=row,
        kind=Kind.REFUND,
        key=f"{row.idempotency_key}-undo",
        amount=row.captured,
        status=PaymentStep.Status.DONE,
    )
    acts.note(payment=row, verb=PaymentAct.Verb.UNDONE, amount=row.captured, reason=reason, by=by)
    payment_steps.note(row, Status.CAPTURED, status=Status.REFUNDED, refunded=row.captured)
    row.refresh_from_db()
    return row


def _check(invoice: Invoice, came: Decimal, on: date) -> None:
    owed = claims.of_invoice(invoice)
    if invoice.kind != Invoice.Kind.INVOICE or owed <= 0:
        raise Conflict(_("Nothing is owed on this document."), code="not_owed")
    wrong = {}
    if came <= 0:
        wrong["amount"] = [_("More than nothing.")]
    elif came > owed:
        wrong["amount"] = [_("More than is still owed on this invoice.")]
    today = timezone.now().astimezone(pricing.zone(invoice.operator.time_zone)).date()
    if on > today:
        wrong["on"] = [_("That day is still to come.")]
    elif on < invoice.issued_on:
        wrong["on"] = [_("That is before the invoice.")]
    if wrong:
        raise Invalid(wrong)
