"""The end of a month as a list: each check with what was found and decided, then the figures. What an auditor asks for."""

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import MonthClose
from billing.selectors import worklist
from cms.core.csv_dialect import Cell

from . import asking
from .kinds import Ask, Column, Format, Kind

COLUMNS = (
    Column("check", _("Check"), width=30),
    Column("state", _("State"), width=12),
    Column("said", _("What happened"), width=60),
    Column("cases", _("Cases"), Format.WHOLE),
    Column("currency", _("Currency"), width=9),
    Column("amount", _("Amount"), Format.MONEY),
    Column("accepted_by", _("Accepted by"), width=24),
    Column("accepted_at", _("Accepted on"), Format.INSTANT),
    Column("reason", _("Reason"), width=40),
)


def rows(ask: Ask) -> Iterator[list[Cell]]:
    row = MonthClose.objects.filter(operator=ask.operator, month=asking.month_of(ask.params)).first()
    if row is None:
        return
    picture, currency = worklist.picture(row), ask.operator.currency
    states = {
        "bad": gettext("to decide"),
        "open": gettext("open"),
        "accepted": gettext("accepted"),
        "ok": gettext("in order"),
    }
    for line in picture.lines:
        by = line.accepted
        decided: list[Cell] = [str(by.by or ""), by.at, by.reason] if by else ["", None, ""]
        found = line.found
        yield [str(line.check.title), states[line.state], line.said, found.count, currency, found.amount, *decided]
    for name, title in _FIGURES.items():
        if (amount := picture.figure(name)) is not None:
            yield [str(title), "", "", None, currency, Decimal(amount), "", None, ""]
    for event in reversed(picture.events):
        if not event.subject:
            yield [event.get_kind_display(), "", "", None, "", None, str(event.by or ""), event.at, event.reason]


_FIGURES = {"net": _("Taxable"), "vat": _("VAT"), "energy_cost": _("Energy cost")}

KIND = Kind(
    name="month_end",
    title=_("Protocol of the month’s end"),
    permission="invoice.view",
    clean=asking.month,
    stem=lambda ask: asking.stem("month-end", ask),
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: 20,
    says=asking.says,
)
