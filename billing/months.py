"""The months of a plan, and what part of a fee a part of a month costs. Pure; a month's end is the first day of the next.

Fees are exact until they are asked for: what is asked for at a change is the rounded sum of all days so far, less what has been
asked for already. So whatever happens within a month, its fees add up to the rounded exact amount."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from billing.tariffs import exact


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `since` to the next stretch, or to the month's end, this whole month's `fee` counts."""

    since: date
    fee: Decimal


def renewal_after(day: date, anchor: int) -> date:
    """The first day of renewal after `day`: the `anchor` (1–31) of the month, or the last day of a shorter one."""
    here = _anchored(day.year, day.month, anchor)
    if here > day:
        return here
    later = day.replace(day=1) + timedelta(days=32)
    return _anchored(later.year, later.month, anchor)


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    total = day.year * 12 + day.month - 1 + months
    return _anchored(total // 12, total % 12 + 1, day.day)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins there. Where clocks skip midnight, the first moment after it."""
    return datetime.combine(day, time(0), zone)


def days(start: date, end: date) -> int:
    return (end - start).days


def cost(stretches: Sequence[Stretch], end: date) -> Fraction:
    """The exact fee of a month that begins with the first stretch. Of two that begin on one day the later one counts."""
    start = stretches[0].since
    ends = [stretch.since for stretch in stretches[1:]] + [end]
    parts = (Fraction(s.fee) * days(s.since, until) for s, until in zip(stretches, ends, strict=True))
    return sum(parts, Fraction(0)) / days(start, end)


def to_ask(stretches: Sequence[Stretch], end: date, asked: Decimal, exponent: int) -> Decimal:
    """What is still to be asked for, in the currency's minor unit: half up, and never less than nothing."""
    return max(exact.rounded(cost(stretches, end), exponent) - asked, Decimal(0))


def share(whole: Decimal | int, left: int, of: int, exponent: int = 0) -> Decimal:
    """The part of `whole` that `left` of `of` days have, rounded half up."""
    return exact.rounded(Fraction(whole) * left / of, exponent)


def _anchored(year: int, month: int, anchor: int) -> date:
    return date(year, month, min(anchor, monthrange(year, month)[1]))
