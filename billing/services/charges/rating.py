"""From sessions to charge detail records. Set-based: a chunk of sessions costs a fixed number of statements.

A session is rated once it has ended. Rating again is boring: the standing CDR is given back; only where the session has changed
since (a late reading, a late stop) and nobody was invoiced yet, a credit CDR and a new one follow.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, Token, User
from billing import pricing, signals
from billing.models import CDR, Invoice, InvoiceLine
from billing.selectors import session_prices
from billing.selectors.visits import Visits
from billing.services.charges import costing, records, snapshots, standing, terms
from billing.services.prices import session_prices as keeping
from cms.core import rows
from cms.core.errors import Conflict
from sessions_app import selectors
from sessions_app.models import ChargingSession
from sessions_app.services import checks
from stations.models import ChargingStation, Location

CHUNK = 200  # SQLite has one writer: a chunk must not keep it for long
LATE = timedelta(minutes=1)


def rate(*, session_id: int) -> CDR | None:
    """The standing CDR of an ended session, made now if need be. None: it has not ended, or everything was credited."""
    rate_many([session_id])
    return CDR.objects.standing().filter(session=session_id).first()


def rate_many(session_ids: Iterable[int]) -> int:
    """Rates what is not rated yet, chunk by chunk, each in its own transaction. Returns how many CDRs were made."""
    ids, made = iter(session_ids), 0
    while chunk := list(islice(ids, CHUNK)):
        made += _rate_chunk(chunk)
    return made


def unrated(*, after: int = 0, limit: int = CHUNK) -> list[int]:
    """Ended sessions without any CDR, by primary key from `after` on. What was credited on purpose has one."""
    found = ChargingSession.objects.ended().ours().filter(cdrs__isnull=True, pk__gt=after)
    return list(found.order_by("pk").values_list("pk", flat=True)[:limit])


def changed(*, since: datetime, after: int = 0, limit: int = CHUNK) -> list[int]:
    """Sessions that changed after they were rated: late readings, late stops, decisions of a person. Among those touched since, and those whose invoice
    was taken back since, however long ago they changed."""
    standing = CDR.objects.standing().uninvoiced().filter(session=OuterRef("pk"))
    stale = standing.exclude(
        energy=OuterRef("energy"), started_at=OuterRef("started_at"), stopped_at=OuterRef("stopped_at")
    )
    freed = InvoiceLine.objects.filter(invoice__kind=Invoice.Kind.CREDIT_NOTE, invoice__created_at__gte=since)
    recent = Q(updated_at__gte=since) | Q(pk__in=freed.values("cdr__session"))
    touched = ChargingSession.objects.ended().filter(recent, pk__gt=after)
    discarded = Q(discarded=True) & Exists(standing.exclude(flags__contains="discarded"))
    return list(touched.filter(Exists(stale) | discarded).order_by("pk").values_list("pk", flat=True)[:limit])


@transaction.atomic
def credit(*, cdr: CDR, by: User | ApiKey | None) -> CDR:
    """Takes a CDR back: a credit CDR with every line negative (OCPI: Credit CDR). Raises Forbidden, Conflict."""
    if by is not None:
        access.demand(by, "invoice.issue", cdr)
    locked = CDR.objects.select_for_update(of=("self",)).get(pk=cdr.pk)
    if locked.credits_id or CDR.objects.filter(credits=locked).exists():
        raise Conflict(_("This charge has been credited already."), code="cdr_credited", cdr=cdr.pk)
    if hasattr(locked, "invoiced"):
        raise Conflict(_("This charge is on an invoice: issue a credit note."), code="cdr_invoiced", cdr=cdr.pk)
    back = records.credit_of(locked)
    back.save()
    terms.used([back])
    _announce([back.pk])
    return back


# ---- one chunk ------------------------------------------------------------------------------------------------------


@transaction.atomic
def _rate_chunk(session_ids: Sequence[int]) -> int:
    checks.run(session_ids)
    sessions = _ended(session_ids)
    if not sessions:
        return 0
    visits = pricing.visits_of(sessions)
    if before := _rateable([one.pk for one in visits.unrated(set(session_ids))]):
        return _rate_chunk([*before, *session_ids])  # a visit is rated in its order
    standings = standing.latest(sessions)
    new = [session for session in sessions if session.pk not in standings]
    back = standing.taken_back(standing.stale(sessions, standings, visits), standings)
    changed = [session for session in sessions if session.pk in back]
    revisions = {session.pk: 1 for session in new} | {pk: credit.revision + 1 for pk, credit in back.items()}
    made = len(back) + _write([*new, *changed], revisions, list(back.values()), visits)
    return made + _rate_what_follows([*(session for session in new if _is_late(session)), *changed])


def _rateable(session_ids: Sequence[int]) -> list[int]:
    if not session_ids:
        return []
    found = ChargingSession.objects.ended().ours().filter(pk__in=session_ids)
    return list(found.order_by("pk").values_list("pk", flat=True))


def _rate_what_follows(sessions: Sequence[ChargingSession]) -> int:
    """The rated charges that go on from these: what their visit paid before is another amount now."""
    following = selectors.later_in_visit([session.pk for session in sessions]) if sessions else []
    rated = CDR.objects.standing().filter(session__in=following) if following else CDR.objects.none()
    ids = list(rated.order_by("session_id").values_list("session_id", flat=True))
    return _rate_chunk(ids) if ids else 0


def _is_late(session: ChargingSession) -> bool:
    """Heard of so late that what came after it may be rated already."""
    heard, stopped = session.stopped_received_at, session.stopped_at
    return heard is not None and stopped is not None and heard - stopped > LATE


def _write(
    sessions: Sequence[ChargingSession], revisions: Mapping[int, int], credits: Sequence[CDR], visits: Visits
) -> int:
    """One record for each session. Who came second, between two that rate the same, has written nothing. Returns how many."""
    if not sessions:
        return 0
    agreed = session_prices.of(sessions)
    keeping.write(agreed)
    rated = costing.of(sessions, agreed, visits)
    frozen = snapshots.of(sessions, {pk: snapshots.used(one.holidays, one.earlier) for pk, one in rated.items()})
    written = [records.row(s, rated[s.pk], frozen[s.pk], revision=revisions[s.pk]) for s in sessions]
    made = rows.insert_new(CDR, records.COLUMNS, written, conflict=("session_id", "revision"))
    uids = [row[0] for row in written]
    mine = list(CDR.objects.filter(uid__in=uids).values_list("pk", "terms"))
    granted = [pk for pk, text in mine if text]
    if granted or any(credit.terms for credit in credits):
        terms.used([*credits, *CDR.objects.filter(pk__in=granted).order_by("pk")])
    _announce([*(credit.pk for credit in credits), *(pk for pk, _text in mine)])
    return made


def _ended(session_ids: Sequence[int]) -> list[ChargingSession]:
    """With what they share (operator, site, station), read once instead of beside each; without the reducer's own state."""
    found = ChargingSession.objects.ended().ours().filter(pk__in=session_ids).order_by("pk")
    sessions = list(found.defer("state"))
    shared: dict[str, Any] = {
        "operator": Operator.objects,
        "location": Location.objects,
        "station": ChargingStation.objects.only(*snapshots.OF_STATION),
        "token": Token.objects.only(*snapshots.OF_TOKEN),
    }
    for name, manager in shared.items():
        wanted = {pk for session in sessions if (pk := getattr(session, f"{name}_id"))}
        known = manager.in_bulk(wanted) if wanted else {}
        for session in sessions:
            setattr(session, name, known.get(getattr(session, f"{name}_id")))
    return sessions


def _announce(ids: Iterable[int]) -> None:
    told = sorted(ids)
    if told:
        transaction.on_commit(partial(signals.cdr_created.send_robust, sender=CDR, ids=told), robust=True)
