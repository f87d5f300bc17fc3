"""Clocks of stations that are wrong, and the correction that a person chooses (quirks 28, 67).

What was said is kept as it was said; only the times that we reckon with are moved. Every message asks here, so the few
corrections that there are live in memory, read again once a minute. One holds from that long after it was chosen, hence at the
same moment in every process, and for the charges that begin from then on.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from cms.core.errors import Invalid
from stations.diagnostics import faults
from stations.models import ChargingStation, Fault
from stations.models.station import ClockCorrection
from stations.services import announce

logger = logging.getLogger(__name__)

READ_AGAIN_S = 60
LONGEST_S = 20 * 366 * 86_400
_FIRST_YEAR, _LAST_YEAR = 2015, 9_000  # what is not between has never been set: nothing to correct (quirks 27, 29)
_AHEAD = timedelta(minutes=5)


class Correction(NamedTuple):
    """In force for what is heard from `since` on. With a `zone` the clock shows its local time, else it is moved by `seconds`."""

    since: datetime
    seconds: int
    zone: ZoneInfo | None = None

    def of(self, said: datetime, heard: datetime) -> int:
        """Seconds to add. The hour that comes twice in autumn is the later one, unless we heard of it before."""
        if self.zone is None:
            return self.seconds
        first, second = (said.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        true = second if second <= heard + _AHEAD else first
        return round((true - said).total_seconds())


class _Memory(NamedTuple):
    corrections: Mapping[int, Correction]
    until: float


_memory = _Memory({}, 0)


def shift(station_id: int, said: datetime, heard: datetime, *, begun: datetime | None = None) -> int:
    """Seconds to add to what its clock says, 0 for nearly every station.

    `begun` is when we heard of the charge that the message belongs to: one that ran before the correction keeps its own time
    to the end. A time that is our own, because the station gave none, is right already."""
    memory = _memory if monotonic() < _memory.until else _read()
    if not memory.corrections:
        return 0
    correction = memory.corrections.get(station_id)
    if correction is None or said == heard or (begun or heard) < correction.since:
        return 0
    return correction.of(said, heard) if _FIRST_YEAR <= said.year < _LAST_YEAR else 0


def moved(at: datetime, heard: datetime, seconds: int) -> datetime:
    """`at` by the right clock. What is ours or impossible stays."""
    return at + timedelta(seconds=seconds) if at != heard and _FIRST_YEAR <= at.year < _LAST_YEAR else at


def _read() -> _Memory:
    columns = ("pk", "clock_correction", "clock_shift_s", "clock_corrected_at", "location__time_zone")
    corrected = ChargingStation.objects.current().exclude(clock_correction=ClockCorrection.NONE)
    found = {
        pk: _correction(kind, seconds, chosen, site or zone)
        for pk, kind, seconds, chosen, site, zone in corrected.values_list(*columns, "operator__time_zone")
    }
    return assume(found)


def _correction(kind: str, seconds: int, chosen: datetime, zone: str) -> Correction:
    since = chosen + timedelta(seconds=READ_AGAIN_S)
    return Correction(since, seconds, ZoneInfo(zone) if kind == ClockCorrection.LOCAL else None)


def assume(corrections: Mapping[int, Correction]) -> _Memory:
    """Takes these for all there are, for a minute."""
    global _memory  # one memory per process, replaced as a whole
    _memory = _Memory(corrections, monotonic() + READ_AGAIN_S)
    return _memory


def forget() -> None:
    """They are read again at the next message."""
    global _memory
    _memory = _Memory({}, 0)


@transaction.atomic
def correct(*, station: ChargingStation, kind: str, by: User, seconds: int = 0) -> None:
    """From a minute from now on. `seconds` are added to what its clock says (SHIFT). What was recorded before stays as it is.
    Raises Forbidden, Invalid: a time beyond 20 years, or none."""
    access.demand(by, "station.edit", station)
    if kind not in ClockCorrection.values:
        raise Invalid({"kind": [_("Choose how to correct the clock.")]})
    if kind == ClockCorrection.SHIFT and not 0 < abs(seconds) <= LONGEST_S:
        raise Invalid({"seconds": [_("Say by how much the clock is to be corrected.")]})
    now = timezone.now()
    decided = {
        "clock_correction": kind,
        "clock_shift_s": seconds if kind == ClockCorrection.SHIFT else 0,
        "clock_corrected_at": now,
        "clock_corrected_by": by,
    }
    unknown = dict.fromkeys(
        ("clock_offset_s", "clock_seen_at", "clock_base_s", "clock_base_at", "clock_jumped_at"), None
    )
    ChargingStation.objects.filter(pk=station.pk).update(**decided, **unknown, updated_at=now)
    faults.clear(station_id=station.pk, kind=Fault.Kind.CLOCK.value, at=now)
    transaction.on_commit(forget)
    announce.stations([station.pk])
    logger.info("clock corrected station=%s kind=%s seconds=%s by=%s", station.identity, kind, seconds, by.pk)
