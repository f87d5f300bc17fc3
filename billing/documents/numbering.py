"""Gapless numbers (Italian VAT law: progressive per taxable person, no gaps, dates in the order of the numbers).

A number is taken inside the transaction that writes its document, under a lock on the row of (operator, series, year). A document
that is rolled back gives its number back; two that are written at once wait for each other. Never a database sequence: it skips.
"""

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from billing.models import NumberSequence


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

    Must run inside a transaction: TransactionManagementError otherwise.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a number is taken in the transaction of its document")
    counter, _ = NumberSequence.objects.get_or_create(operator_id=operator_id, series=series, year=today.year)
    row = NumberSequence.objects.select_for_update().get(pk=counter.pk)
    row.last += 1
    row.last_on = max(today, row.last_on or today)
    row.save(update_fields=["last", "last_on"])
    return Numbered(series, today.year, row.last, row.last_on)
