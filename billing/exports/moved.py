"""What the journal says of money: what came in and went back, prepaid balances, disputes, and what the provider pays out.

Everything passes the receivables: a top-up is owed to the wallet, which takes it; a charge that is paid from the wallet is paid by it.
So the account of prepaid balances is at any time the sum of all wallets, and that of the provider what it keeps for us.
"""

from collections.abc import Iterator

from django.db.models import Q, Sum
from django.utils.translation import gettext

from billing.models import CashEntry, Payout, PayoutItem, WalletEntry
from billing.payments import gateway
from billing.selectors import months

from . import paging
from .accounts import Account
from .booking import NOTHING, Booking, Month, Move

_PRESENTS = (WalletEntry.Kind.VOUCHER, WalletEntry.Kind.CORRECTION)
_NEVER_ARRIVED = ("failed", "canceled")


def payments(month: Month) -> Iterator[Booking]:
    booked = _booked(month, happened="at", written="booked_at")
    found = CashEntry.objects.filter(booked, operator=month.operator)
    for entry in paging.in_order(found.select_related("payment").order_by("at", "pk")):
        amount = entry.amount if entry.kind == CashEntry.Kind.CAME else -entry.amount
        payment = entry.payment
        text = f"{entry.get_kind_display().capitalize()}: {payment.get_purpose_display()}"
        account = Account.BANK if payment.gateway == gateway.BANK else Account.CLEARING
        moves = (Move(account, amount), Move(Account.CUSTOMERS, -amount))
        yield Booking(month.day(entry.at), f"P {payment.pk}", text, payment.currency, moves)


def wallets(month: Month) -> Iterator[Booking]:
    """What a payment brought, what is paid from a balance, given back to it, or given as a present."""
    found = WalletEntry.objects.filter(
        wallet__operator=month.operator, created_at__gte=month.start, created_at__lt=month.end
    )
    for entry in paging.in_order(found.select_related("wallet").order_by("created_at", "pk")):
        other = Account.PROMOTIONS if entry.kind in _PRESENTS else Account.CUSTOMERS
        moves = (Move(other, entry.amount), Move(Account.WALLETS, -entry.amount))
        text = gettext("Prepaid balance: %(what)s") % {"what": entry.get_kind_display()}
        yield Booking(month.day(entry.created_at), f"W {entry.pk}", text, entry.wallet.currency, moves)


def disputes(month: Month) -> Iterator[Booking]:
    """The bank has taken a payment back (or, won, gives it again): the customer owes it again (or has paid it)."""
    booked = _booked(month, happened="booked_at", written="created_at")
    found = PayoutItem.objects.filter(booked, operator=month.operator, kind=PayoutItem.Kind.DISPUTE)
    for item in paging.in_order(found.order_by("booked_at", "pk")):
        said = f"P {item.payment_id}" if item.payment_id else item.gateway_id
        text = gettext("Disputed payment") if item.gross < 0 else gettext("Dispute won")
        moves = (Move(Account.CLEARING, item.gross), Move(Account.CUSTOMERS, -item.gross))
        yield Booking(month.day(item.booked_at), said, text, item.currency, moves)


def payouts(month: Month) -> Iterator[Booking]:
    """What arrives at the bank, and what the provider kept of it. Its fees are movements of their own, or a part of others."""
    paid = Payout.objects.filter(_booked(month, happened="paid_at", written="created_at"))
    mine = paid.filter(items__operator=month.operator).exclude(status__in=_NEVER_ARRIVED)
    is_fee = Q(kind=PayoutItem.Kind.FEE)
    for payout in mine.order_by("paid_at", "pk").distinct():
        sums = payout.items.filter(operator=month.operator).aggregate(
            net=Sum("net"), gross=Sum("gross", filter=~is_fee)
        )
        net, gross = sums["net"], sums["gross"] or NOTHING
        moves = (Move(Account.BANK, net), Move(Account.FEES, gross - net), Move(Account.CLEARING, -gross))
        yield Booking(month.day(payout.paid_at), payout.gateway_id, gettext("Payout"), payout.currency, moves)


def _booked(month: Month, *, happened: str, written: str) -> Q:
    return months.booked(month.operator, month.first, month.locks, happened=happened, written=written)
