"""Which price applies, and what a charge costs so far.

A session keeps the version it started with, because both lookups are pure functions of the moment of its start: the location's
assignment valid then (else the operator's default), and that tariff's version valid then.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Q

from billing.models import TariffAssignment, TariffVersion
from billing.tariffs import engine, parsing, rounding, trace, words
from billing.tariffs.breakdown import Breakdown
from billing.tariffs.model import Tariff
from billing.tariffs.periods import Period, State
from sessions_app import selectors
from sessions_app.models import ChargingSession


class Place(NamedTuple):
    """What a price is looked up by."""

    operator_id: int
    location_id: int | None


def tariff_for(*, location_id: int | None, operator_id: int, at: datetime) -> TariffVersion | None:
    """The version that prices a session of this place starting at `at`; None: nobody set a price, so it is free."""
    place = Place(operator_id, location_id)
    return tariffs_for([place], at=at)[place]


def tariffs_for(places: Iterable[Place], *, at: datetime) -> dict[Place, TariffVersion | None]:
    """The same for many places at one moment, in two queries."""
    wanted = list(dict.fromkeys(places))
    operators = sorted({place.operator_id for place in wanted})
    assignments = _assignments(operators, until=at)
    tariffs = {place: _assigned(assignments, place, at) for place in wanted}
    versions = _versions({tariff for tariff in tariffs.values() if tariff}, until=at)
    return {place: _valid(versions.get(tariff or 0, []), at) for place, tariff in tariffs.items()}


class Book:
    """All prices of some operators at all times, for rating many sessions without asking again."""

    def __init__(self, operator_ids: Iterable[int]) -> None:
        self.operators = sorted(set(operator_ids))
        self._assignments = _assignments(self.operators)
        tariffs = {entry.tariff_id for entries in self._assignments.values() for entry in entries if entry.tariff_id}
        self._versions = _versions(tariffs)

    def version(self, place: Place, at: datetime) -> TariffVersion | None:
        tariff = _assigned(self._assignments, place, at)
        return _valid(self._versions.get(tariff or 0, []), at)


def parsed(version: TariffVersion) -> Tariff:
    """The version as the engine reads it. Cached by content, so it can never be stale."""
    return _parsed(version.elements, version.currency, version.tax_included, version.min_price, version.max_price)


def describe(version: TariffVersion, language: str) -> str:
    """One sentence: "0,55 €/kWh, IVA inclusa; sosta 0,10 €/min dopo 15 min"."""
    return words.sentence(parsed(version), language)


def version_of(session: ChargingSession) -> TariffVersion | None:
    """The price the session started with."""
    return tariff_for(location_id=session.location_id, operator_id=session.operator_id, at=session.started_at)


def running_cost(session: ChargingSession) -> Breakdown | None:
    """Exact cost of a session up to its last reading; None without a tariff. Round with `tariffs.rounding.settle`."""
    return running_costs([session]).get(session.pk)


def running_costs(sessions: Sequence[ChargingSession]) -> dict[int, Breakdown]:
    """The same for many, in five queries, by primary key; sessions without a tariff are left out. `settings.SESSION_PRICER`."""
    book = Book(session.operator_id for session in sessions)
    known = [(s, book.version(Place(s.operator_id, s.location_id), s.started_at)) for s in sessions]
    priced = [(session, version) for session, version in known if version is not None]
    told = periods_by_session([session for session, _version in priced])
    before = earlier_by_session([session for session, _version in priced])
    return {
        s.pk: engine.price(parsed(version), told[s.pk], zone_of(s), after=before.get(s.pk, ())) for s, version in priced
    }


def quote(version: TariffVersion, periods: Iterable[Period], zone: ZoneInfo) -> trace.Trace:
    """What these periods would cost, rounded as a receipt is."""
    return explained(version, periods, zone)[1]


def explained(
    version: TariffVersion, periods: Iterable[Period], zone: ZoneInfo, *, after: Iterable[Period] = ()
) -> tuple[Breakdown, trace.Trace]:
    """`after`: the stretches of earlier charges of the same visit."""
    tariff = parsed(version)
    breakdown = engine.price(tariff, periods, zone, after=after)
    return breakdown, trace.of(tariff, breakdown, rounding.settle(breakdown))


def periods_of(session: ChargingSession) -> list[Period]:
    """The session's stretches, from its evidence."""
    return periods_by_session([session])[session.pk]


def periods_by_session(sessions: Sequence[ChargingSession]) -> dict[int, list[Period]]:
    """The same for many, in two queries. A session in which no time passed is one moment with all its energy."""
    told = selectors.charging_periods_by_session(sessions)
    return {
        session.pk: [_to_period(period) for period in told[session.pk]] or [_moment(session)] for session in sessions
    }


def earlier_by_session(sessions: Sequence[ChargingSession]) -> dict[int, list[Period]]:
    """The stretches of the charges that each one continues (quirk 48); without an entry there are none. One query where there
    are none at all."""
    visits = selectors.earlier_by_session(sessions)
    told = (
        periods_by_session(list({one.pk: one for chain in visits.values() for one in chain}.values())) if visits else {}
    )
    return {pk: [period for one in chain for period in told[one.pk]] for pk, chain in visits.items()}


def _to_period(told: selectors.ChargingPeriod) -> Period:
    return Period(told.start, told.end, State(told.state), told.energy_wh, told.power_w)


def _moment(session: ChargingSession) -> Period:
    return Period(session.started_at, session.started_at, State.CHARGING, session.energy)


def zone_of(session: ChargingSession) -> ZoneInfo:
    """The site's time zone, which tariffs and receipts speak; the operator's where the site is unknown."""
    return zone((session.location or session.operator).time_zone)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # typed by a person, and a wrong zone must not stop the billing
        return ZoneInfo("Europe/Rome")


# ---- lookups -------------------------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    valid_from: datetime
    tariff_id: int | None


def _assignments(operator_ids: list[int], *, until: datetime | None = None) -> dict[Place, list[_Entry]]:
    """By place (default: location None), newest first."""
    rows = TariffAssignment.objects.filter(operator__in=operator_ids)
    if until is not None:
        rows = rows.filter(valid_from__lte=until)
    found: dict[Place, list[_Entry]] = {}
    columns = ("operator_id", "location_id", "valid_from", "tariff_id")
    for operator, location, valid_from, tariff in rows.order_by("-valid_from", "-id").values_list(*columns):
        found.setdefault(Place(operator, location), []).append(_Entry(valid_from, tariff))
    return found


def _assigned(assignments: Mapping[Place, list[_Entry]], place: Place, at: datetime) -> int | None:
    for where in (place, Place(place.operator_id, None)):
        newest = next((entry for entry in assignments.get(where, ()) if entry.valid_from <= at), None)
        if newest and newest.tariff_id:
            return newest.tariff_id
    return None


def _versions(tariff_ids: set[int], *, until: datetime | None = None) -> dict[int, list[TariffVersion]]:
    """By tariff, newest first."""
    valid = Q() if until is None else Q(valid_from__lte=until)
    rows = TariffVersion.objects.filter(valid, tariff__in=sorted(tariff_ids)).order_by("-valid_from", "-number")
    found: dict[int, list[TariffVersion]] = {}
    for version in rows:
        found.setdefault(version.tariff_id, []).append(version)
    return found


def _valid(versions: list[TariffVersion], at: datetime) -> TariffVersion | None:
    return next((version for version in versions if version.valid_from <= at), None)


@lru_cache(maxsize=512)
def _parsed(
    elements: str, currency: str, tax_included: bool, min_price: Decimal | None, max_price: Decimal | None
) -> Tariff:
    return parsing.tariff(
        parsing.loads(elements), currency=currency, tax_included=tax_included, min_price=min_price, max_price=max_price
    )
