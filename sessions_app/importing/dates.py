"""Dates of other systems: several notations, years without a century, days and months that changed places on the way."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS = re.compile(r"\d+")


class Calendar:
    """Reads the dates of one file, in its order. Where days and months may have changed places (`swaps`) and rows are sorted
    by time, of two readings of one date (3 April, or 4 March) the one nearer to the row before is meant."""

    def __init__(self, zone: str, *, swaps: bool) -> None:
        self.zone, self.swaps, self.near = ZoneInfo(zone), swaps, None

    near: date | None

    def day(self, text: str, notes: list[str], *, near: date | None = None) -> date | None:
        """None where it is no date. Notes "century" and "day_month" where the text says something else."""
        readings = _readings(text, notes)
        if not readings:
            return None
        close_to = (near or self.near or readings[0]) if self.swaps else readings[0]
        best = min(readings, key=lambda one: abs(one - close_to))
        if best != readings[0]:
            notes.append("day_month")
        if near is None:
            self.near = best
        return best

    def moment(self, day: date, at: time) -> datetime:
        """In UTC. Of a doubled hour the first, of a skipped one the next."""
        return datetime.combine(day, at, self.zone).astimezone(UTC)


def clock(text: str) -> time | None:
    """ "23:50", "22:12:00"; None where it is no time of day."""
    numbers = [int(found) for found in _NUMBERS.findall(text)]
    if not 2 <= len(numbers) <= 3:
        return None
    try:
        return time(numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 0)
    except ValueError:
        return None


def _readings(text: str, notes: list[str]) -> list[date]:
    """The dates that a text can mean, the one that is written first."""
    text = text.split("T")[0].split(" 00:00")[0]
    if named := re.fullmatch(r"(\d{1,2}) ([A-Za-z]{3}) (\d{4})", text):
        return _valid([(int(named[3]), _month(named[2]), int(named[1]))])
    numbers = [int(found) for found in _NUMBERS.findall(text)]
    if len(numbers) != 3:
        return []
    year_first = len(_NUMBERS.findall(text)[0]) == 4
    year, first, second = numbers if year_first else (numbers[2], numbers[0], numbers[1])
    if year < 100:  # "17", or "0014"
        year += 2000
        if year_first:
            notes.append("century")
    orders = [(year, first, second), (year, second, first)]
    return _valid(orders if year_first else orders[::-1])


def _month(name: str) -> int:
    name = name.casefold()
    return _MONTHS.index(name) + 1 if name in _MONTHS else 0


def _valid(candidates: list[tuple[int, int, int]]) -> list[date]:
    found = []
    for year, month, day in candidates:
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def after(start: datetime, minutes: str) -> datetime | None:
    """The end of what lasted so many minutes."""
    return start + timedelta(minutes=int(minutes)) if minutes.isdecimal() and len(minutes) < 8 else None
