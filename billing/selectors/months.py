"""Months as an operator's books know them: in its zone, and with what came late in the first month that was open
(docs/decisions/0028).

A month is its first day. Closing one closes everything before it, so there is one line between what is closed and what is not.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from accounts.models import Operator
from billing.models import MonthClose

FIRST, LAST = 2000, 2199  # years that anybody means


def parse(text: str) -> date | None:
    """“2026-10” → 1 October 2026; None for anything else."""
    year, _dash, month = text.partition("-")
    if not (text.isascii() and len(year) == 4 and len(month) == 2 and (year + month).isdecimal()):
        return None
    if not (FIRST <= int(year) <= LAST and 1 <= int(month) <= 12):
        return None
    return date(int(year), int(month), 1)


def of(operator: Operator, at: datetime) -> date:
    """The month of an instant, at the operator's."""
    return at.astimezone(zone(operator)).date().replace(day=1)


def zone(operator: Operator) -> ZoneInfo:
    return ZoneInfo(operator.time_zone)


def this(operator: Operator) -> date:
    return of(operator, timezone.now())


def after(month: date, months: int = 1) -> date:
    """`months` later; earlier where negative."""
    years, place = divmod(month.month - 1 + months, 12)
    return date(month.year + years, place + 1, 1)


def bounds(operator: Operator, month: date) -> tuple[datetime, datetime]:
    """[first midnight, first midnight of the next month), at the operator's: 31 days and an hour, where clocks go back."""
    at = zone(operator)
    start, end = (datetime(day.year, day.month, 1, tzinfo=at) for day in (month, after(month)))
    return start.astimezone(UTC), end.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Locks:
    """When the closed months of an operator were closed: (month, cutoff), oldest first."""

    closed: tuple[tuple[date, datetime], ...]

    @classmethod
    def of(cls, operator: Operator) -> Self:
        rows = MonthClose.objects.filter(operator=operator, cutoff__isnull=False).order_by("month")
        return cls(tuple((month, cutoff) for month, cutoff in rows.values_list("month", "cutoff") if cutoff))

    def cutoff(self, month: date) -> datetime | None:
        """From when on nothing was written into the month; None while it is open."""
        return min((cutoff for closed, cutoff in self.closed if closed >= month), default=None)

    @property
    def last(self) -> date | None:
        return self.closed[-1][0] if self.closed else None

    def is_closed(self, month: date) -> bool:
        return self.last is not None and month <= self.last


def booked(operator: Operator, month: date, locks: Locks, *, happened: str, written: str) -> Q:
    """What counts in a month: what `happened` in it and was `written` before it was closed, and what happened earlier and was
    written only after its own month was closed. `happened` is an instant, or a day where its name says so."""
    return span(operator, month, after(month), locks, happened=happened, written=written)


def span(operator: Operator, first: date, until: date, locks: Locks, *, happened: str, written: str) -> Q:
    """The same for the months from `first` on, before `until`."""
    start, end = _edges(operator, first, until, is_day=happened.endswith("day"))
    inside = Q(**{f"{happened}__gte": start, f"{happened}__lt": end})
    before, closed = locks.cutoff(after(first, -1)), locks.cutoff(after(until, -1))
    if before is not None:  # what came late for the months before
        inside |= Q(**{f"{happened}__lt": start, f"{written}__gt": before})
    return inside if closed is None else inside & Q(**{f"{written}__lte": closed})


def _edges(operator: Operator, first: date, until: date, *, is_day: bool) -> tuple[date | datetime, date | datetime]:
    if is_day:
        return first, until
    return bounds(operator, first)[0], bounds(operator, until)[0]


def booked_month(operator: Operator, locks: Locks, *, happened: datetime, written: datetime) -> date:
    """The month that one thing counts in: its own, or the first after it that was open when it was written."""
    month = of(operator, happened)
    while (cutoff := locks.cutoff(month)) is not None and written > cutoff:
        month = after(month)
    return month
