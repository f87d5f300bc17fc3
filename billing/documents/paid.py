"""How a charge or a document was paid, line by line: by card (of what was held the rest is free again), from the wallet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.models import CDR, Invoice, Payment
from billing.payments.gateway import WALLET
from billing.tariffs import figures

from . import words


@dataclass(frozen=True, slots=True)
class Came:
    """`held` is what the card was asked for, where that was more; `back` what was refunded of `amount`."""

    means: str
    amount: Decimal
    held: Decimal
    back: Decimal


def of_charge(cdr: CDR) -> list[Came]:
    return [_came(payment) for payment in cdr.payments.filter(captured__gt=0).order_by("pk")]


def of_invoice(document: Invoice) -> list[Came]:
    """Of all its charges and of itself, one line per means: a month of card payments is one."""
    own = Payment.objects.filter(invoice=document, captured__gt=0)
    of_charges = Payment.objects.filter(cdr__invoiced__invoice=document, captured__gt=0)
    return _by_means(_came(payment) for payments in (own, of_charges) for payment in payments.order_by("pk"))


def total(came: Iterable[Came]) -> Decimal:
    return sum((part.amount - part.back for part in came), Decimal(0))


def lines(came: Sequence[Came], currency: str, language: str) -> list[list[str]]:
    """Label and amount; refunds and what a hold let go stand beside."""
    said = words.of(language)
    found = []
    for part in came:
        label = said[part.means]
        if part.held > part.amount:
            label = f"{label} · {said['released'].format(amount=figures.money(part.held - part.amount, currency, language))}"
        found.append([label, figures.money(part.amount, currency, language)])
        if part.back:
            found.append([said["given_back"], figures.money(-part.back, currency, language)])
    return found


def _came(payment: Payment) -> Came:
    means = "by_wallet" if payment.gateway == WALLET else "by_card"
    held = payment.amount if payment.later else payment.captured
    return Came(means, payment.captured, held, payment.refunded)


def _by_means(parts: Iterable[Came]) -> list[Came]:
    sums: dict[str, Came] = {}
    for part in parts:
        known = sums.get(part.means, Came(part.means, Decimal(0), Decimal(0), Decimal(0)))
        amount = known.amount + part.amount
        sums[part.means] = Came(part.means, amount, amount, known.back + part.back)
    return list(sums.values())
