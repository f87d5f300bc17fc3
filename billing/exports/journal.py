"""Prima nota of a month: double entry, an entry per document, per day of corrispettivi, and per movement of money. Every entry is
nothing when added up, or the file is not written (`booking`)."""

from collections.abc import Iterator
from itertools import chain

from django.utils.translation import gettext_lazy as _

from billing.models import CashEntry, WalletEntry
from billing.selectors import ledger
from billing.services.month_end import cash
from cms.core.csv_dialect import Cell

from . import accounts, asking, moved, sold
from .booking import Booking, Month
from .kinds import Ask, Column, Format, Kind

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
SOURCES = (
    sold.documents,
    sold.takings,
    moved.payments,
    moved.wallets,
    moved.disputes,
    moved.payouts,
    sold.written_off,
    sold.hosts,
)


def rows(ask: Ask) -> Iterator[list[Cell]]:
    cash.book(operator=ask.operator)
    codes = accounts.chart(ask.operator)
    for number, booking in enumerate(bookings(ask), start=1):
        for move in booking.moves:
            if move.amount:
                entry = codes[move.account]
                debit, credit = (move.amount, None) if move.amount > 0 else (None, -move.amount)
                sides: list[Cell] = [debit, credit]
                named: list[Cell] = [entry.code, str(entry.title), move.rate]
                yield [number, booking.day, booking.document, booking.text, *named, *sides, booking.currency]


def bookings(ask: Ask) -> Iterator[Booking]:
    """Of each source by date and key."""
    month = Month(ask)
    return chain.from_iterable(source(month) for source in SOURCES)


def _count(ask: Ask) -> int:
    """About three lines an entry of what is sold, two of what is moved."""
    month = Month(ask)
    documents = ledger.documents(month.operator, month.first, month.until, month.locks).count()
    taken = ledger.takings(month.operator, month.first, month.until, month.locks).values("day").distinct().count()
    came = CashEntry.objects.filter(operator=month.operator, at__gte=month.start, at__lt=month.end).count()
    prepaid = WalletEntry.objects.filter(
        wallet__operator=month.operator, created_at__gte=month.start, created_at__lt=month.end
    ).count()
    return 3 * (documents + taken) + 2 * (came + prepaid)


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
