"""Which price applies, and what a charge costs so far.

`billing.selectors.assignments` says which of several prices wins. A session keeps the one it started with: what was looked up is
written down at its start (`SessionPrice`), for the groups and the plan that its driver had then.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from accounts.models import Driver, User
from billing.models import TariffVersion
from billing.selectors import calendars, session_prices
from billing.selectors.assignments import AD_HOC, ANYBODY, Book, Place, Who
from billing.selectors.visits import Visits
from billing.services.charges import terms as grants
from billing.services.recurring import allowances
from billing.tariffs import engine, parsing, rounding, trace, words
from billing.tariffs import terms as reliefs
from billing.tariffs.breakdown import ALONE, Breakdown, Earlier
from billing.tariffs.model import Tariff
from billing.tariffs.periods import Period, State
from billing.tariffs.terms import Granted
from sessions_app import selectors
from sessions_app.models import ChargingSession
from stations.models import EVSE

__all__ = ["AD_HOC", "ANYBODY", "Book", "Place", "Who"]


def tariff_for(
    *,
    operator_id: int,
    location_id: int | None,
    at: datetime,
    station_id: int | None = None,
    evse_id: int | None = None,
    power_type: str = "",
    who: Who = ANYBODY,
) -> TariffVersion | None:
    """The version that prices a session of this place and person starting at `at`; None: nobody set a price, so it is free.
    `evse_id` is the primary key, not the number at the station."""
    place = Place(operator_id, location_id, station_id, evse_id, power_type)
    return tariffs_for([place], at=at, who={operator_id: who})[place]


def tariffs_for(
    places: Iterable[Place], *, at: datetime, who: Mapping[int, Who] = MappingProxyType({})
) -> dict[Place, TariffVersion | None]:
    """The same for many places at one moment, in two queries. `who` by operator: a person is another Driver at each."""
    wanted = list(dict.fromkeys(places))
    book = Book((place.operator_id for place in wanted), until=at)
    return {place: book.version(place, at, who.get(place.operator_id, ANYBODY)) for place in wanted}


def for_evse(evse: EVSE, *, at: datetime, who: Who = ANYBODY) -> TariffVersion | None:
    """The price at a socket."""
    place = place_of(evse)
    return tariffs_for([place], at=at, who={place.operator_id: who})[place]


def place_of(evse: EVSE) -> Place:
    station = evse.station
    return Place(station.operator_id, station.location_id, station.pk, evse.pk, evse.power_type)


def whos_of(user: User | None) -> dict[int, Who]:
    """Who a signed-in person is at each operator now: groups and plan. A query, and one more for each operator."""
    drivers = list(Driver.objects.filter(user=user)) if user is not None and user.pk else []
    groups = session_prices.groups_of({driver.pk for driver in drivers})
    return {driver.operator_id: _who(driver, groups.get(driver.pk, frozenset())) for driver in drivers}


def _who(driver: Driver, groups: frozenset[int]) -> Who:
    plan = allowances.plan_now(operator_id=driver.operator_id, driver_id=driver.pk)
    return Who(driver.pk, groups, plan)


def parsed(version: TariffVersion) -> Tariff:
    """The version as the engine reads it. Cached by content, so it can never be stale."""
    return _parsed(version.elements, version.currency, version.tax_included, version.min_price, version.max_price)


def describe(version: TariffVersion, language: str) -> str:
    """One sentence: "0,55 €/kWh, IVA inclusa; sosta 0,10 €/min dopo 15 min"."""
    return words.sentence(parsed(version), language)


def version_of(session: ChargingSession) -> TariffVersion | None:
    """The price the session started with."""
    return session_prices.of([session])[session.pk].version


def running_cost(session: ChargingSession) -> Breakdown | None:
    """Exact cost of a session up to its last reading; None without a tariff. Round with `tariffs.rounding.settle`."""
    return running_costs([session]).get(session.pk)


def running_costs(sessions: Sequence[ChargingSession]) -> dict[int, Breakdown]:
    """The same for many, in a fixed number of queries, by primary key; sessions without a tariff are left out.
    `settings.SESSION_PRICER`."""
    return {pk: running.breakdown for pk, running in _running(sessions).items()}


class Running(NamedTuple):
    """What a session costs so far, and what plans and codes give it."""

    version: TariffVersion
    breakdown: Breakdown
    granted: Granted

    @property
    def trace(self) -> trace.Trace:
        """Rounded as a receipt is."""
        return trace.of(parsed(self.version), self.breakdown, rounding.settle(self.breakdown))


def so_far(session: ChargingSession) -> Running | None:
    """If it ended now; None without a tariff."""
    return _running([session]).get(session.pk)


def _running(sessions: Sequence[ChargingSession]) -> dict[int, Running]:
    visits = visits_of(sessions)
    if before := visits.unrated({session.pk for session in sessions}):
        found = _running([*before, *sessions])
        return {session.pk: found[session.pk] for session in sessions if session.pk in found}
    agreed = session_prices.of(sessions)
    priced = [s for s in sessions if agreed[s.pk].version is not None]
    told, granted = periods_by_session(priced), grants.for_sessions(priced, lock=False)
    found = {}
    for session in in_order(priced):
        version = agreed[session.pk].version
        assert version is not None
        tariff, given = parsed(version), granted.of(session.pk)
        breakdown = priced_by(
            tariff,
            told[session.pk],
            zone_of(session),
            earlier=visits.before(session.pk, version.pk, tariff),
            holidays=holidays_of(session, version),
            granted=given,
        )
        visits.add(session.pk, version.pk, breakdown)
        granted.took(given, breakdown)
        found[session.pk] = Running(version, breakdown, given)
    return found


def in_order(sessions: Iterable[ChargingSession]) -> list[ChargingSession]:
    """As charges are priced: what a plan includes, and what a visit pays once, goes to the one that began first."""
    return sorted(sessions, key=lambda session: (session.started_at, session.pk))


def quote(
    version: TariffVersion, periods: Iterable[Period], zone: ZoneInfo, *, holidays: Container[date] = frozenset()
) -> trace.Trace:
    """What these periods would cost, rounded as a receipt is."""
    return explained(version, periods, zone, holidays=holidays)[1]


def reservation(
    version: TariffVersion,
    *,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    expired: bool,
    holidays: Container[date] = frozenset(),
) -> trace.Trace:
    """What a reservation costs by itself: `expired` where no charge followed (then RESERVATION_EXPIRES elements come first). One
    that was used is a RESERVATION period among those of its charge."""
    tariff = parsed(version)
    told = [Period(start, end, State.RESERVATION)]
    breakdown = engine.price(tariff, told, zone, reservation_expired=expired, holidays=holidays)
    return trace.of(tariff, breakdown, rounding.settle(breakdown))


def explained(
    version: TariffVersion,
    periods: Iterable[Period],
    zone: ZoneInfo,
    *,
    earlier: Earlier = ALONE,
    holidays: Container[date] = frozenset(),
    granted: Granted = (),
) -> tuple[Breakdown, trace.Trace]:
    """`earlier`: the charges of the same visit before; `granted`: what plans and codes give."""
    tariff = parsed(version)
    breakdown = priced_by(tariff, periods, zone, earlier=earlier, holidays=holidays, granted=granted)
    return breakdown, trace.of(tariff, breakdown, rounding.settle(breakdown))


def priced_by(
    tariff: Tariff,
    periods: Iterable[Period],
    zone: ZoneInfo,
    *,
    earlier: Earlier = ALONE,
    holidays: Container[date] = frozenset(),
    granted: Granted = (),
) -> Breakdown:
    """The engine, and the reliefs on what it finds."""
    breakdown = engine.price(tariff, periods, zone, earlier=earlier, holidays=holidays)
    return reliefs.apply(tariff, breakdown, granted)


def periods_of(session: ChargingSession) -> list[Period]:
    """The session's stretches, from its evidence."""
    return periods_by_session([session])[session.pk]


def periods_by_session(sessions: Sequence[ChargingSession]) -> dict[int, list[Period]]:
    """The same for many, in two queries. A session in which no time passed is one moment with all its energy."""
    told = selectors.charging_periods_by_session(sessions)
    return {
        session.pk: [_to_period(period) for period in told[session.pk]] or [_moment(session)] for session in sessions
    }


def visits_of(sessions: Sequence[ChargingSession]) -> Visits:
    """The charges that each one continues (quirk 48), and what they cost. One query where there are none at all."""
    chains = selectors.earlier_by_session(sessions)
    members = {one.pk: one for chain in chains.values() for one in chain}
    return Visits(chains, periods_by_session(list(members.values())) if members else {})


def _to_period(told: selectors.ChargingPeriod) -> Period:
    current = None if told.current_ma is None else Decimal(told.current_ma) / 1000
    return Period(told.start, told.end, State(told.state), told.energy_wh, told.power_w, current)


def _moment(session: ChargingSession) -> Period:
    return Period(session.started_at, session.started_at, State.CHARGING, session.energy)


def zone_of(session: ChargingSession) -> ZoneInfo:
    """The site's time zone, which tariffs and receipts speak; the operator's where the site is unknown."""
    return zone((session.location or session.operator).time_zone)


def holidays_of(session: ChargingSession, version: TariffVersion) -> Container[date]:
    """The site's public holidays, for a tariff that asks for them."""
    if not parsed(version).knows_holidays:
        return frozenset()
    return calendars.of(session.location)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # typed by a person, and a wrong zone must not stop the billing
        return ZoneInfo("Europe/Rome")


@lru_cache(maxsize=512)
def _parsed(
    elements: str, currency: str, tax_included: bool, min_price: Decimal | None, max_price: Decimal | None
) -> Tariff:
    return parsing.tariff(
        parsing.loads(elements), currency=currency, tax_included=tax_included, min_price=min_price, max_price=max_price
    )
