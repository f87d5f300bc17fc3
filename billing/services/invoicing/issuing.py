"""Writing a numbered document: number, sums and lines in one transaction. Used by `invoices` and `credit_notes`."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import access
from accounts.models import ApiKey, Driver, Operator, User
from billing import pricing, signals
from billing.documents import numbering
from billing.documents.positions import Position
from billing.models import Invoice, InvoiceLine
from billing.tariffs import exact, rounding, trace

Actor = User | ApiKey | None
"""None: the system itself (the nightly run)."""


MOST_LINES = 5000
"""Of a document: its e-invoice has at most 5 MB, about 800 bytes a line."""


def today_at(operator: Operator) -> date:
    return timezone.now().astimezone(pricing.zone(operator.time_zone)).date()


def demand(by: Actor, operator: Operator, driver: Driver | None = None) -> None:
    """The driver asks for an own document, the system or somebody with the right for anybody's. Raises Forbidden."""
    if by is None or (driver is not None and isinstance(by, User) and by.pk == driver.user_id):
        return
    access.demand(by, "invoice.issue", operator)


def sums(positions: Sequence[Position], *, gross: bool, currency: str) -> tuple[rounding.VatRow, ...]:
    return rounding.vat_rows(((entry.rate, entry.amount) for entry in positions), gross=gross, currency=currency)


def vat_rows(document: Invoice) -> list[rounding.VatRow]:
    given = json.loads(document.vat_summary)
    return [
        rounding.VatRow(
            None if row["rate"] is None else exact.number_of(row["rate"]), Decimal(row["taxable"]), Decimal(row["vat"])
        )
        for row in given
    ]


def write(
    numbered: numbering.Numbered, positions: Sequence[Position], rows: Sequence[rounding.VatRow], **facts: Any
) -> Invoice:
    """The document and its lines, announced on commit. `facts`: the other columns of Invoice."""
    excl, vat = sum((row.taxable for row in rows), Decimal(0)), sum((row.vat for row in rows), Decimal(0))
    document = Invoice.objects.create(
        series=numbered.series,
        year=numbered.year,
        sequence=numbered.sequence,
        number=numbered.number,
        issued_on=numbered.on,
        vat_summary=json.dumps([trace.vat_json(row) for row in rows]),
        total_excl_vat=excl,
        total_vat=vat,
        total_incl_vat=excl + vat,
        **facts,
    )
    InvoiceLine.objects.bulk_create(_line(document, place, entry) for place, entry in enumerate(positions, start=1))
    transaction.on_commit(partial(signals.invoice_issued.send_robust, sender=Invoice, ids=[document.pk]), robust=True)
    return document


def _line(document: Invoice, place: int, entry: Position) -> InvoiceLine:
    return InvoiceLine(
        invoice=document,
        position=place,
        cdr=entry.cdr,
        text=entry.text,
        quantity=entry.quantity,
        unit=entry.unit,
        unit_price=entry.unit_price,
        amount=entry.amount,
        vat_rate=None if entry.rate is None else exact.rounded(entry.rate, 2),
        natura=entry.natura,
        since=entry.since,
        until=entry.until,
        credits=entry.credits,
    )
