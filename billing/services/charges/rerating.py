"""Exact replay: every charge computed again from its evidence, its tariff version and what was frozen with it (time zone, public
holidays, grants of plans and codes, earlier charges of its visit) must come out letter by letter.

A standing CDR is compared with its evidence; one that has been taken back, with its credit, which must cancel it exactly. The sentences
of a trace (`why`) prove nothing and may be worded better one day: they are told apart, see `Difference.matters`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from billing import pricing
from billing.models import CDR, SessionPrice
from billing.models.cdr import CDRQuerySet
from billing.selectors.visits import Visits
from billing.services.charges import costing, rating, records, snapshots
from billing.services.charges import terms as grants
from billing.tariffs import exact, terms, trace
from billing.tariffs import visits as visiting
from billing.tariffs.breakdown import ALONE, Earlier
from sessions_app.services import replaying

WORDING = "wording"
_UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    ArithmeticError,
)  # what strangers write into rows


class Difference(NamedTuple):
    """What a CDR says and what comes out today. `what` is a column, or the path of a member within it."""

    cdr_id: int
    session_id: int
    what: str
    kept: Any
    told: Any

    @property
    def matters(self) -> bool:
        return self.what != WORDING


def verify(cdrs: CDRQuerySet) -> Iterator[Difference]:
    """In the order of ids, a chunk at a time, so memory stays flat. Reads only."""
    after = 0
    related = ("session__operator", "session__location", "tariff_version", "credits", "operator")
    while chunk := list(cdrs.filter(pk__gt=after).order_by("pk").select_related(*related)[: rating.CHUNK]):
        credited = set(CDR.objects.filter(credits__in=chunk).values_list("credits_id", flat=True))
        for cdr in chunk:
            if cdr.credits_id or cdr.pk in credited:
                yield from _guarded(_taken_back, cdr)
        yield from _standing([cdr for cdr in chunk if not cdr.credits_id and cdr.pk not in credited])
        after = chunk[-1].pk


def _guarded(look: Any, cdr: CDR, *facts: Any) -> list[Difference]:
    try:
        return list(look(cdr, *facts))
    except _UNREADABLE as error:
        return [Difference(cdr.pk, cdr.session_id, "record", "unreadable", f"{type(error).__name__}: {error}")]


# ---- what stands ---------------------------------------------------------------------------------------------------


class _Facts(NamedTuple):
    """Of a chunk, by session or by CDR."""

    told: Mapping[int, Any]
    visits: Visits
    began_with: Mapping[int, int | None]
    rows: Mapping[int, Sequence[replaying.Difference]]
    booked: Mapping[int, Sequence[grants.Contradiction]]
    standing: Mapping[int, int]


def _standing(cdrs: Sequence[CDR]) -> Iterator[Difference]:
    if not cdrs:
        return
    try:
        facts = _facts(cdrs)
    except _UNREADABLE as error:
        if len(cdrs) == 1:
            yield Difference(
                cdrs[0].pk, cdrs[0].session_id, "evidence", "unreadable", f"{type(error).__name__}: {error}"
            )
        else:
            for cdr in cdrs:
                yield from _standing([cdr])
        return
    for cdr in cdrs:
        yield from _guarded(_proved, cdr, facts)


def _facts(cdrs: Sequence[CDR]) -> _Facts:
    sessions = [cdr.session for cdr in cdrs]
    ids = [session.pk for session in sessions]
    rows: dict[int, list[replaying.Difference]] = {}
    for found in replaying.compare(sessions):
        if found.column in _BILLED:
            rows.setdefault(found.session_id, []).append(found)
    return _Facts(
        pricing.periods_by_session(sessions),
        pricing.visits_of(sessions),
        _began_with(cdrs),
        rows,
        grants.contradictions(cdrs),
        Counter(CDR.objects.standing().filter(session__in=ids).values_list("session_id", flat=True)),
    )


_BILLED = frozenset(
    {"evidence", "status", "id_tag", "authorization", "started_at", "stopped_at", "energy", "discarded"}
)


def _proved(cdr: CDR, facts: _Facts) -> Iterator[Difference]:
    session, flags, frozen = cdr.session, frozenset(filter(None, cdr.flags.split(","))), json.loads(cdr.snapshot)
    version = None if "waived" in flags else cdr.tariff_version
    granted = terms.loads(cdr.terms)
    visit, visit_now = _visit(cdr, frozen, flags, facts.visits)
    breakdown, explained = costing.cost(
        version,
        facts.told[session.pk],
        _zone(cdr, frozen),
        currency=cdr.currency,
        earlier=visit,
        holidays=snapshots.kept_holidays(frozen),
        granted=granted,
    )
    for row in facts.rows.get(session.pk, ()):
        yield Difference(cdr.pk, session.pk, f"session.{row.column}", row.kept, row.told)
    for found in facts.booked.get(cdr.pk, ()):
        yield Difference(cdr.pk, session.pk, *found)
    yield from _compared(
        cdr,
        {
            "standing records": (facts.standing[session.pk], 1),
            "tariff_version": (cdr.tariff_version_id, facts.began_with.get(cdr.pk, cdr.tariff_version_id)),
            "started_at": (cdr.started_at, session.started_at),
            "stopped_at": (cdr.stopped_at, records.stopped(session)),
            "energy": (cdr.energy, session.energy),
            "periods_mismatch": ("periods_mismatch" in flags, exact.number(session.energy) != breakdown.energy_wh),
            "charging_seconds": (cdr.charging_seconds, int(exact.rounded(breakdown.charging_s, 0))),
            "parking_seconds": (cdr.parking_seconds, int(exact.rounded(breakdown.parking_s, 0))),
            "flags": (
                sorted(flags & _DERIVED),
                sorted(_flags(cdr, flags, continues=session.pk in facts.visits.chains)),
            ),
            "currency": (cdr.currency, breakdown.currency),
            "tax_included": (cdr.tax_included, breakdown.gross),
            "exact_excl_vat": (cdr.exact_excl_vat, exact.text(breakdown.excl_vat or 0)),
            "exact_incl_vat": (cdr.exact_incl_vat, exact.text(breakdown.incl_vat or 0)),
            "total_excl_vat": (cdr.total_excl_vat, explained.excl_vat),
            "total_vat": (cdr.total_vat, explained.vat),
            "total_incl_vat": (cdr.total_incl_vat, explained.incl_vat),
        },
    )
    yield from _members(cdr, "visit", visiting.as_json(visit), visiting.as_json(visit_now))
    yield from _members(
        cdr, "terms", json.loads(cdr.terms or "[]"), json.loads(terms.dumps(granted, breakdown) or "[]")
    )
    yield from _members(cdr, "periods", json.loads(cdr.periods), json.loads(records.periods_text(breakdown)))
    yield from _traces(cdr, cdr.trace, trace.dumps(explained))


_DERIVED = frozenset({"no_tariff", "zero_energy", "refused", "discarded", "waived", "continues"})


def _flags(cdr: CDR, kept: frozenset[str], *, continues: bool) -> set[str]:
    """What the evidence says. Whether a charge without energy is waived was the operator's policy of that time."""
    session = cdr.session
    refused = session.authorization not in costing.ACCEPTED
    may_be_waived = session.discarded or refused or not session.energy
    said = {
        "no_tariff": cdr.tariff_version_id is None,
        "zero_energy": not session.energy,
        "refused": refused,
        "discarded": session.discarded,
        "waived": session.discarded or (may_be_waived and "waived" in kept),
        "continues": continues,
    }
    return {name for name, is_so in said.items() if is_so}


def _visit(cdr: CDR, frozen: Mapping[str, Any], flags: frozenset[str], visits: Visits) -> tuple[Earlier, Earlier]:
    """As the record froze it, and as the records before it say today. Records older than this kept no more than that they go on from
    another charge: its start fee was paid, its time and energy counted."""
    tariff = pricing.parsed(cdr.tariff_version) if cdr.tariff_version else None
    now = visits.before(cdr.session_id, cdr.tariff_version_id, tariff)
    if "visit" in frozen:
        return visiting.of_json(frozen["visit"], now.periods), now
    if "continues" in flags:
        old = Earlier(periods=now.periods, started=True)
        return old, old
    return ALONE, now


def _began_with(cdrs: Sequence[CDR]) -> dict[int, int | None]:
    """The version that was written down when each charge began; what was rated before that was done is left out."""
    known = SessionPrice.objects.filter(session__in=[cdr.session_id for cdr in cdrs])
    versions = {row[0]: row[1:] for row in known.values_list("session_id", "version_id", "at", "asked")}
    found = {}
    for cdr in cdrs:
        version, at, asked = versions.get(cdr.session_id, (None, None, False))
        if asked or at == cdr.started_at:
            found[cdr.pk] = version
    return found


# ---- what was taken back -------------------------------------------------------------------------------------------

_SAME = (
    "operator_id", "session_id", "driver_id", "company_id", "cost_centre", "tariff_version_id", "currency", "tax_included", "started_at", "stopped_at",
    "charging_seconds", "parking_seconds", "terms", "periods", "snapshot",
)  # fmt: skip


def _taken_back(cdr: CDR) -> Iterator[Difference]:
    """Its evidence has moved on; but its amounts must be those of its own lines, and a credit's the negative of what it credits."""
    said = trace.loads(cdr.trace)
    lines = sum((line.amount for line in said.lines), start=said.excl_vat * 0)
    pairs: dict[str, tuple[Any, Any]] = {
        "total_excl_vat": (cdr.total_excl_vat, said.excl_vat),
        "total_vat": (cdr.total_vat, said.vat),
        "total_incl_vat": (cdr.total_incl_vat, said.incl_vat),
        "trace.lines": (lines, said.incl_vat if said.gross else said.excl_vat),
    }
    first = cdr.credits
    if first is not None:
        pairs |= {name: (getattr(cdr, name), getattr(first, name)) for name in _SAME}
        pairs["revision"] = (cdr.revision, first.revision + 1)
        pairs["energy"] = (cdr.energy, -first.energy)
        for name in ("exact_excl_vat", "exact_incl_vat"):
            pairs[name] = (getattr(cdr, name), exact.text(-exact.number_of(getattr(first, name))))
    yield from _compared(cdr, pairs)
    if first is not None:
        yield from _traces(cdr, cdr.trace, trace.dumps(trace.negated(trace.loads(first.trace))))


# ---- comparing -----------------------------------------------------------------------------------------------------


def _compared(cdr: CDR, pairs: Mapping[str, tuple[Any, Any]]) -> Iterator[Difference]:
    for what, (kept, told) in pairs.items():
        if kept != told:
            yield Difference(cdr.pk, cdr.session_id, what, kept, told)


def _traces(cdr: CDR, kept: str, told: str) -> Iterator[Difference]:
    """Letter by letter; where letters differ, which."""
    if kept == told:
        return
    found = list(_members(cdr, "trace", json.loads(kept), json.loads(told)))
    figures = [one for one in found if not one.what.endswith(".why")]
    if figures:
        yield from figures
    else:
        yield Difference(cdr.pk, cdr.session_id, WORDING if found else "trace", kept, told)


def _members(cdr: CDR, path: str, kept: Any, told: Any) -> Iterator[Difference]:
    """The leaves of two JSON values that are not the same."""
    if isinstance(kept, dict) and isinstance(told, dict):
        for name in {**kept, **told}:
            yield from _members(cdr, f"{path}.{name}", kept.get(name, _ABSENT), told.get(name, _ABSENT))
    elif isinstance(kept, list) and isinstance(told, list):
        for place in range(max(len(kept), len(told))):
            one, other = (some[place] if place < len(some) else _ABSENT for some in (kept, told))
            yield from _members(cdr, f"{path}.{place}", one, other)
    elif kept != told or type(kept) is not type(told):
        yield Difference(cdr.pk, cdr.session_id, path, kept, told)


_ABSENT = "nothing"


def _zone(cdr: CDR, frozen: Mapping[str, Any]) -> ZoneInfo:
    """The zone of the time of rating: a location may move since."""
    place = frozen["location"]
    return pricing.zone(place["time_zone"] if place else cdr.operator.time_zone)
