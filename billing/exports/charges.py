"""Charges as a list: one line per record, credits included. Cards are masked: the file leaves the house.

Amounts keep two decimals and their sign (a credit is negative). VAT numbers carry their country and numbers of documents their
“n.”: a spreadsheet would make numbers of the former and months of the latter (1/2026 is January to it).
"""

import json
from collections.abc import Iterator, Mapping

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Operator
from billing.documents import words
from billing.models import CDR, Invoice
from billing.selectors import months
from billing.tariffs import exact
from cms.core.csv_dialect import Cell

from . import asking, paging
from .kinds import Ask, Column, Format, Kind, Params

COLUMNS = (
    Column("charge", _("Charge"), Format.WHOLE),
    Column("started_at", pgettext_lazy("time", "Start"), Format.INSTANT),
    Column("stopped_at", _("End"), Format.INSTANT),
    Column("location", _("Location")),
    Column("evse", _("Charging point")),
    Column("station", _("Station"), width=14),
    Column("card", _("Card"), width=10),
    Column("driver", _("Driver")),
    Column("energy_kwh", _("Energy, kWh"), Format.ENERGY, summed=True),
    Column("charging_min", _("Charging, min"), Format.NUMBER),
    Column("parking_min", _("Parking, min"), Format.NUMBER),
    Column("tariff", _("Tariff")),
    Column("currency", _("Currency"), width=9),
    Column("taxable", _("Taxable"), Format.MONEY, summed=True),
    Column("vat", _("VAT"), Format.MONEY, summed=True),
    Column("total", _("Total"), Format.MONEY, summed=True),
    Column("invoice", _("Invoice"), width=14),
    Column("credit", _("Credit"), Format.FLAG),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """A month as the books have it, or days on which charges ended."""
    return asking.days(operator, given)


def found(ask: Ask) -> QuerySet[CDR]:
    mine = CDR.objects.filter(operator=ask.operator)
    if "month" in ask.params:
        month, locks = asking.month_of(ask.params), months.Locks.of(ask.operator)
        return mine.filter(months.booked(ask.operator, month, locks, happened="stopped_at", written="created_at"))
    start, end = asking.instants(ask)
    return mine.filter(stopped_at__gte=start, stopped_at__lt=end)


def rows(ask: Ask) -> Iterator[list[Cell]]:
    listed = found(ask).select_related(
        "session__station", "tariff_version__tariff", "driver__user", "invoiced__invoice"
    )
    for cdr in paging.by_key(listed.defer("trace", "periods")):
        yield _row(cdr, ask.language)


def _row(cdr: CDR, language: str) -> list[Cell]:
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
        *(
            exact.cents(exact.number(amount), cdr.currency)
            for amount in (cdr.total_excl_vat, cdr.total_vat, cdr.total_incl_vat)
        ),
        number(invoiced.invoice, language) if invoiced else "",
        bool(cdr.credits_id),
    ]


def _masked(uid: str) -> str:
    return f"…{uid[-4:]}" if uid else ""


def number(document: Invoice, language: str) -> str:
    """“n. 12/2026”: a spreadsheet would make a month of the number alone."""
    return words.of(language)["number"].format(number=document.number)


KIND = Kind(
    name="charges",
    title=_("Charges"),
    permission="invoice.view",
    clean=clean,
    stem=lambda ask: asking.stem("charges", ask),
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: found(ask).count(),
    says=asking.says,
)
