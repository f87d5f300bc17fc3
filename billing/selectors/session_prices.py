"""The price that each session began with: read where it is kept, looked up where it is not yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from accounts.models import DriverGroup, Token
from billing.models import SessionPrice, TariffVersion
from billing.selectors.assignments import Book, Place, Who
from billing.services.fleets import companies
from billing.services.recurring import allowances
from sessions_app.models import ChargingSession, StartRequest
from stations.models import EVSE


class Agreed(NamedTuple):
    """`at` is the moment that was looked up; `asked`: when a remote start was asked for, else the session's start. `kept`: it is
    written down already."""

    at: datetime
    asked: bool
    who: Who
    place: Place
    assignment_id: int | None
    version: TariffVersion | None
    kept: bool


def of(sessions: Sequence[ChargingSession]) -> dict[int, Agreed]:
    """By session, in one query where all are kept, in eight else. Where the start of a session was corrected since, its price is
    looked up anew, for the same person."""
    kept = _kept(sessions)
    open_ = [session for session in sessions if not _holds(kept.get(session.pk), session)]
    return kept | (_looked_up(open_, kept) if open_ else {})


def _holds(agreed: Agreed | None, session: ChargingSession) -> bool:
    return agreed is not None and (agreed.asked or agreed.at == session.started_at)


def _kept(sessions: Sequence[ChargingSession]) -> dict[int, Agreed]:
    found = SessionPrice.objects.filter(session__in=[session.pk for session in sessions]).select_related("version")
    return {
        row.pk: Agreed(
            row.at, row.asked, who_of(row.who), place_of(row.place), row.assignment_id, row.version, kept=True
        )
        for row in found
    }


def _looked_up(sessions: Sequence[ChargingSession], kept: Mapping[int, Agreed]) -> dict[int, Agreed]:
    starts = _starts(sessions)
    people = _people([session for session in sessions if session.pk not in kept], starts)
    places = _places(sessions)
    book = Book(session.operator_id for session in sessions)
    found = {}
    for session in sessions:
        start = starts.get(session.pk)
        at = start.at if start else session.started_at
        before = kept.get(session.pk)
        who, place = (before.who, before.place) if before else (people[session.pk], places[session.pk])
        assignment, version = book.find(place, at, who)
        if start and start.shown is not None and version is not None and start.shown != version.pk:
            version = TariffVersion.objects.get(
                pk=start.shown
            )  # published between the tap and the start: what was shown binds
        found[session.pk] = Agreed(at, start is not None, who, place, assignment, version, kept=False)
    return found


# ---- who and where -------------------------------------------------------------------------------------------------


class _Start(NamedTuple):
    """A remote start: when it was asked for; of a charge without an account the version that was shown."""

    at: datetime
    ad_hoc: bool
    shown: int | None


def _starts(sessions: Sequence[ChargingSession]) -> dict[int, _Start]:
    columns = ("session_id", "created_at", "adhoc_charge__pk", "adhoc_charge__tariff_version_id")
    found = StartRequest.objects.filter(session__in=[session.pk for session in sessions]).order_by("-pk")
    return {session: _Start(at, adhoc is not None, shown) for session, at, adhoc, shown in found.values_list(*columns)}


def _people(sessions: Sequence[ChargingSession], starts: Mapping[int, _Start]) -> dict[int, Who]:
    groups = groups_of({session.driver_id for session in sessions if session.driver_id})
    paid_for = companies.payers(sessions)
    held = allowances.plans_of([session for session in sessions if session.pk not in paid_for])
    direct = _paid_at_the_station({session.token_id for session in sessions if session.token_id})
    found = {}
    for session in sessions:
        start = starts.get(session.pk)
        ad_hoc = (start is not None and start.ad_hoc) or session.token_id in direct
        driver = session.driver_id
        found[session.pk] = Who(driver, groups.get(driver or 0, frozenset()), held.get(session.pk), ad_hoc=ad_hoc)
    return found


def groups_of(drivers: set[int]) -> dict[int, frozenset[int]]:
    """The groups that drivers belong to now."""
    if not drivers:
        return {}
    found: dict[int, set[int]] = {}
    links = DriverGroup.drivers.through.objects.filter(driver__in=drivers)
    for driver, group in links.values_list("driver_id", "drivergroup_id"):
        found.setdefault(driver, set()).add(group)
    return {driver: frozenset(ids) for driver, ids in found.items()}


def _paid_at_the_station(tokens: set[int]) -> set[int]:
    """Card terminals (OCPP 2.1 C23) present a token of this type."""
    direct = Token.objects.filter(pk__in=tokens, type=Token.Type.DIRECT_PAYMENT, driver=None)
    return set(direct.values_list("pk", flat=True)) if tokens else set()


def _places(sessions: Sequence[ChargingSession]) -> dict[int, Place]:
    stations = sorted({session.station_id for session in sessions})
    known = EVSE.objects.filter(station__in=stations).values_list("station_id", "evse_id", "pk", "power_type")
    evses = {(station, number): (pk, power) for station, number, pk, power in known}
    return {
        s.pk: Place(s.operator_id, s.location_id, s.station_id, *evses.get((s.station_id, s.evse_id or 0), (None, "")))
        for s in sessions
    }


# ---- text ----------------------------------------------------------------------------------------------------------


def who_text(who: Who) -> str:
    facts = {
        "driver": who.driver_id,
        "groups": sorted(who.group_ids),
        "plan": who.plan_id,
        "partner": who.partner,
        "ad_hoc": who.ad_hoc,
    }
    return orjson.dumps({name: value for name, value in facts.items() if value}).decode()


def who_of(text: str) -> Who:
    given = orjson.loads(text)
    return Who(
        given.get("driver"),
        frozenset(given.get("groups", ())),
        given.get("plan"),
        given.get("partner", ""),
        given.get("ad_hoc", False),
    )


def place_text(place: Place) -> str:
    return orjson.dumps([*place]).decode()


def place_of(text: str) -> Place:
    return Place(*orjson.loads(text))
