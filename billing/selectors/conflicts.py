"""Where a price that is to be assigned meets others: what it takes the place of, what takes over from it, and which prices come before
or after it for somebody somewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.models import TariffAssignment
from billing.selectors import reach
from billing.selectors.tariffs import current, mark, waiting


@dataclass(frozen=True, slots=True)
class Meeting:
    """`replaces` has the same scope now, `followed_by` from a later moment on. `before` are asked first where both fit, `after` only
    where this one does not."""

    replaces: TariffAssignment | None
    followed_by: TariffAssignment | None
    before: Sequence[TariffAssignment]
    after: Sequence[TariffAssignment]


def of(row: TariffAssignment, now: datetime) -> Meeting:
    """Of an assignment, saved or not, at its beginning."""
    at = max(now, row.valid_from or now)
    others = [other for other in current(row.operator, at) if other.pk != row.pk]
    same = [other for other in others if mark(other) == mark(row)]
    later = [other for other in waiting(row.operator, at) if mark(other) == mark(row) and other.pk != row.pk]
    met = [other for other in others if mark(other) != mark(row) and meet(row, other)]
    mine = reach.rank(row)
    return Meeting(
        same[0] if same else None,
        min(later, key=lambda other: (other.valid_from, other.pk), default=None),
        [other for other in met if reach.rank(other) < mine],
        [other for other in met if reach.rank(other) >= mine],
    )


def meet(one: TariffAssignment, other: TariffAssignment) -> bool:
    """Is there a charge that both fit?"""
    powers = {one.power_type, other.power_type} - {""}
    return len(powers) < 2 and _same_place(one, other) and _same_people(one, other)


def _same_place(one: TariffAssignment, other: TariffAssignment) -> bool:
    """One lies within the other."""
    ours, theirs = _path(one), _path(other)
    return all(mine == its for mine, its in zip(ours, theirs, strict=False))


def _path(row: TariffAssignment) -> tuple[int | None, ...]:
    """(location, station, EVSE) as far as it goes."""
    if row.evse:
        return (row.evse.station.location_id, row.evse.station_id, row.evse_id)
    if row.station:
        return (row.station.location_id, row.station_id)
    return (row.location_id,) if row.location_id else ()


def _same_people(one: TariffAssignment, other: TariffAssignment) -> bool:
    """Nobody has two plans, and only drivers have plans and groups; somebody of several groups has all their prices."""
    ours, theirs = _people(one), _people(other)
    if not ours or not theirs:
        return True
    if ours[0] == theirs[0]:
        return ours == theirs or ours[0] == "group"
    return {ours[0], theirs[0]} == {"plan", "group"}


def _people(row: TariffAssignment) -> tuple[str, object] | None:
    kinds = {"plan": row.plan_id, "group": row.driver_group_id, "partner": row.partner, "ad_hoc": row.ad_hoc}
    return next(((kind, value) for kind, value in kinds.items() if value), None)
