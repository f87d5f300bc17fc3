"""Wall clocks. Restrictions speak local time, quantities real elapsed time, also in the two nights of the year when a day
has 23 or 25 hours (our reading: a restriction is evaluated at each instant, so in the doubled hour it may hold twice)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .periods import microseconds, moment


def boundaries(times_of_day: tuple[int, ...], start_us: int, end_us: int, zone: ZoneInfo) -> list[int]:
    """The instants (µs) strictly between start and end at which the local clock shows one of the times, or is set."""
    if not times_of_day:
        return []
    start, end = moment(start_us), moment(end_us)
    found: set[int] = set()
    day = start.astimezone(zone).date()
    last = end.astimezone(zone).date()
    while day <= last:
        for seconds in times_of_day:
            found.update(_instants(day, seconds, zone))
        found.update(_clock_change(day, zone))
        day += timedelta(days=1)
    return sorted(at for at in found if start_us < at < end_us)


def _instants(day: date, seconds: int, zone: ZoneInfo) -> set[int]:
    """Once, twice in the doubled hour; a time that the clock skips gives harmless instants nearby."""
    local = datetime.combine(day, time(seconds // 3600, seconds % 3600 // 60), zone)
    return {microseconds(local.replace(fold=fold).astimezone(UTC)) for fold in (0, 1)}


def _clock_change(day: date, zone: ZoneInfo) -> set[int]:
    """The instants of this local day at which the zone's offset changes (to the second)."""
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    if start.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
        return set()
    while end - start > timedelta(seconds=1):
        middle = (start + (end - start) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == start.astimezone(zone).utcoffset():
            start = middle
        else:
            end = middle
    return {microseconds(end)}
