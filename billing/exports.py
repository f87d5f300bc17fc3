"""Files for accountants: charges and documents as CSV in the dialect of the reader's spreadsheet. Instants in the operator's zone.

Amounts keep two decimals and their sign (a credit is negative). VAT numbers carry their country and numbers of documents their
“n.”: a spreadsheet would make numbers of the former and months of the latter (1/2026 is January to it). Cards are masked.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from billing.documents import words
from billing.models import CDR, Invoice
from billing.selectors import invoices as selectors
from billing.tariffs import exact
from cms.core import csv_dialect
from cms.core.csv_dialect import Cell

_CHUNK = 2000


def cdrs(rows: QuerySet[CDR], *, language: str, zone: ZoneInfo) -> str:
    """One line per charge, credits included."""
    found = rows.select_related("session__station", "tariff_version__tariff", "driver__user", "invoiced__invoice")
    with override(language):
        head = [
            _("Charge"),
            pgettext("time", "Start"),
            _("End"),
            _("Location"),
            _("Charging point"),
            _("Station"),
            _("Card"),
            _("Driver"),
            _("Energy, kWh"),
            _("Charging, min"),
            _("Parking, min"),
            _("Tariff"),
            _("Currency"),
            _("Taxable"),
            _("VAT"),
            _("Total"),
            _("Invoice"),
            _("Credit"),
        ]
    lines = (_cdr(cdr, language) for cdr in found.iterator(_CHUNK))
    return csv_dialect.write(head, lines, language=language, zone=zone)


def invoices(rows: QuerySet[Invoice], *, language: str, zone: ZoneInfo) -> str:
    """One line per document and VAT rate, so that a column can be summed by rate."""
    found = selectors.with_state(rows.select_related("credits"))
    with override(language):
        head = [
            _("Number"),
            _("Date"),
            _("Document"),
            _("Credits"),
            _("Customer"),
            _("VAT number"),
            _("Fiscal code"),
            _("Currency"),
            _("VAT rate, %"),
            _("Taxable"),
            _("VAT"),
            _("Total"),
            _("Payment"),
        ]
        lines = [line for document in found.iterator(_CHUNK) for line in _invoice(document, language)]
    return csv_dialect.write(head, lines, language=language, zone=zone)


def _cdr(cdr: CDR, language: str) -> list[Cell]:
    frozen = json.loads(cdr.snapshot)
    place = frozen["location"] or {}
    invoiced = getattr(cdr, "invoiced", None)
    return [
        cdr.session_id,
        cdr.started_at,
        cdr.stopped_at,
        place.get("name", ""),
        frozen["evse"]["uid"],
        frozen["station"]["identity"],
        _masked(frozen["token"]["uid"]),
        str(cdr.driver or ""),
        exact.rounded(exact.number(cdr.energy) / 1000, 3),
        exact.rounded(exact.number(cdr.charging_seconds) / 60, 1),
        exact.rounded(exact.number(cdr.parking_seconds) / 60, 1),
        str(cdr.tariff_version or ""),
        cdr.currency,
        *(_money(amount, cdr.currency) for amount in (cdr.total_excl_vat, cdr.total_vat, cdr.total_incl_vat)),
        _number(invoiced.invoice, language) if invoiced else "",
        bool(cdr.credits_id),
    ]


def _invoice(document: Invoice, language: str) -> Iterable[list[Cell]]:
    buyer = json.loads(document.buyer)
    for row in json.loads(document.vat_summary):
        taxable, vat = Decimal(row["taxable"]), Decimal(row["vat"])
        yield [
            _number(document, language),
            document.issued_on,
            document.get_kind_display(),
            _number(document.credits, language) if document.credits else "",
            buyer.get("legal_name", ""),
            _with_country(buyer),
            _fiscal_code(buyer),
            document.currency,
            None if row["rate"] is None else exact.rounded(exact.number_of(row["rate"]), 2),
            taxable,
            vat,
            taxable + vat,
            str(_STATES[selectors.payment_state(document)]()),
        ]


_STATES: dict[str, Any] = {
    "paid": lambda: pgettext("invoice", "paid"),
    "open": lambda: _("open"),
    "credited": lambda: _("credited"),
    "credit": lambda: "",
}


def _number(document: Invoice, language: str) -> str:
    return words.of(language)["number"].format(number=document.number)


def _masked(uid: str) -> str:
    return f"…{uid[-4:]}" if uid else ""


def _fiscal_code(buyer: dict[str, Any]) -> str:
    """A company's is its VAT number once more, without the letters that keep its zeros: said once."""
    code: str = buyer.get("fiscal_code", "")
    return "" if code and code == buyer.get("vat_number", "").removeprefix("IT") else code


def _with_country(buyer: dict[str, Any]) -> str:
    number = buyer.get("vat_number", "")
    return number if not number or number[:2].isalpha() else f"{buyer.get('country_code', 'IT')}{number}"


def _money(amount: Decimal, currency: str) -> Decimal:
    return exact.cents(exact.number(amount), currency)
