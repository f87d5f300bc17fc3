"""Prima nota of a month: double entry, an entry per document, per day of corrispettivi, and per movement of money.

Receivables are one account: a charge that is taken out of the corrispettivi because it is invoiced after all leaves it and comes
back. Every entry is nothing when added up, or the file is not written.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

import orjson
from django.db.models import Sum
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, Payment, PaymentStep, Payout, TakingsEntry, WalletEntry
from billing.payments import gateway
from billing.selectors import ledger, months
from billing.tariffs import exact
from cms.core.csv_dialect import Cell

from . import accounts, asking, charges, paging
from .accounts import Account
from .kinds import Ask, Column, Format, Kind

NOTHING = Decimal(0)
COLUMNS = (
    Column("entry", _("Entry"), Format.WHOLE, width=8),
    Column("date", _("Date"), Format.DAY),
    Column("document", _("Document"), width=20),
    Column("text", _("Text"), width=40),
    Column("account", _("Account"), width=12),
    Column("account_name", _("Account name"), width=30),
    Column("vat_rate", _("VAT rate, %"), Format.MONEY),
    Column("debit", _("Debit"), Format.MONEY, summed=True),
    Column("credit", _("Credit"), Format.MONEY, summed=True),
    Column("currency", _("Currency"), width=9),
)


class Unbalanced(AssertionError):
    """Debits and credits of an entry differ: a bug, never a file."""


class Move(NamedTuple):
    """A positive amount is a debit, a negative one a credit. `rate` in percent, None where no VAT plays a part."""

    account: Account
    amount: Decimal
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    day: date
    document: str
    text: str
    currency: str
    moves: tuple[Move, ...]

    def __post_init__(self) -> None:
        if sum((move.amount for move in self.moves), NOTHING):
            raise Unbalanced(f"{self.document} {self.text}: {self.moves}")


def rows(ask: Ask) -> Iterator[list[Cell]]:
    chart = accounts.chart(ask.operator)
    for number, booking in enumerate(bookings(ask), start=1):
        for move in booking.moves:
            if move.amount:
                entry = chart[move.account]
                debit, credit = (move.amount, None) if move.amount > 0 else (None, -move.amount)
                sides: list[Cell] = [debit, credit]
                named: list[Cell] = [entry.code, str(entry.title), move.rate]
                yield [number, booking.day, booking.document, booking.text, *named, *sides, booking.currency]


def bookings(ask: Ask) -> Iterator[Booking]:
    """Documents, corrispettivi, payments, prepaid balances, payouts: each by date and key."""
    month = _Month(ask)
    yield from _documents(month)
    yield from _takings(month)
    yield from _payments(month)
    yield from _wallets(month)
    yield from _payouts(month)


class _Month:
    def __init__(self, ask: Ask) -> None:
        self.ask, self.operator, self.first = ask, ask.operator, asking.month_of(ask.params)
        self.until, self.locks = months.after(self.first), months.Locks.of(ask.operator)
        self.start, self.end = months.bounds(ask.operator, self.first)

    def day(self, at: datetime) -> date:
        return at.astimezone(months.zone(self.operator)).date()


# ---- what was sold --------------------------------------------------------------------------------------------------


def _documents(month: _Month) -> Iterator[Booking]:
    found = ledger.documents(month.operator, month.first, month.until, month.locks)
    for document in paging.in_order(found.order_by("issued_on", "pk")):
        said = charges.number(document, month.ask.language)
        buyer = json.loads(document.buyer).get("legal_name", "")
        kind = gettext("Credit note") if document.kind == Invoice.Kind.CREDIT_NOTE else gettext("Invoice")
        day = max(document.issued_on, month.first)
        yield Booking(day, said, f"{kind}, {buyer}", document.currency, _sold(_rates(document)))


def _rates(document: Invoice) -> dict[Decimal | None, tuple[Decimal, Decimal]]:
    found = {}
    for row in json.loads(document.vat_summary):
        rate = None if row["rate"] is None else exact.rounded(exact.number_of(row["rate"]), 2)
        found[rate] = (Decimal(row["taxable"]), Decimal(row["vat"]))
    return found


def _sold(rates: dict[Decimal | None, tuple[Decimal, Decimal]]) -> tuple[Move, ...]:
    moves = []
    for rate, (taxable, vat) in sorted(rates.items(), key=lambda item: (item[0] is None, -(item[0] or 0))):
        moves += [Move(Account.REVENUE, -taxable, rate), Move(Account.VAT, -vat, rate)]
    return (Move(Account.CUSTOMERS, -sum((move.amount for move in moves), NOTHING)), *moves)


def _takings(month: _Month) -> Iterator[Booking]:
    """A day at a time; what was recorded after its month was closed, on the first day of this one."""
    found = ledger.takings(month.operator, month.first, month.until, month.locks)
    entries = paging.in_order(found.select_related("cdr").order_by("day", "currency", "number"))
    for (day, currency), of_day in groupby(entries, key=lambda entry: (entry.day, entry.currency)):
        rates = takings_by_rate(of_day)
        said = gettext("Daily takings of %(day)s") % {"day": f"{day:%d/%m/%Y}"}
        yield Booking(max(day, month.first), f"C {day:%Y-%m-%d}", said, currency, _sold(rates))


def takings_by_rate(entries: Iterable[TakingsEntry]) -> dict[Decimal | None, tuple[Decimal, Decimal]]:
    """Taxable and VAT by rate in percent, from what each charge's record says; a reversal takes them out."""
    sums: dict[Decimal | None, tuple[Decimal, Decimal]] = defaultdict(lambda: (NOTHING, NOTHING))
    for entry in entries:
        sign = 1 if entry.reverses_id is None else -1
        for row in orjson.loads(entry.cdr.trace)["vat"]:
            rate = None if row["rate"] is None else exact.rounded(exact.number_of(row["rate"]), 2)
            taxable, vat = sums[rate]
            sums[rate] = (taxable + sign * Decimal(row["taxable"]), vat + sign * Decimal(row["vat"]))
    return dict(sums)


# ---- money ----------------------------------------------------------------------------------------------------------


def _payments(month: _Month) -> Iterator[Booking]:
    kinds = PaymentStep.Kind
    done = PaymentStep.objects.filter(
        payment__operator=month.operator,
        status=PaymentStep.Status.DONE,
        kind__in=(kinds.CHARGE, kinds.CAPTURE, kinds.REFUND),
        updated_at__gte=month.start,
        updated_at__lt=month.end,
    ).exclude(payment__gateway=gateway.WALLET)
    for step in paging.in_order(done.select_related("payment").order_by("updated_at", "pk")):
        sign = -1 if step.kind == kinds.REFUND else 1
        yield _moved(month, step.payment, step.updated_at, sign * step.amount, step.get_kind_display())
    yield from _without_steps(month)


def _without_steps(month: _Month) -> Iterator[Booking]:
    """Payments that were made before steps were kept: what came in on the day it was asked for, what went back with its last change."""
    old = Payment.objects.filter(operator=month.operator, steps=None, captured__gt=0).exclude(gateway=gateway.WALLET)
    came = old.filter(created_at__gte=month.start, created_at__lt=month.end)
    for payment in paging.in_order(came.order_by("created_at", "pk")):
        yield _moved(month, payment, payment.created_at, payment.captured, PaymentStep.Kind.CHARGE.label)
    went = old.filter(refunded__gt=0, updated_at__gte=month.start, updated_at__lt=month.end)
    for payment in paging.in_order(went.order_by("updated_at", "pk")):
        yield _moved(month, payment, payment.updated_at, -payment.refunded, PaymentStep.Kind.REFUND.label)


def _moved(month: _Month, payment: Payment, at: datetime, amount: Decimal, what: object) -> Booking:
    other = Account.WALLETS if payment.purpose == Payment.Purpose.TOP_UP else Account.CUSTOMERS
    moves = (Move(Account.CLEARING, amount), Move(other, -amount))
    text = f"{str(what).capitalize()}: {payment.get_purpose_display()}"
    return Booking(month.day(at), f"P {payment.pk}", text, payment.currency, moves)


def _wallets(month: _Month) -> Iterator[Booking]:
    """A top-up is a payment; what is paid from a balance, given back to it, or given as a present."""
    moved = WalletEntry.objects.filter(
        wallet__operator=month.operator, created_at__gte=month.start, created_at__lt=month.end
    ).exclude(kind=WalletEntry.Kind.TOP_UP)
    presents = (WalletEntry.Kind.VOUCHER, WalletEntry.Kind.CORRECTION)
    for entry in paging.in_order(moved.select_related("wallet").order_by("created_at", "pk")):
        other = Account.PROMOTIONS if entry.kind in presents else Account.CUSTOMERS
        moves = (Move(other, entry.amount), Move(Account.WALLETS, -entry.amount))
        text = gettext("Prepaid balance: %(what)s") % {"what": entry.get_kind_display()}
        yield Booking(month.day(entry.created_at), f"W {entry.pk}", text, entry.wallet.currency, moves)


def _payouts(month: _Month) -> Iterator[Booking]:
    paid = Payout.objects.filter(paid_at__gte=month.start, paid_at__lt=month.end, items__operator=month.operator)
    mine = paid.order_by("paid_at", "pk").distinct()
    for payout in mine:
        sums = payout.items.filter(operator=month.operator).aggregate(
            net=Sum("net"), fee=Sum("fee"), gross=Sum("gross")
        )
        moves = (
            Move(Account.BANK, sums["net"]),
            Move(Account.FEES, sums["gross"] - sums["net"]),
            Move(Account.CLEARING, -sums["gross"]),
        )
        yield Booking(month.day(payout.paid_at), payout.gateway_id, gettext("Payout"), payout.currency, moves)


def _count(ask: Ask) -> int:
    """About three lines an entry."""
    month = _Month(ask)
    documents = ledger.documents(month.operator, month.first, month.until, month.locks).count()
    taken = ledger.takings(month.operator, month.first, month.until, month.locks).values("day").distinct().count()
    steps = PaymentStep.objects.filter(
        payment__operator=month.operator, updated_at__gte=month.start, updated_at__lt=month.end
    )
    return 3 * (documents + taken) + 2 * steps.count()


KIND = Kind(
    name="journal",
    title=_("Journal (prima nota)"),
    permission="invoice.view",
    clean=asking.month,
    stem=lambda ask: asking.stem("journal", ask),
    columns=COLUMNS,
    rows=rows,
    count=_count,
    says=asking.says,
)
