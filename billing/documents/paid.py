"""How a charge or a document was paid: with which card (what it was asked to hold, what of that is free again), from the wallet, by
bank transfer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from billing.models import CDR, Invoice, Payment
from billing.payments.gateway import BANK, WALLET
from billing.tariffs import figures

from . import words


@dataclass(frozen=True, slots=True)
class Came:
    """`held` is what the card was asked for, where that was more; `back` what was refunded of `amount`. `card`: "Visa …4242"
    where one is known; `reference`: the provider's, under which bank and customer find it, of a single payment."""

    means: str
    amount: Decimal
    held: Decimal
    back: Decimal
    card: str = ""
    reference: str = ""


def of_charge(cdr: CDR) -> list[Came]:
    """With holds that were let go whole: they stand on the customer's bank statement for days."""
    moved = Q(captured__gt=0) | Q(later=True, status=Payment.Status.RELEASED)
    return [_came(payment) for payment in cdr.payments.filter(moved).select_related("method").order_by("pk")]


def of_invoice(document: Invoice) -> list[Came]:
    """Of all its charges and of itself, one line per card: a month of card payments is one."""
    own = Payment.objects.filter(invoice=document, captured__gt=0).select_related("method")
    of_charges = Payment.objects.filter(cdr__invoiced__invoice=document, captured__gt=0).select_related("method")
    return _by_card([_came(payment) for payments in (own, of_charges) for payment in payments.order_by("pk")])


def total(came: Iterable[Came]) -> Decimal:
    return sum((part.amount - part.back for part in came), Decimal(0))


def lines(came: Sequence[Came], currency: str, language: str) -> list[list[str]]:
    """Labels and amounts, what a hold let go and what was refunded below; a reference has no amount."""
    said = words.of(language)
    found = []
    for part in came:
        found += [[label, figures.money(amount, currency, language)] for label, amount in _amounts(part, said)]
        if part.reference:
            found.append([said["reference"].format(reference=part.reference), ""])
    return found


def _amounts(part: Came, said: words.Words) -> Iterator[tuple[str, Decimal]]:
    if part.held > part.amount:
        yield said["held_on_card"].format(card=part.card or said["card"]), part.held
    if part.amount:
        yield (said["by_this_card"].format(card=part.card) if part.card else said[part.means]), part.amount
    if part.held > part.amount:
        yield said["released"], part.held - part.amount
    if part.back:
        yield said["given_back"], -part.back


def _came(payment: Payment) -> Came:
    means = {WALLET: "by_wallet", BANK: "by_transfer"}.get(payment.gateway, "by_card")
    return Came(
        means=means,
        amount=payment.captured,
        held=payment.amount if payment.later else payment.captured,
        back=payment.refunded,
        card=payment.card if means == "by_card" else "",
        reference=payment.gateway_id if means != "by_wallet" else "",
    )


def _by_card(parts: Sequence[Came]) -> list[Came]:
    """Holds are the receipts' matter."""
    found: dict[tuple[str, str], list[Came]] = {}
    for part in parts:
        found.setdefault((part.means, part.card), []).append(part)
    return [_together(means, card, alike) for (means, card), alike in found.items()]


def _together(means: str, card: str, alike: Sequence[Came]) -> Came:
    amount, back = (sum((getattr(part, name) for part in alike), Decimal(0)) for name in ("amount", "back"))
    return Came(means, amount, amount, back, card, alike[0].reference if len(alike) == 1 else "")
