"""The records that sessions have already: which of them no longer tell the session's story, and may be replaced."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.models import CDR
from billing.selectors.visits import Visits
from billing.services.charges import records
from billing.tariffs import visits as visiting
from sessions_app.models import ChargingSession


@dataclass(frozen=True, slots=True)
class Standing:
    pk: int
    revision: int
    credited: bool
    invoiced: bool
    flags: frozenset[str]
    energy: Decimal
    times: tuple[datetime, datetime]


def latest(sessions: Sequence[ChargingSession]) -> dict[int, Standing]:
    """The newest CDR that is no credit, by session."""
    columns = ("session_id", "pk", "revision", "credits_id", "credited_by", "invoiced", "flags", "energy", "started_at")
    found = CDR.objects.filter(session__in=[session.pk for session in sessions]).order_by("revision")
    return {
        session: Standing(
            pk, revision, credited is not None, invoiced is not None, frozenset(flags.split(",")), wh, (start, stop)
        )
        for session, pk, revision, credits, credited, invoiced, flags, wh, start, stop in found.values_list(
            *columns, "stopped_at"
        )
        if credits is None  # asked for in SQL, SQLite would look through all records that credit nothing
    }


def stale(
    sessions: Sequence[ChargingSession], standing: Mapping[int, Standing], visits: Visits
) -> list[ChargingSession]:
    """Sessions whose story has changed under a CDR that may still be replaced: their own, or what the charges before them in their
    visit paid. What is invoiced needs a credit note first, what was credited on purpose stays so."""
    free = {pk: cdr for pk, cdr in standing.items() if not (cdr.credited or cdr.invoiced)}
    moved = _moved(free, visits)
    return [s for s in sessions if s.pk in free and (s.pk in moved or _has_changed(s, free[s.pk]))]


def _has_changed(session: ChargingSession, cdr: Standing) -> bool:
    told = (session.discarded, session.energy, session.started_at, records.stopped(session))
    return told != ("discarded" in cdr.flags, cdr.energy, *cdr.times)


def _moved(standing: Mapping[int, Standing], visits: Visits) -> set[int]:
    """Sessions whose visit is not what their record froze. A record from before visits were frozen stays as it is."""
    asked = {cdr.pk: pk for pk, cdr in standing.items() if pk in visits.chains or "continues" in cdr.flags}
    if not asked:
        return set()
    found = set()
    for cdr_id, snapshot in CDR.objects.filter(pk__in=asked).values_list("pk", "snapshot"):
        session, frozen = asked[cdr_id], json.loads(snapshot).get("visit")
        now = visits.before(session, None, None)  # what its caps used up is part of what was due
        if frozen is None:
            moved = bool(now.charges) and "continues" not in standing[session].flags
        else:
            moved = {**frozen, "capped": []} != visiting.as_json(now)
        if moved:
            found.add(session)
    return found


def taken_back(sessions: Sequence[ChargingSession], standing: Mapping[int, Standing]) -> dict[int, CDR]:
    """Credit CDRs for what is rated anew, by session. What somebody else invoiced or credited meanwhile, seen under the lock, is
    left alone."""
    if not sessions:
        return {}
    old = [standing[session.pk].pk for session in sessions]
    locked = CDR.objects.select_for_update(of=("self",)).filter(pk__in=old).order_by("pk")
    free = set(
        CDR.objects.standing().uninvoiced().filter(pk__in=[cdr.pk for cdr in locked]).values_list("pk", flat=True)
    )
    back = {cdr.session_id: records.credit_of(cdr) for cdr in locked if cdr.pk in free}
    for credit in back.values():
        credit.save()
    return back
