"""Climbing the ladder of `dunning`: tries again what was refused, one rung after the other, and stops who has not paid within the
grace. Outside a transaction: providers are asked. Killed at any line, the next run does the same attempt, not another."""

from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, User
from billing.models import CDR, DunningCase, Payment, PaymentMethod
from billing.services.cards import methods, payments
from billing.services.debts import dunning, settling
from billing.services.recurring import collecting
from cms.core.errors import Conflict

Status = DunningCase.Status


def advance(*, case_id: int) -> None:
    """Whatever is due in a case. Raises Unavailable: the provider is away, and the rung is tried again later."""
    case = dunning.read(case_id)
    if _is_paid(case):
        dunning.recover(fee=case.fee, cdr=case.cdr, invoice=case.invoice, payment=_paid_by(case))
        return
    now = timezone.now()
    if case.closed_at or case.status == Status.PAUSED:
        return
    if case.stopped_at is None and case.grace_until <= now:
        dunning.stop(case=case)
    if case.status == Status.OPEN and case.next_at and case.next_at <= now:
        retry(case=case, name=f"auto-{case.opened_at:%Y%m%d}-{case.step + 1}")


def once_more(*, case: DunningCase, name: str, by: User | ApiKey) -> DunningCase:
    """A person's try, by the saved card; what came of it is a step of the case, and no rung of the ladder. Raises Forbidden,
    Conflict(case_closed), Unavailable."""
    access.demand(by, "dunning.edit", case)
    if case.closed_at:
        raise Conflict(_("This case is closed."), code="case_closed", case=case.pk)
    payment, text = _tried(case, name)
    fresh = dunning.read(case.pk)
    if _is_paid(fresh):
        dunning.recover(fee=fresh.fee, cdr=fresh.cdr, invoice=fresh.invoice, payment=payment)
    else:
        dunning.note(fresh, "by_hand", payment=payment, text=text, by=by)
    return dunning.read(case.pk)


def retry(*, case: DunningCase, name: str) -> DunningCase:
    """One attempt of the ladder, with a key of its own; what came of it is a step of the case."""
    payment, text = _tried(case, name)
    fresh = dunning.read(case.pk)
    if _is_paid(fresh):
        dunning.recover(fee=fresh.fee, cdr=fresh.cdr, invoice=fresh.invoice, payment=payment)
    else:
        dunning.tried(case=case, payment=payment, text=text)
    return dunning.read(case.pk)


def with_new_card(*, method_id: int) -> None:
    """A payer who saves a card wants the debts paid: each is tried once with it, without a rung of the ladder. Raises Unavailable."""
    card = PaymentMethod.objects.usable().filter(pk=method_id).first()
    if card is None:
        return
    payer = {"driver": card.driver_id} if card.driver_id else {"company": card.company_id}
    owed = DunningCase.objects.filter(**payer, closed_at=None).exclude(fee=None, invoice=None)
    for pk in owed.order_by("pk").values_list("pk", flat=True):
        case = dunning.read(pk)
        if case.fee:
            collecting.collect(fee_id=case.fee.pk, name=f"card-{card.pk}", method=card)
        else:
            _try_invoice(case, f"card-{card.pk}")
        advance(case_id=pk)


def watch(payment_ids: list[int]) -> None:
    """What became of payments: a fee goes its way, a charge or an invoice that was refused opens a case, one that is paid closes
    it."""
    rows = Payment.objects.filter(pk__in=payment_ids).select_related("cdr", "invoice")
    for payment in rows.order_by("pk"):
        if payment.purpose == Payment.Purpose.SUBSCRIPTION:
            _follow(payment)
        elif payment.status == Payment.Status.FAILED:
            _refused(payment)
        elif payment.status == Payment.Status.CAPTURED and (payment.cdr or payment.invoice):
            _recovered(payment)


def unwatched(limit: int = 500) -> list[int]:
    """Refused payments of charges and invoices that are still owed and have no case."""
    failed = Payment.objects.filter(status=Payment.Status.FAILED)
    of_charges = failed.filter(
        purpose=Payment.Purpose.CHARGE,
        cdr__in=CDR.objects.billable(),
        cdr__dunning=None,
    )
    of_invoices = failed.filter(purpose=Payment.Purpose.INVOICE, invoice__isnull=False, invoice__dunning=None)
    return sorted({*of_charges.values_list("pk", flat=True)[:limit], *of_invoices.values_list("pk", flat=True)[:limit]})


def _tried(case: DunningCase, name: str) -> tuple[Payment | None, str]:
    """The attempt, and why it was refused."""
    try:
        payment = _TRY[_kind(case)](case, name)
    except Conflict as nobody:
        return None, nobody.code
    return payment, dunning.why(payment) if payment else ""


# ---- by what is owed ---------------------------------------------------------------------------------------------------


def _kind(case: DunningCase) -> str:
    return "fee" if case.fee_id else "cdr" if case.cdr_id else "invoice"


def _try_fee(case: DunningCase, name: str) -> Payment | None:
    assert case.fee is not None
    return collecting.collect(fee_id=case.fee.pk, name=name).payment


def _try_cdr(case: DunningCase, name: str) -> Payment | None:
    """Tried with whatever the driver pays by now; `settling` keeps its own keys, one for each attempt."""
    assert case.cdr is not None
    if case.driver and methods.default_of(case.driver) is None:
        raise Conflict(_("There is no card that could pay."), code="no_method")
    Payment.objects.filter(cdr=case.cdr, next_try_at__isnull=False).update(next_try_at=None)
    return settling.settle(cdr_id=case.cdr.pk, again=True)


def _try_invoice(case: DunningCase, name: str) -> Payment | None:
    assert case.invoice is not None
    payer = case.company or case.driver
    card = methods.default_of(payer) if payer else None
    if card is None:
        raise Conflict(_("There is no card that could pay."), code="no_method")
    return payments.charge(
        operator=case.operator,
        amount=case.amount,
        currency=case.currency,
        key=f"invoice-{case.invoice.pk}-{case.pk}-{name}",
        purpose=Payment.Purpose.INVOICE,
        method=card,
        driver=case.driver,
        company=case.company,
        invoice=case.invoice,
    )


_TRY: dict[str, Callable[[DunningCase, str], Payment | None]] = {
    "fee": _try_fee,
    "cdr": _try_cdr,
    "invoice": _try_invoice,
}


def _is_paid(case: DunningCase) -> bool:
    """Or nobody owes it any more: a charge that was credited, an invoice that was taken back."""
    if case.fee:
        return case.fee.paid_at is not None
    if case.cdr:
        return not CDR.objects.billable().filter(pk=case.cdr.pk).exists() or settling.open_amount(case.cdr) <= 0
    return _paid_by(case) is not None or _credited(case)


def _credited(case: DunningCase) -> bool:
    assert case.invoice is not None
    return case.invoice.credit_notes.exists()


def _paid_by(case: DunningCase) -> Payment | None:
    if case.fee:
        return case.fee.payment
    about = {"cdr": case.cdr} if case.cdr else {"invoice": case.invoice}
    return Payment.objects.filter(**about, status=Payment.Status.CAPTURED).order_by("-pk").first()


def _follow(payment: Payment) -> None:
    fee = collecting.of_payment(payment)
    if fee is not None:
        collecting.follow(fee_id=fee.pk)


def _refused(payment: Payment) -> None:
    text = dunning.why(payment)
    if payment.cdr and payment.purpose == Payment.Purpose.CHARGE:
        if CDR.objects.billable().filter(pk=payment.cdr.pk).exists() and settling.open_amount(payment.cdr) > 0:
            dunning.open_case(cdr=payment.cdr, payment=payment, text=text)
    elif payment.invoice and payment.purpose == Payment.Purpose.INVOICE:
        dunning.open_case(invoice=payment.invoice, payment=payment, text=text)


def _recovered(payment: Payment) -> None:
    about = {"cdr": payment.cdr} if payment.cdr else {"invoice": payment.invoice}
    case = DunningCase.objects.filter(**about, closed_at=None).first()
    if case is not None and _is_paid(dunning.read(case.pk)):
        dunning.recover(**about, payment=payment)
