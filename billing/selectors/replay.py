"""What the last weeks would have brought at another price: real charges, priced again from their own evidence.

Whose charges: those that a tariff priced, or those that a scope would have reached (`selectors.reached`). The charges are read in
chunks and only the figures and the farthest changes are kept, so the memory does not grow with them.
"""

import hashlib
import heapq
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import orjson
from django.core.cache import cache

from accounts.models import Operator
from billing import pricing
from billing.models import CDR, Tariff, TariffVersion
from billing.models.cdr import CDRQuerySet
from billing.selectors import reached
from billing.selectors.assignments import Scope
from billing.tariffs import rounding, terms
from billing.tariffs.terms import Granted
from sessions_app.models import ChargingSession

DAYS = 30
CHUNK = 200
SHOWN = 10
KEPT_S = 900
DEARER = Decimal("0.2")  # a change that somebody will write about
_THIS = 0  # the version that is tried: a draft has no key
FREE = ("waived", "discarded", "refused")  # cost nothing at any price


@dataclass(frozen=True, slots=True)
class Question:
    """The DAYS days before `until` at the price of `version` (one that nobody has saved, too): the charges that `tariff` priced or,
    with a `scope`, those that would have had this price, had it been assigned so (`wherever`: to every point). With neither there are
    none."""

    version: TariffVersion
    operator: Operator
    until: datetime
    tariff: Tariff | None = None
    scope: Scope | None = None
    wherever: bool = False

    @property
    def since(self) -> datetime:
        return self.until - timedelta(days=DAYS)


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

    def take(self, change: Change) -> None:
        self.looked += 1
        self.old += change.old
        self.new += change.new
        self.counts[_bucket(change)] += 1
        if change.difference > 0:
            self.dearest = _farthest([*self.dearest, change], 1)
        elif change.difference < 0:
            self.cheapest = _farthest([*self.cheapest, change], -1)

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
        return self._of_all(self.counts[6])

    @property
    def dearer(self) -> int:
        return self._of_all(sum(self.counts[4:]))

    @property
    def cheaper(self) -> int:
        return self._of_all(sum(self.counts[:3]))

    def _of_all(self, count: int) -> int:
        return round(count * self.found / self.looked) if self.looked else count

    def text(self) -> str:
        """As `read` takes it."""
        facts = {name: getattr(self, name) for name in Replay.__slots__}
        return orjson.dumps(facts, default=_plain).decode()


def read(text: str) -> Replay:
    facts = orjson.loads(text)
    changes = {name: [_change(one) for one in facts[name]] for name in ("dearest", "cheapest")}
    moments = {name: datetime.fromisoformat(facts[name]) for name in ("since", "until")}
    amounts = {name: Decimal(facts[name]) for name in ("old", "new")}
    return Replay(**{**facts, **changes, **moments, **amounts})


def _plain(value: Any) -> Any:
    return str(value)


def _change(given: dict[str, Any]) -> Change:
    amounts = {name: Decimal(given[name]) for name in ("energy", "old", "new")}
    return Change(**{**given, **amounts, "started_at": datetime.fromisoformat(given["started_at"])})


def charges(asked: Question) -> Sequence[int]:
    """The records that the answer is about, by primary key, in its order. Those that nobody pays at any price are left out."""
    rows = _rows(asked)
    if asked.scope is not None:
        return reached.by(asked.scope, rows, wherever=asked.wherever)
    return list(rows.filter(tariff_version__tariff=asked.tariff).values_list("pk", flat=True)) if asked.tariff else []


def of(asked: Question, ids: Sequence[int], *, most: int | None = None) -> Replay:
    """Of `charges`, or of an even sample of them where there are more than `most`. Asked again, it is remembered for a while."""
    looked_at = _even(ids, most) if most else ids
    key = _key(asked.version, len(ids), looked_at)
    known: Replay | None = cache.get(key)
    if known is None:
        known = empty(asked, len(ids))
        for change in changes(asked.version, looked_at):
            known.take(change)
        cache.set(key, known, KEPT_S)
    return known


def empty(asked: Question, found: int) -> Replay:
    return Replay(asked.version.currency, asked.since, asked.until, found)


def _rows(asked: Question) -> CDRQuerySet:
    rows = CDR.objects.standing().filter(operator=asked.operator, currency=asked.version.currency)
    rows = rows.filter(stopped_at__gte=asked.since, stopped_at__lt=asked.until)
    for flag in FREE:
        rows = rows.exclude(flags__contains=flag)
    return rows.order_by("pk")


def _even(ids: Sequence[int], most: int) -> Sequence[int]:
    """One by chance out of each of `most` equal stretches: every week has its share, and no rhythm of the days is met. The same
    ids give the same sample, so that a figure moves with the price alone."""
    if len(ids) <= most:
        return ids
    chance = random.Random(len(ids))  # noqa: S311  # no secret
    ends = [n * len(ids) // most for n in range(most + 1)]
    return [ids[chance.randrange(start, end)] for start, end in pairwise(ends)]


def changes(version: TariffVersion, ids: Sequence[int]) -> Iterator[Change]:
    """Of these records, in their order."""
    for start in range(0, len(ids), CHUNK):
        yield from _chunk(version, ids[start : start + CHUNK])


def _chunk(version: TariffVersion, ids: Sequence[int]) -> Iterator[Change]:
    columns = ("session_id", "total_incl_vat", "terms")
    rows = CDR.objects.filter(pk__in=ids).order_by("pk").values_list(*columns)
    kept = {session: (old, said) for session, old, said in rows}
    by_pk = ChargingSession.objects.select_related("operator", "location").in_bulk(list(kept))
    totals = _totals(version, list(by_pk.values()), {pk: terms.loads(said) for pk, (_old, said) in kept.items()})
    for pk, (old, _said) in kept.items():
        session = by_pk[pk]
        yield Change(pk, session.started_at, str(session.location or ""), session.energy, old, totals[pk])


def _totals(
    version: TariffVersion, sessions: Sequence[ChargingSession], granted: Mapping[int, Granted]
) -> dict[int, Decimal]:
    """VAT included, by session, in the order in which a visit is priced."""
    told, visits, tariff = pricing.periods_by_session(sessions), pricing.visits_of(sessions), pricing.parsed(version)
    found = {}
    for session in pricing.in_order(sessions):
        breakdown = pricing.priced_by(
            tariff,
            told[session.pk],
            pricing.zone_of(session),
            earlier=visits.before(session.pk, _THIS, tariff),
            holidays=pricing.holidays_of(session, version),
            granted=granted[session.pk],
        )
        visits.add(session.pk, _THIS, breakdown)
        found[session.pk] = rounding.settle(breakdown).incl_vat
    return found


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


def _key(version: TariffVersion, found: int, ids: Sequence[int]) -> str:
    """The same price over the same charges."""
    price = (version.elements, version.currency, version.tax_included, version.min_price, version.max_price)
    digest = hashlib.blake2b(repr((price, found)).encode(), digest_size=16)
    for pk in ids:
        digest.update(pk.to_bytes(8))
    return f"replay:{digest.hexdigest()}"
