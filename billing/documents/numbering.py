"""Gapless numbers (Italian VAT law: progressive per taxable person, no gaps, dates in the order of the numbers).

A number is taken inside the transaction that writes its document, under a lock on the row of (operator, series, year). A document
that is rolled back gives its number back; two that are written at once wait for each other. Never a database sequence: it skips.
"""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import MonthClose, NumberSequence
from cms.core.errors import Conflict

STATEMENTS = "H"
"""The series of hosts' statements, which are no invoices."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """`number` is as printed, e.g. 12/2026 or PV-12/2026; `on` the date of the document."""

    series: str
    year: int
    sequence: int
    on: date

    @property
    def number(self) -> str:
        return f"{self.series}-{self.sequence}/{self.year}" if self.series else f"{self.sequence}/{self.year}"


def take(*, operator_id: int, series: str, today: date) -> Numbered:
    """The next number of the year of `today`. If a later date was used already (a clock was set back), that date again.

    Must run inside a transaction: TransactionManagementError otherwise. Conflict(month_closed) where that date lies in a month that
    is closed: only a clock that was set back by months can bring that about.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a number is taken in the transaction of its document")
    counter, _new = NumberSequence.objects.get_or_create(operator_id=operator_id, series=series, year=today.year)
    row = NumberSequence.objects.select_for_update().get(pk=counter.pk)
    row.last += 1
    row.last_on = max(today, row.last_on or today)
    if MonthClose.objects.filter(operator=operator_id, closed_at__isnull=False, month__gte=row.last_on.replace(day=1)):
        raise Conflict(_("This month is closed: nothing is dated in it any more."), code="month_closed")
    row.save(update_fields=["last", "last_on"])
    return Numbered(series, today.year, row.last, row.last_on)
