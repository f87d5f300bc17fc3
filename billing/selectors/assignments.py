"""Which price applies: of all assignments that fit a place and a person, one wins, always the same (docs/decisions/0018).

1. Who it is for: a subscription plan, then a driver group, then a roaming partner, then ad-hoc, then everybody.
2. Where: an EVSE, then its station, then its location, then anywhere at the operator's.
3. A power type that is named, then any.
4. The newest `valid_from` (two groups of one driver), then the newest row.

For each of these scopes the newest assignment up to the moment counts; one without a tariff has ended its scope, and the next best
is asked. The tariff's version is the one valid at that moment.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from django.db.models import Q

from billing.models import TariffAssignment, TariffVersion


class Place(NamedTuple):
    """Where a price is looked up: primary keys, and the EVSE's OCPI PowerType. What is unknown is None."""

    operator_id: int
    location_id: int | None
    station_id: int | None = None
    evse_id: int | None = None
    power_type: str = ""


class Who(NamedTuple):
    """For whom: `group_ids` and `plan_id` are the driver's at that moment; `partner` is the roaming party whose token it is (IT*ABC);
    `ad_hoc`: somebody without an account."""

    driver_id: int | None = None
    group_ids: frozenset[int] = frozenset()
    plan_id: int | None = None
    partner: str = ""
    ad_hoc: bool = False


ANYBODY = Who()
AD_HOC = Who(ad_hoc=True)


class Scope(NamedTuple):
    """What an assignment is for; see TariffAssignment."""

    operator_id: int
    plan_id: int | None = None
    group_id: int | None = None
    partner: str = ""
    ad_hoc: bool = False
    location_id: int | None = None
    station_id: int | None = None
    evse_id: int | None = None
    power_type: str = ""


class Entry(NamedTuple):
    """One assignment; `tariff_id` None ends its scope."""

    pk: int
    valid_from: datetime
    tariff_id: int | None


class Found(NamedTuple):
    """The assignment that won and the version that holds. Without an assignment nobody set a price; without a version its tariff
    begins later."""

    assignment_id: int | None
    version: TariffVersion | None


NOBODY = Found(None, None)


class Book:
    """All prices of some operators, for as many lookups as there are, in two queries. `until`: nothing later is asked for."""

    def __init__(self, operator_ids: Iterable[int], *, until: datetime | None = None) -> None:
        self.operators = sorted(set(operator_ids))
        self.entries = _entries(self.operators, until)
        tariffs = {entry.tariff_id for entries in self.entries.values() for entry in entries if entry.tariff_id}
        self._versions = _versions(tariffs, until)

    def find(self, place: Place, at: datetime, who: Who = ANYBODY) -> Found:
        for scopes in ranked(place, who):
            best = newest(self.current(scope, at) for scope in scopes)
            if best is not None and best.tariff_id is not None:
                return Found(best.pk, self.valid(best.tariff_id, at))
        return NOBODY

    def version(self, place: Place, at: datetime, who: Who = ANYBODY) -> TariffVersion | None:
        return self.find(place, at, who).version

    def current(self, scope: Scope, at: datetime) -> Entry | None:
        """The scope's newest assignment up to `at`."""
        return next((entry for entry in self.entries.get(scope, ()) if entry.valid_from <= at), None)

    def versions(self) -> Iterator[TariffVersion]:
        """Of every tariff that is, was or will be assigned."""
        return chain.from_iterable(self._versions.values())

    def moments(self, since: datetime) -> set[datetime]:
        """`since` and each later moment at which something begins or ends."""
        begins = [entry.valid_from for entries in self.entries.values() for entry in entries]
        begins += [version.valid_from for version in self.versions()]
        return {since, *(at for at in begins if at > since)}

    def valid(self, tariff_id: int, at: datetime) -> TariffVersion | None:
        return next((version for version in self._versions.get(tariff_id, ()) if version.valid_from <= at), None)


def ranked(place: Place, who: Who) -> Iterator[list[Scope]]:
    """The scopes to ask, best first; those of one rank together (only a driver's groups are several)."""
    people = list(_people(who))
    spots = list(_spots(place))
    powers = (place.power_type, "") if place.power_type else ("",)
    for persons in people:
        for spot in spots:
            for power in powers:
                yield [Scope(place.operator_id, *person, *spot, power) for person in persons]


def newest(entries: Iterable[Entry | None]) -> Entry | None:
    """Of the entries that still give a tariff."""
    giving = [entry for entry in entries if entry is not None and entry.tariff_id is not None]
    return max(giving, key=lambda entry: (entry.valid_from, entry.pk)) if giving else None


_Person = tuple[int | None, int | None, str, bool]
_Spot = tuple[int | None, int | None, int | None]


def _people(who: Who) -> Iterator[list[_Person]]:
    if who.plan_id is not None:
        yield [(who.plan_id, None, "", False)]
    if who.group_ids:
        yield [(None, group, "", False) for group in sorted(who.group_ids)]
    if who.partner:
        yield [(None, None, who.partner, False)]
    if who.ad_hoc:
        yield [(None, None, "", True)]
    yield [(None, None, "", False)]


def _spots(place: Place) -> Iterator[_Spot]:
    if place.evse_id is not None:
        yield (None, None, place.evse_id)
    if place.station_id is not None:
        yield (None, place.station_id, None)
    if place.location_id is not None:
        yield (place.location_id, None, None)
    yield (None, None, None)


SCOPE_COLUMNS = ("operator_id", "plan_id", "driver_group_id", "partner", "ad_hoc", "location_id", "station_id", "evse_id", "power_type")  # fmt: skip


def _entries(operator_ids: list[int], until: datetime | None) -> Mapping[Scope, list[Entry]]:
    """By scope, newest first."""
    rows = TariffAssignment.objects.filter(operator__in=operator_ids)
    if until is not None:
        rows = rows.filter(valid_from__lte=until)
    found: dict[Scope, list[Entry]] = {}
    for pk, valid_from, tariff, *scope in rows.order_by("-valid_from", "-pk").values_list(
        "pk", "valid_from", "tariff_id", *SCOPE_COLUMNS
    ):
        found.setdefault(Scope(*scope), []).append(Entry(pk, valid_from, tariff))
    return found


def _versions(tariff_ids: set[int], until: datetime | None) -> dict[int, list[TariffVersion]]:
    """By tariff, newest first."""
    valid = Q() if until is None else Q(valid_from__lte=until)
    rows = (
        TariffVersion.objects.standing().filter(valid, tariff__in=sorted(tariff_ids)).order_by("-valid_from", "-number")
    )
    found: dict[int, list[TariffVersion]] = {}
    for version in rows:
        found.setdefault(version.tariff_id, []).append(version)
    return found


# ---- why ---------------------------------------------------------------------------------------------------------------


class Verdict(StrEnum):
    WON = "won"
    OUTRANKED = "outranked"
    REPLACED = "replaced"  # by a newer one of the same scope
    ENDED = "ended"  # gives no tariff any more


class Considered(NamedTuple):
    assignment: TariffAssignment
    verdict: Verdict


def considered(place: Place, who: Who, at: datetime) -> list[Considered]:
    """Every assignment that fits, best first, and what became of it. Two queries."""
    ranks = {scope: rank for rank, scopes in enumerate(ranked(place, who)) for scope in scopes}
    found = TariffAssignment.objects.filter(operator=place.operator_id, valid_from__lte=at)
    related = ("tariff", "location", "station", "evse", "plan", "driver_group")
    fitting = [row for row in found.select_related(*related) if scope_of(row) in ranks]
    fitting.sort(key=lambda row: (ranks[scope_of(row)], -row.valid_from.timestamp(), -row.pk))
    won = Book([place.operator_id], until=at).find(place, at, who).assignment_id
    seen: set[Scope] = set()
    told = []
    for row in fitting:
        told.append(Considered(row, _verdict(row, won, scope_of(row) in seen)))
        seen.add(scope_of(row))
    return told


def _verdict(row: TariffAssignment, won: int | None, replaced: bool) -> Verdict:
    if row.pk == won:
        return Verdict.WON
    if replaced:
        return Verdict.REPLACED
    return Verdict.OUTRANKED if row.tariff_id else Verdict.ENDED


def scope_of(row: TariffAssignment) -> Scope:
    return Scope(*(getattr(row, name) for name in SCOPE_COLUMNS))
