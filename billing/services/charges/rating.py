"""From sessions to charge detail records. Set-based: a chunk of sessions costs a fixed number of statements.

A session is rated once it has ended. Rating again is boring: the standing CDR is given back; only where the session has changed
since (a late reading, a late stop) and nobody was invoiced yet, a credit CDR and a new one follow.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, Token, User
from billing import pricing, signals
from billing.models import CDR, BillingPolicy, Invoice, InvoiceLine, TariffVersion
from billing.selectors import session_prices
from billing.services.charges import records, snapshots, terms
from billing.services.fleets import companies
from billing.services.prices import session_prices as keeping
from billing.tariffs import engine, periods, rounding, trace
from billing.tariffs.breakdown import Breakdown
from billing.tariffs.model import Tariff
from billing.tariffs.terms import Granted
from cms.core import rows
from cms.core.errors import Conflict
from sessions_app.models import ChargingSession
from sessions_app.services import checks
from stations.models import ChargingStation, Location

CHUNK = 200  # SQLite has one writer: a chunk must not keep it for long

# What a person must look at before anybody pays. An unset clock is not among it: the receipt times stand in.
HARMLESS = frozenset({"clock"})

# A station that was told anything else began a charge that nobody agreed to (docs/decisions/0007): no fee for it. If it gave
# energy all the same, the session is in review and its price waits for a person.
ACCEPTED = frozenset({"", "Accepted"})


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
    standing = _latest(sessions)
    new = [session for session in sessions if session.pk not in standing]
    back = _taken_back([s for s in sessions if _has_changed(s, standing.get(s.pk))], standing)
    changed = [session for session in sessions if session.pk in back]
    revisions = {session.pk: 1 for session in new} | {pk: credit.revision + 1 for pk, credit in back.items()}
    return len(back) + _write([*new, *changed], revisions, list(back.values()))


def _write(sessions: Sequence[ChargingSession], revisions: Mapping[int, int], credits: Sequence[CDR]) -> int:
    """One record for each session. Who came second, between two that rate the same, has written nothing. Returns how many."""
    if not sessions:
        return 0
    agreed = session_prices.of(sessions)
    keeping.write(agreed)
    rated = rated_by_session(sessions, agreed)
    frozen = snapshots.of(sessions, {pk: one.holidays for pk, one in rated.items()})
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


@dataclass(frozen=True, slots=True)
class _Standing:
    pk: int
    revision: int
    credited: bool
    invoiced: bool
    discarded: bool
    energy: Decimal
    times: tuple[datetime, datetime]


def _latest(sessions: Sequence[ChargingSession]) -> dict[int, _Standing]:
    """The newest CDR that is no credit, by session."""
    columns = ("session_id", "pk", "revision", "credited_by", "invoiced", "flags", "energy", "started_at", "stopped_at")
    found = CDR.objects.filter(session__in=[session.pk for session in sessions], credits=None).order_by("revision")
    return {
        session: _Standing(
            pk, revision, credited is not None, invoiced is not None, "discarded" in flags.split(","), wh, (start, stop)
        )
        for session, pk, revision, credited, invoiced, flags, wh, start, stop in found.values_list(*columns)
    }


def _has_changed(session: ChargingSession, cdr: _Standing | None) -> bool:
    """Has the session's story changed under a CDR that may still be replaced? What is invoiced needs a credit note first, what
    was credited on purpose stays so."""
    if cdr is None or cdr.credited or cdr.invoiced:
        return False
    told = (session.discarded, session.energy, session.started_at, records.stopped(session))
    return told != (cdr.discarded, cdr.energy, *cdr.times)


def rated_by_session(
    sessions: Sequence[ChargingSession], agreed: Mapping[int, session_prices.Agreed] | None = None
) -> dict[int, records.Rated]:
    """Pure but for the reading: what each session costs, by its evidence, the version it began with and what its driver was
    granted. Locks what is left of plans and codes."""
    began_with = session_prices.of(sessions) if agreed is None else agreed
    operators = {session.operator_id for session in sessions}
    policies = {policy.operator_id: policy for policy in BillingPolicy.objects.filter(operator__in=operators)}
    told, before = pricing.periods_by_session(sessions), pricing.earlier_by_session(sessions)
    granted, payers = terms.for_sessions(sessions), companies.payers(sessions)
    return {
        session.pk: _rated(
            session,
            began_with[session.pk].version,
            policies.get(session.operator_id, _NO_POLICY),
            _Evidence(told[session.pk], before.get(session.pk, []), granted.get(session.pk, ())),
            payers.get(session.pk, _PAYS_HIMSELF),
        )
        for session in sessions
    }


_NO_POLICY = BillingPolicy()
_PAYS_HIMSELF = (None, "")


class _Evidence(NamedTuple):
    """`told`: the session's own stretches; `before`: those of earlier charges of its visit."""

    told: list[periods.Period]
    before: list[periods.Period]
    granted: Granted


def _rated(
    session: ChargingSession,
    version: TariffVersion | None,
    policy: BillingPolicy,
    evidence: _Evidence,
    payer: tuple[int | None, str],
) -> records.Rated:
    doubts = set(filter(None, session.review.split(","))) - HARMLESS
    refused = session.authorization not in ACCEPTED
    waived = session.discarded or (policy.waive_empty and not session.energy) or (refused and not doubts)
    zone = pricing.zone_of(session)
    holidays = snapshots.holidays_during(session, pricing.holidays_of(session, version), zone) if version else []
    granted = () if waived else evidence.granted
    breakdown, explained = cost(
        None if waived else version,
        evidence.told,
        zone,
        currency=session.operator.currency,
        after=evidence.before,
        holidays=frozenset(holidays),
        granted=granted,
    )
    mismatch = breakdown.energy_wh != Fraction(session.energy)
    estimate_allowed = session.estimated and session.energy <= policy.estimated_limit
    flags = {
        "no_tariff": version is None,
        "zero_energy": not session.energy,
        "refused": refused,
        "waived": waived,
        "discarded": session.discarded,
        "estimated": session.estimated,
        "review": bool(doubts),
        "periods_mismatch": mismatch,
        "continues": bool(evidence.before),
    }
    held = not session.discarded and (mismatch or (not estimate_allowed and (session.estimated or bool(doubts))))
    raised = tuple(name for name, is_so in flags.items() if is_so)
    return records.Rated(version, breakdown, explained, raised, held, *payer, granted, holidays)


def cost(
    version: TariffVersion | None,
    told: Iterable[periods.Period],
    zone: ZoneInfo,
    *,
    currency: str,
    after: Iterable[periods.Period] = (),
    holidays: Container[date] = frozenset(),
    granted: Granted = (),
) -> tuple[Breakdown, trace.Trace]:
    """What the periods cost by a version; without one (nobody set a price, or it was waived) nothing, in `currency`."""
    if version is not None:
        return pricing.explained(version, told, zone, after=after, holidays=holidays, granted=granted)
    free = Tariff((), currency, gross=True)
    breakdown = engine.price(free, told, zone)
    return breakdown, trace.of(free, breakdown, rounding.settle(breakdown))


# ---- corrections ----------------------------------------------------------------------------------------------------


def _taken_back(sessions: Sequence[ChargingSession], standing: Mapping[int, _Standing]) -> dict[int, CDR]:
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


def _announce(ids: Iterable[int]) -> None:
    told = sorted(ids)
    if told:
        transaction.on_commit(partial(signals.cdr_created.send_robust, sender=CDR, ids=told), robust=True)
