"""Climbing the ladder: what was refused is tried again, or its debtor reminded, one rung after the other; who has not paid within the
grace is stopped (docs/decisions/0030). Outside a transaction: providers are asked. Killed at any line, the next run does the same
attempt, not another."""

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, User
from billing import pricing
from billing.models import CDR, DunningCase, Invoice, Payment, PaymentMethod
from billing.models.payment import kept_for
from billing.payments import declines
from billing.selectors import invoices
from billing.services.cards import methods, payments
from billing.services.debts import claims, dunning, settling
from billing.services.prepaid import top_ups
from billing.services.recurring import collecting
from cms.core.errors import Conflict

Status, Purpose = DunningCase.Status, Payment.Purpose

REMINDED_WITHIN = timedelta(days=60)  # of an invoice's due day; what is older was settled by people long ago
OVERDUE = "overdue"  # why the case of an invoice is opened: nobody refused anything


# ---- the ladder -------------------------------------------------------------------------------------------------------


def advance(*, case_id: int) -> None:
    """Whatever is due in a case. Raises Unavailable: the provider is away, and the rung is tried again later."""
    case = dunning.read(case_id)
    if case.closed_at or dunning.look(case=case) or case.status == Status.PAUSED:
        return
    now = timezone.now()
    if case.stopped_at is None and case.grace_until <= now:
        dunning.stop(case=case)
    if case.status == Status.OPEN and case.next_at and case.next_at <= now:
        retry(case=case, name=f"auto-{case.opened_at:%Y%m%d}-{case.step + 1}")


def retry(*, case: DunningCase, name: str) -> DunningCase:
    """One rung, with a key of its own; what came of it is a step of the case. Killed after asking, it does not ask twice. A card
    whose bank wants the driver to do something is not asked again: its driver is reminded."""
    last = claims.payments(case).last()
    if last is not None and case.next_at is not None and last.created_at >= case.next_at:
        payment, text = last, _why(last)
    elif reason := _hopeless(case, last):
        payment, text = None, reason
    else:
        payment, text = _tried(case, name)
    if not dunning.look(case=case, payment=payment):
        dunning.tried(case=case, payment=payment, text=text)
    return dunning.read(case.pk)


def once_more(*, case: DunningCase, name: str, by: User | ApiKey) -> DunningCase:
    """A person's try, by the saved card; what came of it is a step of the case, and no rung of the ladder. Raises Forbidden,
    Conflict(case_closed), Unavailable."""
    access.demand(by, "dunning.edit", case)
    if case.closed_at:
        raise Conflict(_("This case is closed."), code="case_closed", case=case.pk)
    payment, text = _tried(case, name)
    if not dunning.look(case=case, payment=payment):
        dunning.note(dunning.read(case.pk), "by_hand", payment=payment, text=text, by=by)
    return dunning.read(case.pk)


def with_new_card(*, method_id: int) -> None:
    """A payer who saves a card wants the debts paid: each is tried once with it, without a rung of the ladder. Raises Unavailable."""
    card = PaymentMethod.objects.usable().filter(pk=method_id).first()
    if card is None:
        return
    payer = {"driver": card.driver_id} if card.driver_id else {"company": card.company_id}
    owed = DunningCase.objects.filter(**payer, closed_at=None).exclude(
        cdr__isnull=False
    )  # charges: `tasks.collect_owed`
    if not card.is_default:
        owed = owed.filter(wallet=None)  # filled from the default card
    for pk in owed.order_by("pk").values_list("pk", flat=True):
        case = dunning.read(pk)
        _TRY[_kind(case)](case, f"card-{card.pk}", card)
        dunning.look(case=case)


# ---- what opens a case, and what closes it --------------------------------------------------------------------------------


def watch(payment_ids: list[int]) -> None:
    """What became of payments: a fee goes its way; a charge, an invoice or an automatic top-up that was refused opens a case; money
    that came closes it."""
    rows = Payment.objects.filter(pk__in=payment_ids).select_related("cdr", "invoice", "driver")
    for payment in rows.order_by("pk"):
        if payment.purpose == Purpose.SUBSCRIPTION:
            _follow(payment)
        elif payment.status == Payment.Status.FAILED:
            _refused(payment)
        else:
            _moved(payment)


def unwatched(limit: int = 500) -> list[int]:
    """Refused payments of charges and invoices that are still owed and have no case. (Fees: `collecting`; wallets: their upkeep.)"""
    failed = Payment.objects.filter(status=Payment.Status.FAILED).exclude(error_code=declines.TOO_SMALL)
    uncased = failed.filter(purpose=Purpose.CHARGE, cdr__isnull=False, cdr__dunning=None)
    owed = uncased.annotate(came=kept_for("cdr", gross=True)).filter(came__lt=F("cdr__total_incl_vat"))
    of_charges = owed.filter(Exists(CDR.objects.billable().filter(pk=OuterRef("cdr"))))
    of_invoices = failed.filter(purpose=Purpose.INVOICE, invoice__isnull=False, invoice__dunning=None)
    return sorted({*of_charges.values_list("pk", flat=True)[:limit], *of_invoices.values_list("pk", flat=True)[:limit]})


def overdue(limit: int = 500) -> list[int]:
    """Invoices of companies that nobody has paid by the day they are due: where there is no case, or where money went back."""
    now = timezone.now()
    late = Invoice.objects.filter(
        kind=Invoice.Kind.INVOICE,
        company__isnull=False,
        total_incl_vat__gt=0,
        due_on__lte=now.date(),
        due_on__gte=(now - REMINDED_WITHIN).date(),
    )
    known = DunningCase.objects.filter(invoice=OuterRef("pk")).exclude(status=Status.RECOVERED)
    unpaid = invoices.with_state(late.filter(~Exists(known))).filter(Q(is_unpaid=True), Q(is_credited=False))
    return list(unpaid.order_by("pk").values_list("pk", flat=True)[:limit])


def remind(*, invoice_id: int) -> None:
    """Opens the case of an invoice that is overdue on the operator's calendar."""
    invoice = Invoice.objects.select_related("operator", "driver", "company").get(pk=invoice_id)
    today = timezone.now().astimezone(pricing.zone(invoice.operator.time_zone)).date()
    if invoice.due_on is not None and invoice.due_on < today and claims.of_invoice(invoice) > 0:
        dunning.open_case(invoice, text=OVERDUE)


def case_of(payment: Payment) -> DunningCase | None:
    """The open case that a payment was for."""
    fee = collecting.of_payment(payment)
    wallet = top_ups.automatic_of(payment)
    about = {"fee": fee, "cdr": payment.cdr, "invoice": None if fee else payment.invoice, "wallet": wallet}
    named = {name: thing for name, thing in about.items() if thing is not None}
    case = DunningCase.objects.filter(**named, closed_at=None).first() if named else None
    return dunning.read(case.pk) if case else None


def _follow(payment: Payment) -> None:
    fee = collecting.of_payment(payment)
    if fee is not None:
        collecting.follow(fee_id=fee.pk)


def _refused(payment: Payment) -> None:
    """Nobody is chased for cents that no card can pay: they stay open, and the next top-up pays them."""
    text = dunning.why(payment)
    if text == declines.TOO_SMALL:
        return
    if payment.cdr and payment.purpose == Purpose.CHARGE and claims.of_charge(payment.cdr) > 0:
        dunning.open_case(payment.cdr, payment=payment, text=text)
    elif payment.invoice and payment.purpose == Purpose.INVOICE and claims.of_invoice(payment.invoice) > 0:
        dunning.open_case(payment.invoice, payment=payment, text=text)
    elif (
        payment.purpose == Purpose.TOP_UP and (wallet := top_ups.automatic_of(payment)) and claims.of_wallet(wallet) > 0
    ):
        dunning.open_case(wallet, payment=payment, text=text)


def _moved(payment: Payment) -> None:
    about = Q(cdr=payment.cdr) if payment.cdr else Q(invoice=payment.invoice)
    if payment.purpose == Purpose.TOP_UP:
        about = Q(wallet__driver=payment.driver_id)
    elif payment.cdr is None and payment.invoice is None:
        return
    came = payment if payment.status == Payment.Status.CAPTURED else None
    for case in DunningCase.objects.filter(about, closed_at=None):
        dunning.look(case=case, payment=came)


# ---- by what is owed ---------------------------------------------------------------------------------------------------


def _tried(case: DunningCase, name: str) -> tuple[Payment | None, str]:
    """The attempt, and why it was refused. None: nobody could be asked."""
    card = methods.default_of(payer) if (payer := case.driver or case.company) else None
    payment = _TRY[_kind(case)](case, name, card)
    if card is None:
        return None, OVERDUE if case.invoice_id else "no_method"
    return payment, _why(payment)


def _why(payment: Payment | None) -> str:
    return dunning.why(payment) if payment and payment.status == Payment.Status.FAILED else ""


def _hopeless(case: DunningCase, last: Payment | None) -> str:
    """Why the same card is not asked once more; "" where waiting may have helped."""
    payer = case.driver or case.company
    card = methods.default_of(payer) if payer else None
    if card is None or last is None or last.status != Payment.Status.FAILED or last.method_id != card.pk:
        return ""
    return "" if declines.of(last.error_code).again else last.error_code


def _kind(case: DunningCase) -> str:
    return "fee" if case.fee_id else "cdr" if case.cdr_id else "invoice" if case.invoice_id else "wallet"


def _try_fee(case: DunningCase, name: str, card: PaymentMethod | None) -> Payment | None:
    assert case.fee is not None
    return collecting.collect(fee_id=case.fee.pk, name=name, method=card).payment if card else None


def _try_cdr(case: DunningCase, name: str, card: PaymentMethod | None) -> Payment | None:
    """Tried with whatever the driver pays by now, the wallet first; `settling` keeps its own keys, one for each attempt."""
    assert case.cdr is not None
    return settling.settle(cdr_id=case.cdr.pk, again=card is not None)


def _try_invoice(case: DunningCase, name: str, card: PaymentMethod | None) -> Payment | None:
    """Of a company that has saved a card; else it pays by bank transfer, and is reminded."""
    if case.invoice is None or card is None:
        return None
    return payments.charge(
        operator=case.operator,
        amount=claims.of_invoice(case.invoice),
        currency=case.currency,
        key=f"invoice-{case.invoice.pk}-{case.pk}-{name}",
        purpose=Purpose.INVOICE,
        method=card,
        driver=case.driver,
        company=case.company,
        invoice=case.invoice,
    )


def _try_wallet(case: DunningCase, name: str, card: PaymentMethod | None) -> Payment | None:
    assert case.wallet is not None
    return top_ups.automatic(wallet=case.wallet, again=name) if card else None


_TRY: dict[str, Callable[[DunningCase, str, PaymentMethod | None], Payment | None]] = {
    "fee": _try_fee,
    "cdr": _try_cdr,
    "invoice": _try_invoice,
    "wallet": _try_wallet,
}
