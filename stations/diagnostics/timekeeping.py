"""How far off the clocks of stations are, from what they say and when we hear it (quirks 27, 28, 67).

A message is heard late, never early: of all that a station says within a while, the largest (said - heard) is its clock's
offset, and what waited in a queue lies below. The offset is of the clock as corrected (services.clocks).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import DurationField, ExpressionWrapper, F, Max, OuterRef, QuerySet, Subquery

from cms.core import rows
from stations.diagnostics import faults, spans
from stations.diagnostics.findings import Finding
from stations.models import ChargingStation, Fault, StatusChange
from stations.models.station import CLOCK_ALARM_S

RIGHT, DRIFTING, ZONE, OFF, UNSET = "right", "drifting", "zone", "off", "unset"
RIGHT_S = 30
HALF_HOUR_S, HOUR_S, DAY_S = 1_800, spans.HOUR_S, spans.DAY_S
WINDOW = timedelta(hours=1)
REMEMBERED = timedelta(hours=24)  # what has not been confirmed for so long gives way to anything
STEP_S = 60  # no clock drifts further from one look to the next
DRIFT_NEEDS = timedelta(hours=6)
_FURTHEST_ZONE_S = 14 * HOUR_S
_OLDEST = timedelta(days=7)


class Estimate(NamedTuple):
    """`offset_s` > 0: ahead. The drift counts from the base; `jumped_at`: it moved by an hour at once."""

    offset_s: int | None = None
    seen_at: datetime | None = None
    base_s: int | None = None
    base_at: datetime | None = None
    jumped_at: datetime | None = None

    @property
    def drift_s(self) -> int | None:
        """Seconds per day; None where it has not been watched for long enough."""
        if None in (self.offset_s, self.base_s, self.base_at, self.seen_at):
            return None
        watched: timedelta = self.seen_at - self.base_at  # type: ignore[operator]  # looked at above
        if watched < DRIFT_NEEDS:
            return None
        return round((self.offset_s - self.base_s) * DAY_S / watched.total_seconds())  # type: ignore[operator]


def of(station: ChargingStation) -> Estimate:
    return Estimate(*(getattr(station, f"clock_{name}") for name in Estimate._fields))


def standing(offset_s: int) -> str:
    """What is the matter with a clock that far off. Whole half hours are time zones: local time sent as UTC, or a wrong one."""
    if abs(offset_s) <= RIGHT_S:
        return RIGHT
    if offset_s <= spans.UNSET_S:
        return UNSET
    if _is_whole(offset_s) and abs(offset_s) <= _FURTHEST_ZONE_S:
        return ZONE
    return DRIFTING if abs(offset_s) < HALF_HOUR_S else OFF


def _is_whole(offset_s: int) -> bool:
    return abs(offset_s - round(offset_s / HALF_HOUR_S) * HALF_HOUR_S) <= RIGHT_S


def believe(before: Estimate, largest_s: int, now: datetime) -> Estimate:
    """The estimate after hearing this largest (said - heard). Lower than before, it is taken for the clock only where it does
    not look like a queue: right, whole half hours away, a small step, or nothing else was heard for a day."""
    was = before.offset_s
    if was is None or before.seen_at is None:
        return Estimate(largest_s, now, largest_s, now)
    step = largest_s - was
    live = step >= -STEP_S or _is_whole(largest_s)
    if not live and now - before.seen_at < REMEMBERED:
        return before
    jumped = now if abs(abs(step) - HOUR_S) <= RIGHT_S else before.jumped_at
    if abs(step) > RIGHT_S:
        return Estimate(largest_s, now, largest_s, now, jumped)
    return before._replace(offset_s=largest_s, seen_at=now)


# ---- the sweep ---------------------------------------------------------------------------------------------------


def of_statuses(since: datetime, **only: object) -> dict[int, int]:
    """The largest (said - heard) of each station's status reports heard since, in s."""
    changes = StatusChange.objects.filter(at__gte=since - _OLDEST)  # the index is by the station's clock
    return largest(changes, "at", since, **only)


def largest(said: QuerySet, at: str, since: datetime, **only: object) -> dict[int, int]:
    """The same of any rows with `station`, `received_at` and a time of the station, `at`. A time that equals the receipt is
    ours and says nothing. One statement, one look into the index per station."""
    gap = ExpressionWrapper(F(at) - F("received_at"), output_field=DurationField())
    own = said.filter(station=OuterRef("pk"), received_at__gte=since).exclude(**{at: F("received_at")})
    most = own.order_by().values("station").annotate(most=Max(gap)).values("most")
    heard = ChargingStation.objects.current().filter(last_seen__gte=since - WINDOW, **only)
    found = heard.annotate(most=Subquery(most)).exclude(most=None).values_list("pk", "most")
    return {pk: round(gap.total_seconds()) for pk, gap in found}


def note(largest_s: Mapping[int, int], now: datetime) -> int:
    """Keeps what was heard of these clocks, opens and closes their problems. Returns how many estimates changed."""
    columns = tuple(f"clock_{name}" for name in Estimate._fields)
    stored = ChargingStation.objects.filter(pk__in=largest_s).values_list("pk", *columns)
    before = {pk: Estimate(*kept) for pk, *kept in stored}
    after = {pk: believe(known, largest_s[pk], now) for pk, known in before.items()}
    changed = {pk: new for pk, new in after.items() if _is_news(before[pk], new)}
    rows.update(ChargingStation, ("id",), columns, [(pk, *new) for pk, new in sorted(changed.items())])
    _tell({pk: new.offset_s or 0 for pk, new in after.items()}, now)
    return len(changed)


def _is_news(before: Estimate, after: Estimate) -> bool:
    if before.offset_s != after.offset_s or before.seen_at is None or after.seen_at is None:
        return True
    return after.seen_at - before.seen_at >= WINDOW


def _tell(offsets: Mapping[int, int], now: datetime) -> None:
    """One problem per clock; while it is open its code says the offset of now."""
    kind = Fault.Kind.CLOCK.value
    listed = Fault.objects.filter(kind=kind, closed_at=None, station__in=offsets).values_list("station", "pk", "code")
    known = {station: (pk, code) for station, pk, code in listed}
    wrong = {pk: f"{offset:+d}" for pk, offset in offsets.items() if abs(offset) > CLOCK_ALARM_S}
    faults.report_all([Finding(pk, 0, 0, kind, code, now) for pk, code in wrong.items() if pk not in known])
    stale = [(known[pk][0], code, now) for pk, code in wrong.items() if pk in known and known[pk][1] != code]
    rows.update(Fault, ("id",), ("code", "last_seen_at"), sorted(stale))
    faults.clear_all({(pk, 0, 0, kind): now for pk in known if pk not in wrong})
