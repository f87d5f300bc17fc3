"""What the journal says of sales: an entry per document and per day of corrispettivi, bolli, and what is written off.

Receivables are one account: a charge that is taken out of the corrispettivi because it is invoiced after all leaves it and comes
back.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

import orjson
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext

from billing.documents import positions
from billing.models import CDR, CashEntry, DunningCase, HostStatement, Invoice, InvoiceLine, TakingsEntry, WalletEntry
from billing.selectors import ledger
from billing.tariffs import exact

from . import charges, paging
from .accounts import Account
from .booking import NOTHING, Booking, Month, Move, Rates, add, rates_of


def documents(month: Month) -> Iterator[Booking]:
    found = ledger.documents(month.operator, month.first, month.until, month.locks)
    recharged = _recharged(found)
    for document in paging.in_order(found.order_by("issued_on", "pk")):
        said = charges.number(document, month.ask.language)
        buyer = json.loads(document.buyer).get("legal_name", "")
        kind = gettext("Credit note") if document.kind == Invoice.Kind.CREDIT_NOTE else gettext("Invoice")
        moves = sold(rates_of(document), recharged.get(document.pk, NOTHING))
        if duty := document.stamp_duty:
            moves += (Move(Account.STAMPS, duty), Move(Account.STAMPS_DUE, -duty))
        yield Booking(max(document.issued_on, month.first), said, f"{kind}, {buyer}", document.currency, moves)


def _recharged(found: QuerySet[Invoice]) -> dict[int, Decimal]:
    """The bollo that customers pay, by document: no revenue, but less of a cost."""
    lines = InvoiceLine.objects.filter(invoice__in=found.order_by().values("pk"), natura=positions.OUT_OF_BASE)
    return dict(lines.order_by().values_list("invoice").annotate(Sum("amount")))


def sold(rates: Rates, recharged: Decimal = NOTHING) -> tuple[Move, ...]:
    """`recharged`: how much of what bears no VAT is bollo."""
    moves = []
    for rate, (taxable, vat) in sorted(rates.items(), key=lambda item: (item[0] is None, -(item[0] or 0))):
        bollo = recharged if rate is None else NOTHING
        moves += [Move(Account.REVENUE, bollo - taxable, rate), Move(Account.STAMPS, -bollo)]
        moves += [Move(Account.VAT, -vat, rate)]
    return (Move(Account.CUSTOMERS, -sum((move.amount for move in moves), NOTHING)), *moves)


def takings(month: Month) -> Iterator[Booking]:
    """A day at a time; what was recorded after its month was closed, on the first day of this one."""
    found = ledger.takings(month.operator, month.first, month.until, month.locks)
    entries = paging.in_order(found.select_related("cdr").order_by("day", "currency", "number"))
    for (day, currency), of_day in groupby(entries, key=lambda entry: (entry.day, entry.currency)):
        said = gettext("Daily takings of %(day)s") % {"day": f"{day:%d/%m/%Y}"}
        yield Booking(max(day, month.first), f"C {day:%Y-%m-%d}", said, currency, sold(takings_by_rate(of_day)))


def takings_by_rate(entries: Iterable[TakingsEntry]) -> Rates:
    """Taxable and VAT by rate in percent, from what each charge's record says; a reversal takes them out."""
    sums: Rates = defaultdict(lambda: (NOTHING, NOTHING))
    for entry in entries:
        sign = 1 if entry.reverses_id is None else -1
        for row in orjson.loads(entry.cdr.trace)["vat"]:
            add(sums, row, sign)
    return dict(sums)


def written_off(month: Month) -> Iterator[Booking]:
    """Debts that nobody asks for any more: what had not been paid of a charge or an invoice when a person gave it up. A fee of a plan
    that was never paid was never sold."""
    given_up = DunningCase.objects.filter(
        operator=month.operator,
        status=DunningCase.Status.CLOSED,
        fee=None,
        closed_at__gte=month.start,
        closed_at__lt=month.end,
    )
    for case in paging.in_order(given_up.select_related("invoice", "cdr").order_by("closed_at", "pk")):
        assert case.closed_at is not None  # filtered
        if (left := _left(case)) > 0:
            moves = (Move(Account.LOSSES, left), Move(Account.CUSTOMERS, -left))
            said = charges.number(case.invoice, month.ask.language) if case.invoice else f"D {case.pk}"
            yield Booking(month.day(case.closed_at), said, gettext("Written off"), case.currency, moves)


def _left(case: DunningCase) -> Decimal:
    """When it was closed: of the whole, less credit notes, what neither cards nor a prepaid balance had paid."""
    then = {"created_at__lte": case.closed_at}
    about: dict[str, Invoice | CDR] = {}
    if case.invoice:
        about["payment__invoice"] = case.invoice
        whole = case.invoice.total_incl_vat + _sum(case.invoice.credit_notes.filter(**then), "total_incl_vat")
    else:
        assert case.cdr is not None  # one of the three
        about["payment__cdr"] = case.cdr
        whole = case.cdr.total_incl_vat + _sum(WalletEntry.objects.filter(cdr=case.cdr, **then), "amount")
    moved = CashEntry.objects.filter(**about, at__lte=case.closed_at)
    kept = _sum(moved.filter(kind=CashEntry.Kind.CAME), "amount") - _sum(
        moved.filter(kind=CashEntry.Kind.WENT), "amount"
    )
    return exact.cents(exact.number(whole - kept), case.currency)


def _sum(found: QuerySet[Any], name: str) -> Decimal:
    return found.aggregate(sum=Sum(name))["sum"] or NOTHING


def hosts(month: Month) -> Iterator[Booking]:
    """What statements promise to hosts, in the month in which they were written: their own invoices are still to come."""
    written = HostStatement.objects.filter(
        operator=month.operator, created_at__gte=month.start, created_at__lt=month.end
    ).exclude(total=0)
    for row in paging.in_order(written.select_related("share").order_by("created_at", "pk")):
        moves = (Move(Account.HOSTS, row.total), Move(Account.HOSTS_DUE, -row.total))
        text = gettext("Statement for %(host)s, %(month)s") % {
            "host": row.share.host_name,
            "month": f"{row.month:%m/%Y}",
        }
        yield Booking(month.day(row.created_at), row.number, text, row.currency, moves)
