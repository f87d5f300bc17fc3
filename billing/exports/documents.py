"""Documents as a list: one line per document and VAT rate, so that a column can be summed by rate."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.models import EInvoice, Invoice
from billing.selectors import invoices as selectors
from billing.selectors import months
from billing.tariffs import exact
from cms.core.csv_dialect import Cell

from . import asking, charges, paging
from .kinds import Ask, Column, Format, Kind, Params

COLUMNS = (
    Column("number", _("Number"), width=14),
    Column("issued_on", _("Date"), Format.DAY),
    Column("document", _("Document"), width=15),
    Column("credits", _("Credits"), width=14),
    Column("customer", _("Customer"), width=28),
    Column("vat_number", _("VAT number"), width=16),
    Column("fiscal_code", _("Fiscal code"), width=18),
    Column("currency", _("Currency"), width=9),
    Column("vat_rate", _("VAT rate, %"), Format.MONEY),
    Column("taxable", _("Taxable"), Format.MONEY, summed=True),
    Column("vat", _("VAT"), Format.MONEY, summed=True),
    Column("total", _("Total"), Format.MONEY, summed=True),
    Column("payment", _("Payment"), width=12),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """The filters of the list of documents; a month instead of days."""
    kind = asking.choice(given, "kind", list(Invoice.Kind.values))
    when: Params = {}
    if given.get("month"):
        when = asking.month(operator, given)
    else:
        when = {name: f"{on}" for name in ("since", "until") if (on := asking.day(given, name))}
    sdi = asking.choice(given, "sdi", [*EInvoice.State.values, selectors.NONE])
    return {**when, **kind, **sdi, **asking.text(given, "search")}


def found(ask: Ask) -> QuerySet[Invoice]:
    params = ask.params
    listed: QuerySet[Invoice] = Invoice.objects.filter(operator=ask.operator)
    if "month" in params:
        month = asking.month_of(params)
        listed = listed.filter(issued_on__gte=month, issued_on__lt=months.after(month))
    if "since" in params:
        listed = listed.filter(issued_on__gte=date.fromisoformat(params["since"]))
    if "until" in params:
        listed = listed.filter(issued_on__lte=date.fromisoformat(params["until"]))
    if "kind" in params:
        listed = listed.filter(kind=params["kind"])
    if "sdi" in params:
        listed = selectors.by_sdi(listed, params["sdi"])
    if text := params.get("search"):
        listed = listed.filter(Q(number__icontains=text) | Q(buyer__icontains=text))
    return listed


def rows(ask: Ask) -> Iterator[list[Cell]]:
    listed = selectors.with_state(found(ask).select_related("credits"))
    for document in paging.by_key(listed):
        yield from _rows(document, ask.language)


def _rows(document: Invoice, language: str) -> Iterator[list[Cell]]:
    buyer = json.loads(document.buyer)
    for row in json.loads(document.vat_summary):
        taxable, vat = Decimal(row["taxable"]), Decimal(row["vat"])
        yield [
            charges.number(document, language),
            document.issued_on,
            document.get_kind_display(),
            charges.number(document.credits, language) if document.credits else "",
            buyer.get("legal_name", ""),
            with_country(buyer),
            fiscal_code(buyer),
            document.currency,
            None if row["rate"] is None else exact.rounded(exact.number_of(row["rate"]), 2),
            taxable,
            vat,
            taxable + vat,
            str(_STATES[selectors.payment_state(document)]()),
        ]


_STATES: dict[str, Any] = {
    "paid": lambda: pgettext("invoice", "paid"),
    "open": lambda: gettext("open"),
    "credited": lambda: gettext("credited"),
    "credit": lambda: "",
}


def fiscal_code(buyer: dict[str, Any]) -> str:
    """A company's is its VAT number once more, without the letters that keep its zeros: said once."""
    code: str = buyer.get("fiscal_code", "")
    return "" if code and code == buyer.get("vat_number", "").removeprefix("IT") else code


def with_country(buyer: dict[str, Any]) -> str:
    number = buyer.get("vat_number", "")
    return number if not number or number[:2].isalpha() else f"{buyer.get('country_code', 'IT')}{number}"


KIND = Kind(
    name="invoices",
    title=_("Invoices and credit notes"),
    permission="invoice.view",
    clean=clean,
    stem=lambda ask: asking.stem("invoices", ask),
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: found(ask).count(),
    says=asking.says,
)
