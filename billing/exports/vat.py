"""VAT of a month or a quarter: per month, register (invoices, credit notes, corrispettivi), rate and natura; the bollo at the end."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.db.models import Count, Sum
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.models import Invoice, InvoiceLine
from billing.selectors import ledger, months
from billing.tariffs import exact
from cms.core.csv_dialect import Cell

from . import asking, paging
from .kinds import Ask, Column, Format, Kind
from .sold import takings_by_rate

NOTHING = Decimal(0)
COLUMNS = (
    Column("month", _("Month"), Format.DAY),
    Column("register", _("Register"), width=24),
    Column("vat_rate", _("VAT rate, %"), Format.MONEY),
    Column("natura", _("Natura"), width=9),
    Column("documents", _("Documents"), Format.WHOLE),
    Column("currency", _("Currency"), width=9),
    Column("taxable", _("Taxable"), Format.MONEY, summed=True),
    Column("vat", _("VAT"), Format.MONEY, summed=True),
    Column("total", _("Total"), Format.MONEY, summed=True),
    Column("bollo", "Bollo", Format.MONEY, summed=True),
)

Key = tuple[Decimal | None, str, str]  # rate, natura, currency


def rows(ask: Ask) -> Iterator[list[Cell]]:
    locks = months.Locks.of(ask.operator)
    first = asking.month_of(ask.params)
    for month in (months.after(first, n) for n in range(int(ask.params.get("months", "1")))):
        for kind, word in (
            (Invoice.Kind.INVOICE, gettext("Invoices")),
            (Invoice.Kind.CREDIT_NOTE, gettext("Credit notes")),
        ):
            yield from _lines(month, word, _documents(ask.operator, month, locks, kind))
        yield from _lines(month, "Corrispettivi", _takings(ask.operator, month, locks))
        yield from _stamps(ask.operator, month, locks)


class _Sums:
    def __init__(self) -> None:
        self.documents, self.taxable, self.vat = 0, NOTHING, NOTHING

    def add(self, taxable: Decimal, vat: Decimal, documents: int = 1) -> None:
        self.documents += documents
        self.taxable += taxable
        self.vat += vat


def _lines(month: date, register: str, found: dict[Key, _Sums]) -> Iterator[list[Cell]]:
    ordered = sorted(found.items(), key=lambda item: (item[0][2], item[0][0] is None, -(item[0][0] or 0), item[0][1]))
    for (rate, natura, currency), sums in ordered:
        total = sums.taxable + sums.vat
        yield [month, register, rate, natura, sums.documents, currency, sums.taxable, sums.vat, total, None]


def _documents(operator: Operator, month: date, locks: months.Locks, kind: str) -> dict[Key, _Sums]:
    found = ledger.documents(operator, month, months.after(month), locks).filter(kind=kind)
    sums: dict[Key, _Sums] = defaultdict(_Sums)
    for document in paging.by_key(found):
        currency = document.currency
        for row in json.loads(document.vat_summary):
            if row["rate"] is not None and exact.number_of(row["rate"]):
                rate = exact.rounded(exact.number_of(row["rate"]), 2)
                sums[rate, "", currency].add(Decimal(row["taxable"]), Decimal(row["vat"]))
    for currency, natura, bare, amount, documents in _without_vat(found):
        sums[bare, natura, currency].add(amount, NOTHING, documents)
    return sums


def _without_vat(found: object) -> Iterator[tuple[str, str, Decimal | None, Decimal, int]]:
    """What bears no VAT, by the reason that its lines give."""
    lines = InvoiceLine.objects.filter(invoice__in=found.values("pk"))  # type: ignore[attr-defined]
    bare = lines.filter(vat_rate=None) | lines.filter(vat_rate=0)
    grouped = bare.order_by().values_list("invoice__currency", "natura", "vat_rate")
    yield from grouped.annotate(Sum("amount"), Count("invoice", distinct=True)).order_by(
        "invoice__currency", "natura", "vat_rate"
    )


def _takings(operator: Operator, month: date, locks: months.Locks) -> dict[Key, _Sums]:
    found = ledger.takings(operator, month, months.after(month), locks)
    sums: dict[Key, _Sums] = defaultdict(_Sums)
    for currency in found.order_by("currency").values_list("currency", flat=True).distinct():
        entries = found.filter(currency=currency)
        standing = entries.filter(reverses=None, reversed_by=None).count()
        by_rate = takings_by_rate(paging.by_key(entries.select_related("cdr")))
        for rate, (taxable, vat) in by_rate.items():
            sums[rate, "", currency].add(taxable, vat, standing)
    return sums


def _stamps(operator: Operator, month: date, locks: months.Locks) -> Iterator[list[Cell]]:
    """The bollo virtuale that the seller owes for the documents of the month."""
    found = ledger.documents(operator, month, months.after(month), locks).filter(stamp_duty__gt=0)
    sums = found.aggregate(n=Count("pk"), total=Sum("stamp_duty"))
    if sums["n"]:
        word = "Bollo virtuale"
        yield [month, word, None, "", sums["n"], operator.currency, None, None, None, sums["total"]]


KIND = Kind(
    name="vat",
    title=_("VAT report"),
    permission="invoice.view",
    clean=asking.months_until,
    stem=lambda ask: asking.stem("vat", ask),
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: 10 * int(ask.params.get("months", "1")),
    says=asking.says,
)
