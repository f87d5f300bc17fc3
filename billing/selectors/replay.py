"""What the last weeks would have brought at another price: real charges, priced again from their own evidence.

Exact where there are no more than MOST charges; above, an even sample of them, and its size is said. The charges are read in chunks
and only the figures and the farthest changes are kept, so the memory does not grow with them.
"""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.cache import cache

from accounts.models import Operator
from billing import pricing
from billing.models import CDR, Tariff, TariffVersion
from billing.models.cdr import CDRQuerySet
from billing.tariffs import terms
from sessions_app.models import ChargingSession
from stations.models import Location

DAYS = 30
MOST = 5000
CHUNK = 200
SHOWN = 10
KEPT_S = 900
DEARER = Decimal("0.2")  # a change that somebody will write about
FREE = ("waived", "discarded", "refused")  # cost nothing at any price


@dataclass(frozen=True, slots=True)
class Change:
    """One charge: what it cost and what it would cost, VAT included."""

    session_id: int
    started_at: datetime
    place: str
    energy: Decimal
    old: Decimal
    new: Decimal

    @property
    def difference(self) -> Decimal:
        return self.new - self.old

    @property
    def share(self) -> Decimal | None:
        """0.2 is 20 % dearer; None where it cost nothing."""
        return self.difference / self.old if self.old else None


@dataclass(slots=True)
class Replay:
    """`found` charges, `looked` at (fewer where it is a sample). `counts`: below −20 %, to −5 %, below 0, unchanged, above 0,
    from 5 %, from 20 % and free ones that would cost something. `dearest` and `cheapest`: the farthest, farthest first."""

    currency: str
    since: datetime
    until: datetime
    found: int
    looked: int = 0
    old: Decimal = Decimal(0)
    new: Decimal = Decimal(0)
    counts: list[int] = field(default_factory=lambda: [0] * 7)
    dearest: list[Change] = field(default_factory=list)
    cheapest: list[Change] = field(default_factory=list)

    @property
    def sample(self) -> bool:
        return self.looked < self.found

    @property
    def difference(self) -> Decimal:
        """Of all charges found: of a sample, put up to all of them."""
        total = self.new - self.old
        return total * self.found / self.looked if self.looked else total

    @property
    def share(self) -> Decimal | None:
        return (self.new - self.old) / self.old if self.old else None

    @property
    def much_dearer(self) -> int:
        return self.counts[6]

    @property
    def dearer(self) -> int:
        return sum(self.counts[4:])

    @property
    def cheaper(self) -> int:
        return sum(self.counts[:3])


def count(
    version: TariffVersion,
    *,
    operator: Operator,
    now: datetime,
    tariff: Tariff | None = None,
    place: Location | None = None,
) -> int:
    """How many charges `of` would look at, were there no limit."""
    return _charges(version, operator, tariff, place, now).count()


def of(
    version: TariffVersion,
    *,
    operator: Operator,
    now: datetime,
    tariff: Tariff | None = None,
    place: Location | None = None,
    most: int = MOST,
) -> Replay:
    """The charges of DAYS days that `tariff` priced, or those of a place; those that nobody pays at any price are left out."""
    since = now - timedelta(days=DAYS)
    ids = list(_charges(version, operator, tariff, place, now).values_list("pk", flat=True))
    key = _key(version, ids, most)
    known: Replay | None = cache.get(key)
    if known is None:
        known = Replay(version.currency, since, now, len(ids))
        for change in _changes(version, _even(ids, most)):
            _count(known, change)
        cache.set(key, known, KEPT_S)
    return known


def _charges(
    version: TariffVersion, operator: Operator, tariff: Tariff | None, place: Location | None, now: datetime
) -> CDRQuerySet:
    since = now - timedelta(days=DAYS)
    rows = CDR.objects.standing().filter(operator=operator, stopped_at__gte=since, stopped_at__lt=now)
    rows = rows.filter(currency=version.currency)
    rows = rows.filter(session__location=place) if place else rows.filter(tariff_version__tariff=tariff)
    for flag in FREE:
        rows = rows.exclude(flags__contains=flag)
    return rows.order_by("pk")


def _even(ids: Sequence[int], most: int) -> Sequence[int]:
    """Spread over all of them, so that every week has its share."""
    return ids if len(ids) <= most else [ids[n * len(ids) // most] for n in range(most)]


def _changes(version: TariffVersion, ids: Sequence[int]) -> Iterator[Change]:
    for start in range(0, len(ids), CHUNK):
        yield from _chunk(version, ids[start : start + CHUNK])


def _chunk(version: TariffVersion, ids: Sequence[int]) -> Iterator[Change]:
    columns = ("session_id", "total_incl_vat", "terms")
    kept = {session: (old, said) for session, old, said in CDR.objects.filter(pk__in=ids).values_list(*columns)}
    sessions = list(ChargingSession.objects.filter(pk__in=kept).select_related("operator", "location"))
    told, before = pricing.periods_by_session(sessions), pricing.earlier_by_session(sessions)
    for session in sessions:
        old, said = kept[session.pk]
        _breakdown, trace = pricing.explained(
            version,
            told[session.pk],
            pricing.zone_of(session),
            after=before.get(session.pk, ()),
            holidays=pricing.holidays_of(session, version),
            granted=terms.loads(said),
        )
        place = str(session.location or "")
        yield Change(session.pk, session.started_at, place, session.energy, old, trace.incl_vat)


def _count(replay: Replay, change: Change) -> None:
    replay.looked += 1
    replay.old += change.old
    replay.new += change.new
    replay.counts[_bucket(change)] += 1
    if change.difference > 0:
        replay.dearest = _farthest([*replay.dearest, change], 1)
    elif change.difference < 0:
        replay.cheapest = _farthest([*replay.cheapest, change], -1)


def _farthest(changes: Iterable[Change], sign: int) -> list[Change]:
    return heapq.nlargest(SHOWN, changes, key=lambda change: (sign * change.difference, -change.session_id))


def _bucket(change: Change) -> int:
    """0 … 6, 3 for no change; what was free and would cost something is among the much dearer."""
    if not change.difference:
        return 3
    share = change.share
    if share is None or share > DEARER:
        return 6
    if change.difference > 0:
        return 5 if share >= Decimal("0.05") else 4
    return 0 if share < -DEARER else 1 if share <= Decimal("-0.05") else 2


def _key(version: TariffVersion, ids: Sequence[int], most: int) -> str:
    """The same price over the same charges."""
    price = (version.elements, version.currency, version.tax_included, version.min_price, version.max_price)
    digest = hashlib.blake2b(repr((price, most)).encode(), digest_size=16)
    for pk in ids:
        digest.update(pk.to_bytes(8))
    return f"replay:{digest.hexdigest()}"
