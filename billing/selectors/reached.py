"""Which charges a price would have had, had it been assigned somewhere: asked of what each charge was looked up by."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from billing.models import SessionPrice, TariffAssignment
from billing.models.cdr import CDRQuerySet
from billing.selectors import assignments, session_prices
from billing.selectors.assignments import SCOPE_COLUMNS, Place, Scope, Who
from sessions_app.models import ChargingSession

_CHUNK = 500
_WON = [f"assignment__{name}" for name in SCOPE_COLUMNS]


def by(scope: Scope, records: CDRQuerySet, *, wherever: bool = False) -> list[int]:
    """Of `records`, in their order, those whose charge this scope would have priced: it fits where and who it was, and nothing that
    priced it comes before. Of one rank the newest wins, which a new assignment is. `wherever`: as if it were assigned to every
    point by itself, so that only what is promised to fewer people comes before."""
    found: list[int] = []
    rows = iter(list(records.filter(**_at(scope)).values_list("pk", "session_id")))
    while chunk := list(islice(rows, _CHUNK)):
        sessions = set(_sessions(scope, [session for _pk, session in chunk], wherever))
        found += [pk for pk, session in chunk if session in sessions]
    return found


def _at(scope: Scope) -> dict[str, int]:
    """What the database can tell apart by itself."""
    if scope.evse_id:
        return {"session__station__evses": scope.evse_id}
    wanted = {"session__station": scope.station_id, "session__location": scope.location_id}
    return {name: pk for name, pk in wanted.items() if pk}


def _sessions(scope: Scope, pks: Sequence[int], wherever: bool) -> Iterator[int]:
    ranks_of = lru_cache(maxsize=None)(_read)  # a driver comes to a point again and again
    seen = set()
    kept = SessionPrice.objects.filter(session__in=pks).values_list("pk", "place", "who", "assignment_id", *_WON)
    for pk, place, who, assignment, *won in kept:
        seen.add(pk)
        if _comes_first(ranks_of(place, who), scope, Scope(*won) if assignment else None, wherever):
            yield pk
    missing = ChargingSession.objects.filter(pk__in=set(pks) - seen)
    agreed = session_prices.of(list(missing))
    known = TariffAssignment.objects.in_bulk({one.assignment_id for one in agreed.values() if one.assignment_id})
    for pk, one in agreed.items():
        won = assignments.scope_of(known[one.assignment_id]) if one.assignment_id else None
        if _comes_first(_ranks(one.place, one.who), scope, won, wherever):
            yield pk


def _read(place: str, who: str) -> dict[Scope, int]:
    return _ranks(session_prices.place_of(place), session_prices.who_of(who))


def _ranks(place: Place, who: Who) -> dict[Scope, int]:
    return {scope: rank for rank, scopes in enumerate(assignments.ranked(place, who)) for scope in scopes}


def _comes_first(ranks: dict[Scope, int], scope: Scope, won: Scope | None, wherever: bool) -> bool:
    if wherever:
        mine = min((rank for known, rank in ranks.items() if _people(known) == _people(scope)), default=None)
    else:
        mine = ranks.get(scope)
    return mine is not None and (won is None or mine <= ranks.get(won, len(ranks)))


def _people(scope: Scope) -> tuple[object, ...]:
    return (scope.plan_id, scope.group_id, scope.partner, scope.ad_hoc)
