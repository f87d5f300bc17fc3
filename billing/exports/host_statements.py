"""Statements of hosts as a list: a line per line of each, those that count and those that explain."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.documents import statement
from billing.models import HostStatement
from billing.selectors import months
from billing.tariffs import exact
from cms.core.csv_dialect import Cell

from . import asking, paging
from .kinds import Ask, Column, Format, Kind, Params

COLUMNS = (
    Column("number", _("Number"), width=14),
    Column("month", _("Month"), Format.DAY),
    Column("location", _("Site")),
    Column("host", _("Host"), width=28),
    Column("of_month", _("Of the month"), Format.DAY),
    Column("what", _("What"), width=32),
    Column("quantity", _("Quantity"), Format.ENERGY),
    Column("unit", _("Unit"), width=7),
    Column("unit_price", _("Price or %"), Format.ENERGY),
    Column("currency", _("Currency"), width=9),
    Column("amount", _("Amount"), Format.MONEY),
    Column("due", _("To the host"), Format.MONEY, summed=True),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    return asking.month(operator, given) if given.get("month") else {}


def found(ask: Ask) -> QuerySet[HostStatement]:
    listed = HostStatement.objects.filter(operator=ask.operator).select_related("location", "share")
    if "month" in ask.params:
        listed = listed.filter(month=asking.month_of(ask.params))
    return listed.order_by("pk")


def own(ask: Ask) -> QuerySet[HostStatement]:
    """Those that are written to who asks."""
    return found(ask).filter(host_email__iexact=ask.reader.email) if ask.reader else found(ask).none()


def rows(ask: Ask) -> Iterator[list[Cell]]:
    yield from _lines(found(ask))


def _lines(listed: QuerySet[HostStatement]) -> Iterator[list[Cell]]:
    for row in paging.by_key(listed):
        for line in statement.lines(row):
            amount = Decimal(line["amount"])
            yield [
                row.number,
                row.month,
                str(row.location),
                row.share.host_name,
                months.parse(line["month"]),
                line["text"],
                exact.rounded(exact.number(line["quantity"]), 3) if line["quantity"] else None,
                line["unit"],
                exact.rounded(exact.number(line["unit_price"]), 6) if line["unit_price"] else None,
                row.currency,
                amount,
                amount if line["counts"] else None,
            ]


KIND = Kind(
    name="statements",
    title=_("Statements for hosts"),
    permission="month.close",
    clean=clean,
    stem=lambda ask: asking.stem("statements", ask),
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: found(ask).count(),
    says=asking.says,
)
OWN = replace(
    KIND,
    name="own_statements",
    title=_("Your statements"),
    permission="host.view",
    rows=lambda ask: _lines(own(ask)),
    count=lambda ask: own(ask).count(),
    listed=False,
    personal=True,
)
