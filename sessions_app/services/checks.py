"""What an ended session is checked for before anybody is billed, beyond its own words: the rated power of its EVSE, and the
signatures of its meter. What is found is evidence; a later check that finds otherwise counts instead.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from sessions_app import lifecycle
from sessions_app.engine import energy
from sessions_app.engine.evidence import FLAGGED
from sessions_app.models import ChargingSession
from sessions_app.selectors import proof
from sessions_app.selectors.proof import Proof
from stations.models import EVSE, MeterKey

from . import books, verifications
from .books import Held
from .recording import Recording

OVER_POWER = "over_power"
SIGNED_INVALID = "signed_invalid"
SIGNED_MISMATCH = "signed_mismatch"

_CHUNK = 200  # sessions in one transaction
_NEW = timedelta(days=2)
_SLACK, _SLACK_MWH = Decimal("1.1"), 1_000_000  # plausibility gate: rated power × time × 1.1 + 1 kWh (security.md §3.7)


@transaction.atomic
def run(session_ids: Iterable[int]) -> int:
    """Checks those that have ended and are not discarded. What was taken over from another system was judged when it came.
    Returns how many learned something."""
    ours = ChargingSession.objects.ours().filter(pk__in=list(session_ids)).values_list("pk", flat=True)
    held = [one for one in books.by_id(ours).values() if _is_due(one)]
    swore = [one.id for one in held if one.state.is_signed]
    verifications.open_for(swore)
    rated, proofs = _rated_power(held), proof.by_session(swore) if swore else {}
    now = timezone.now()
    recording = Recording()
    told = 0
    for one in held:
        reasons = tuple(sorted((*_power(one, rated), *_signatures(one, proofs))))
        if reasons != one.state.flags:
            told += 1
            recording.say(FLAGGED, one, occurred_at=now, received_at=now, reasons=reasons)
    recording.finish()
    return told


def again(meter_key_id: int) -> int:
    """Checks the charges of an EVSE that began since a key of its meter counts. Returns how many learned something."""
    key = MeterKey.objects.select_related("evse").get(pk=meter_key_id)
    place = {"station": key.evse.station_id, "evse_id": key.evse.evse_id}
    since = ChargingSession.objects.ended().filter(**place, started_at__gte=key.valid_from).order_by("pk")
    ids = list(since.values_list("pk", flat=True))
    return sum(run(ids[first : first + _CHUNK]) for first in range(0, len(ids), _CHUNK))


def again_with_new_keys(*, now: datetime) -> int:
    """The sweep behind `meter_key_added`."""
    new = MeterKey.objects.filter(created_at__gte=now - _NEW).order_by("pk")
    return sum(again(key_id) for key_id in list(new.values_list("pk", flat=True)))


def _is_due(held: Held) -> bool:
    return held.state.status == lifecycle.COMPLETED and held.state.discarded_at is None


def _rated_power(held: Collection[Held]) -> dict[tuple[int, int], int]:
    """W by station and EVSE number, where somebody has said it."""
    stations = sorted({one.station_id for one in held})
    rows = EVSE.objects.filter(station__in=stations, max_power_w__isnull=False) if stations else ()
    return {(row.station_id, row.evse_id): row.max_power_w or 0 for row in rows}


def _power(held: Held, rated: dict[tuple[int, int], int]) -> tuple[str, ...]:
    state = held.state
    watts = rated.get((held.station_id, state.evse or 0))
    if not watts or state.started_at is None:
        return ()
    ended = state.corrected_at or state.stopped_at or state.bounded_at or state.heard_at or state.started_at
    seconds = max(0, int((ended - state.started_at).total_seconds()))
    most = watts * seconds * _SLACK * 10 / 36 + _SLACK_MWH
    return (OVER_POWER,) if energy.settle(state).mwh > most else ()


def _signatures(held: Held, proofs: Mapping[int, Proof]) -> tuple[str, ...]:
    """Nothing where the meter signs nothing, or where nobody has registered its key."""
    found = proofs.get(held.id)
    if found is None:
        return ()
    if found.is_broken:
        return (SIGNED_INVALID,)
    settled = energy.settle(held.state).mwh
    return (SIGNED_MISMATCH,) if found.contradicts(settled) else ()
