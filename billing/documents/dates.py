"""Dates and times as documents write them: the site's clock, both languages alike but for the names of the months."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from . import words


def day(on: date, language: str) -> str:
    """3 nov 2025."""
    return f"{on.day} {words.of(language)['months'].split()[on.month - 1]} {on.year}"


def moment(at: datetime, zone: ZoneInfo, language: str) -> str:
    """3 nov 2025, 13:27."""
    local = at.astimezone(zone)
    return f"{day(local.date(), language)}, {clock(at, zone)}"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """13:27; in the hour that a night has twice, with the offset: 02:30 (UTC+1)."""
    local = at.astimezone(zone)
    shown = f"{local:%H:%M}"
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return shown
    hours = (local.replace(tzinfo=UTC) - at).total_seconds() / 3600
    return f"{shown} (UTC{hours:+g})"


def span(start: datetime, end: datetime, zone: ZoneInfo, language: str) -> str:
    """3 nov 2025, 13:27–15:39; over midnight both days."""
    if start.astimezone(zone).date() == end.astimezone(zone).date():
        return f"{moment(start, zone, language)}–{clock(end, zone)}"
    return f"{moment(start, zone, language)} – {moment(end, zone, language)}"
