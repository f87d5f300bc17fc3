"""Corrispettivi as files: every entry with what the law asks of a charge (provvedimento 570041/2025), or the totals of each day.

The layout of the monthly XML for the Agenzia delle Entrate is in an annex that is not published here; these columns are what it is made
of, so that a transmitter (“Server energia”) or the intermediary can build it. Nothing names a customer.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Operator
from billing.models import TakingsEntry
from billing.selectors import months, takings
from billing.services.invoicing import fiscal
from billing.tariffs import exact
from cms.core.csv_dialect import Cell

from . import asking, paging
from .kinds import Ask, Column, Format, Kind, Params

ENTRIES = (
    Column("number", _("Number"), Format.WHOLE),
    Column("day", _("Day"), Format.DAY),
    Column("reason", _("Reason"), width=12),
    Column("reverses", _("Takes out number"), Format.WHOLE),
    Column("started_at", pgettext_lazy("time", "Start"), Format.INSTANT),
    Column("stopped_at", _("End"), Format.INSTANT),
    Column("evse", _("Charging point"), width=20),
    Column("latitude", _("Latitude"), width=11),
    Column("longitude", _("Longitude"), width=11),
    Column("energy_kwh", _("Energy, kWh"), Format.ENERGY, summed=True),
    Column("currency", _("Currency"), width=9),
    Column("taxable", _("Taxable"), Format.MONEY, summed=True),
    Column("vat", _("VAT"), Format.MONEY, summed=True),
    Column("total", _("Total, VAT included"), Format.MONEY, summed=True),
    Column("electronic", _("Paid electronically"), Format.MONEY, summed=True),
    Column("means", _("Means of payment"), width=14),
    Column("server", _("“Server energia” id"), width=20),
    Column("recorded_at", _("Written"), Format.INSTANT),
    Column("hash", _("Hash"), width=64),
)

DAYS = (
    Column("day", _("Day"), Format.DAY),
    Column("points", _("Points"), Format.WHOLE),
    Column("charges", _("Charges"), Format.WHOLE),
    Column("reversals", _("Taken out"), Format.WHOLE),
    Column("energy_kwh", _("Energy, kWh"), Format.ENERGY, summed=True),
    Column("taxable", _("Taxable"), Format.MONEY, summed=True),
    Column("vat", _("VAT"), Format.MONEY, summed=True),
    Column("total", _("Total, VAT included"), Format.MONEY, summed=True),
    Column("gaps", _("Not written yet"), Format.WHOLE),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """A calendar month of days: the transmission is per month, whatever the books have closed."""
    return asking.days(operator, given)


def span(ask: Ask) -> tuple[date, date]:
    """[first day, day after the last)."""
    if "month" in ask.params:
        month = asking.month_of(ask.params)
        return month, months.after(month)
    return date.fromisoformat(ask.params["since"]), date.fromisoformat(ask.params["until"]) + timedelta(days=1)


def found(ask: Ask) -> QuerySet[TakingsEntry]:
    return takings.entries(ask.operator, *span(ask))


def entries(ask: Ask) -> Iterator[list[Cell]]:
    server = fiscal.settings_of(ask.operator).server_energia
    numbers = dict(found(ask).exclude(reverses=None).values_list("pk", "reverses__number"))
    for entry in paging.in_order(found(ask)):
        paid = json.loads(entry.paid)
        sign = -1 if entry.reverses_id else 1
        yield [
            entry.number,
            entry.day,
            entry.reason,
            numbers.get(entry.pk),
            entry.started_at,
            entry.stopped_at,
            entry.evse,
            Decimal(entry.latitude) if entry.latitude else None,
            Decimal(entry.longitude) if entry.longitude else None,
            exact.rounded(exact.number(entry.energy) / 1000, 3),
            entry.currency,
            *(exact.cents(exact.number(amount), entry.currency) for amount in (entry.taxable, entry.vat, entry.total)),
            exact.rounded(sign * exact.number(paid.get("electronic", "0")), 2),
            "+".join(paid.get("means", ())),
            server,
            entry.recorded_at,
            entry.hash,
        ]


def by_day(ask: Ask) -> Iterator[list[Cell]]:
    for day in reversed(takings.days(ask.operator, *span(ask))):
        yield [
            day.key,
            day.points,
            day.charges,
            day.reversals,
            exact.rounded(exact.number(day.energy_kwh), 3),
            *(exact.rounded(exact.number(amount), 2) for amount in (day.taxable, day.vat, day.total)),
            day.gaps,
        ]


KIND = Kind(
    name=takings.FILE,
    title=_("Corrispettivi, charge by charge"),
    permission="invoice.view",
    clean=clean,
    stem=lambda ask: asking.stem("corrispettivi", ask),
    columns=ENTRIES,
    rows=entries,
    count=lambda ask: found(ask).count(),
    says=asking.says,
)
BY_DAY = Kind(
    name="corrispettivi_days",
    title=_("Corrispettivi by day"),
    permission="invoice.view",
    clean=clean,
    stem=lambda ask: asking.stem("corrispettivi-days", ask),
    columns=DAYS,
    rows=by_day,
    says=asking.says,
)
