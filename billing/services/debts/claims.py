"""How much is still owed of the one thing that a case is about: a fee, a charge, an invoice; or what a wallet lacks."""

from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from billing.documents import fiscal_notes, paid, parties
from billing.models import CDR, DunningCase, Invoice, Payment, Wallet, WalletEntry
from billing.services.debts import settling
from billing.services.prepaid import top_ups
from billing.services.recurring import fees

NOTHING = Decimal(0)


def owed(case: DunningCase) -> Decimal:
    """Nothing where it is paid, or nobody owes it any more: a charge that was credited, an invoice that was taken back."""
    if case.fee:
        return NOTHING if case.fee.paid_at else fees.due(case.fee)
    if case.cdr:
        return of_charge(case.cdr)
    if case.invoice:
        return of_invoice(case.invoice)
    assert case.wallet is not None
    return of_wallet(case.wallet)


def of_charge(cdr: CDR) -> Decimal:
    return settling.open_amount(cdr) if CDR.objects.billable().filter(pk=cdr.pk).exists() else NOTHING


def of_invoice(invoice: Invoice) -> Decimal:
    """Less its credit notes and whatever came in for it or its charges; negative where too much did. A public body owes no VAT (split
    payment)."""
    documents = [invoice, *invoice.credit_notes.all()]
    due = sum((fiscal_notes.due(one, parties.loads(one.buyer)) for one in documents), NOTHING)
    return due - paid.total(paid.of_invoice(invoice))


def of_wallet(wallet: Wallet) -> Decimal:
    """What its driver wants to be added, while there is less in it than that driver wants."""
    if wallet.automatic_below is None or wallet.automatic_amount is None:
        return NOTHING
    left = WalletEntry.objects.filter(wallet=wallet).aggregate(total=Sum("amount"))["total"] or NOTHING
    return wallet.automatic_amount if left < wallet.automatic_below else NOTHING


def payments(case: DunningCase) -> QuerySet[Payment]:
    """What was asked for it, the newest last."""
    if case.fee:
        return fees.attempts(case.fee)
    if case.wallet:
        return Payment.objects.filter(idempotency_key__startswith=top_ups.automatic_key(case.wallet)).order_by("pk")
    about = Q(cdr=case.cdr) if case.cdr else Q(invoice=case.invoice)
    return Payment.objects.filter(about).order_by("pk")


def paid_by(case: DunningCase) -> Payment | None:
    if case.fee:
        return case.fee.payment
    return payments(case).filter(status=Payment.Status.CAPTURED).last()
