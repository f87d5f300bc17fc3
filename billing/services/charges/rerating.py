"""Exact replay: every charge computed again from its evidence, its tariff version and what was frozen with it (time zone, public
holidays, grants of plans and codes) must come out letter by letter.

A standing CDR is compared with its evidence; one that has been taken back, with its credit, which must cancel it exactly.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from billing import pricing
from billing.models import CDR, SessionPrice
from billing.models.cdr import CDRQuerySet
from billing.services.charges import rating, records, snapshots
from billing.tariffs import exact, terms, trace


class Difference(NamedTuple):
    """What a CDR says and what comes out today."""

    cdr_id: int
    session_id: int
    what: str
    kept: Any
    told: Any


def verify(cdrs: CDRQuerySet) -> Iterator[Difference]:
    """In the order of ids, a chunk at a time, so memory stays flat. Reads only."""
    after = 0
    related = ("session__operator", "session__location", "tariff_version", "credits", "operator")
    while chunk := list(cdrs.filter(pk__gt=after).order_by("pk").select_related(*related)[: rating.CHUNK]):
        credited = set(CDR.objects.filter(credits__in=chunk).values_list("credits_id", flat=True))
        yield from _credits([cdr for cdr in chunk if cdr.credits_id])
        yield from _standing([cdr for cdr in chunk if not cdr.credits_id and cdr.pk not in credited])
        after = chunk[-1].pk


def _standing(cdrs: Sequence[CDR]) -> Iterator[Difference]:
    told = pricing.periods_by_session([cdr.session for cdr in cdrs])
    earlier = pricing.earlier_by_session([cdr.session for cdr in cdrs])
    began_with = _began_with(cdrs)
    for cdr in cdrs:
        version = None if "waived" in cdr.flags.split(",") else cdr.tariff_version
        after = earlier.get(cdr.session_id, ())
        frozen = json.loads(cdr.snapshot)
        granted = terms.loads(cdr.terms)
        breakdown, explained = rating.cost(
            version,
            told[cdr.session_id],
            _zone(cdr, frozen),
            currency=cdr.currency,
            after=after,
            holidays=snapshots.kept_holidays(frozen),
            granted=granted,
        )
        yield from _compared(
            cdr,
            {
                "tariff_version": (cdr.tariff_version_id, began_with.get(cdr.pk, cdr.tariff_version_id)),
                "energy_wh": (exact.text(exact.number(cdr.energy)), exact.text(breakdown.energy_wh)),
                "exact_excl_vat": (cdr.exact_excl_vat, exact.text(breakdown.excl_vat or 0)),
                "exact_incl_vat": (cdr.exact_incl_vat, exact.text(breakdown.incl_vat or 0)),
                "total_excl_vat": (cdr.total_excl_vat, explained.excl_vat),
                "total_vat": (cdr.total_vat, explained.vat),
                "total_incl_vat": (cdr.total_incl_vat, explained.incl_vat),
                "terms": (cdr.terms, terms.dumps(granted, breakdown)),
                "periods": (cdr.periods, records.periods_text(breakdown)),
                "trace": (cdr.trace, trace.dumps(explained)),
            },
        )


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


def _credits(cdrs: Sequence[CDR]) -> Iterator[Difference]:
    for cdr in cdrs:
        first = cdr.credits
        assert first is not None
        yield from _compared(
            cdr,
            {
                "energy": (cdr.energy, -first.energy),
                "total_excl_vat": (cdr.total_excl_vat, -first.total_excl_vat),
                "total_vat": (cdr.total_vat, -first.total_vat),
                "total_incl_vat": (cdr.total_incl_vat, -first.total_incl_vat),
                "trace": (cdr.trace, trace.dumps(trace.negated(trace.loads(first.trace)))),
            },
        )


def _compared(cdr: CDR, pairs: dict[str, tuple[Any, Any]]) -> Iterator[Difference]:
    for what, (kept, told) in pairs.items():
        if kept != told:
            yield Difference(cdr.pk, cdr.session_id, what, kept, told)


def _zone(cdr: CDR, frozen: dict[str, Any]) -> ZoneInfo:
    """The zone of the time of rating: a location may move since."""
    place = frozen["location"]
    return pricing.zone(place["time_zone"] if place else cdr.operator.time_zone)
