"""Builds the demo world: rows for companies, people, stations and prices, then sixty days of history through the same doors as
live data: `csms.handle` for what stations told, `rating` for what it cost."""

import gc
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Driver, Membership, Operator, Role, Token, User
from accounts.services import tokens
from billing.models import CDR
from cms import quiet
from cms.reports import rollup
from sessions_app.models import ChargingSession
from stations.models import EVSE, ChargingStation, ConnectionPeriod, Connector, Location, MeterKey
from stations.services import provisioning
from stations.simulator import signing
from stations.simulator.battery import car
from stations.vocabulary.values import StationRef

from . import (
    cast,
    documents,
    history,
    losses,
    money,
    month_end,
    opinions,
    passwords,
    plans,
    prices,
    purses,
    retelling,
    saved,
    strangers,
    troubles,
)
from .cast import Company, Person
from .history import Past, Pockets, Wanted
from .places import Hardware, Place, Station

logger = logging.getLogger(__name__)

DAYS = 60
SEED = 42
FORGOTTEN = "990017"  # a transaction that nobody here began
SLICES = (
    (timedelta(hours=4), timedelta(minutes=15)),
    (timedelta(hours=30), timedelta(hours=1)),
    (timedelta(days=8), timedelta(days=1)),
    (timedelta.max, timedelta(days=4)),
)
"""What is younger than the first is told in slices of the second: lists of rows are in the order of time where people look."""


class Built(NamedTuple):
    """One company's rows, as the history needs them."""

    company: Company
    operator: Operator
    refs: dict[str, StationRef]
    cards: dict[str, str]  # e-mail → the card people carry
    near: dict[str, list[str]]  # place → cards of those who live there


def exists() -> bool:
    return Operator.objects.filter(slug=cast.RETE.slug).exists()


def build(*, now: datetime | None = None, days: int = DAYS) -> dict[str, int]:
    """Everything or nothing. Returns what was made, by name."""
    now = (now or timezone.now()).replace(microsecond=0)
    start = (now - timedelta(days=days)).replace(hour=0, minute=0, second=0)
    with _no_collector(), quiet.announcements(), transaction.atomic():
        password = make_password(cast.PASSWORD)
        companies = [_company(company, password, start) for company in cast.COMPANIES]
        _retell(companies, start, now, random.Random(SEED))  # noqa: S311 - the same past each time
        ChargingSession.objects.filter(operator__in=[c.operator for c in companies]).update(created_at=F("started_at"))
        saved.save(Operator.objects.get(slug=cast.RETE.slug), now)
        strangers.create(Operator.objects.get(slug=cast.RETE.slug), now)
        plans.create(Operator.objects.get(slug=cast.RETE.slug), start, now)
        purses.create(Operator.objects.get(slug=cast.RETE.slug), start, now)
        money.settle(start, now)
        saved.hold(Operator.objects.get(slug=cast.RETE.slug), now)
        saved.pay_out(Operator.objects.get(slug=cast.RETE.slug), now)
        documents.tell()
        opinions.give(now)
    _analyze()
    _roll_up(start, now)
    losses.remember(since=start, now=now)
    with quiet.announcements():
        month_end.tell(start, now)
    return {
        "stations": ChargingStation.objects.count(),
        "sessions": ChargingSession.objects.count(),
        "CDRs": CDR.objects.count(),
    }


@contextmanager
def _no_collector() -> Iterator[None]:
    """Half a million small values and no cycles: looking for garbage costs a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


# ---- rows ------------------------------------------------------------------------------------------------------------


def _company(company: Company, password: str, start: datetime) -> Built:
    operator = Operator.objects.create(
        slug=company.slug,
        name=company.name,
        party_id=company.party_id,
        legal_name=company.legal_name,
        vat_number=company.vat_number,
        fiscal_code=company.vat_number[2:],
        address=company.address,
        postal_code=company.postal_code,
        city=company.city,
        province=company.province,
        iban=company.iban,
        support_phone=company.support_phone,
        support_email=company.support_email,
    )
    for person, role in company.members:
        Membership.objects.create(user=_user(person, password), operator=operator, role=role)
    tariffs = prices.create(operator, start)
    refs: dict[str, StationRef] = {}
    for place in company.places:
        location = _location(place, operator)
        prices.assign(tariffs[place.tariff], operator, location, start)
        for station in place.stations:
            refs[station.identity] = _station(station, operator, location)
    cards, near = _drivers(company, operator, password)
    return Built(company, operator, refs, cards, near)


def _user(person: Person, password: str) -> User:
    user, new = User.objects.get_or_create(
        email=person.email,
        defaults={
            "first_name": person.first,
            "last_name": person.last,
            "password": password,
            "language": person.language,
        },
    )
    if new:
        EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)
    return user


def _location(place: Place, operator: Operator) -> Location:
    return Location.objects.create(
        operator=operator,
        name=place.name,
        address=place.address,
        postal_code=place.postal_code,
        city=place.city,
        province=place.province,
        latitude=place.latitude,
        longitude=place.longitude,
        opening_hours=place.opening_hours,
    )


def _station(station: Station, operator: Operator, location: Location) -> StationRef:
    row = provisioning.create(
        operator=operator,
        identity=station.identity,
        name=station.name,
        location=location,
        password=passwords.of(station.identity),
        by=None,
    )
    return StationRef(row.pk, operator.pk, row.identity)


def _drivers(company: Company, operator: Operator, password: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    cards: dict[str, str] = {}
    near: dict[str, list[str]] = {place.name: [] for place in company.places}
    homes = [place.name for place in company.places for _ in place.stations]
    for number, person in enumerate(company.drivers):
        driver = _driver(person, operator, password, number)
        card = f"04{(number * 7919 + 11) % 0xFFFFFF:06X}{cast.COMPANIES.index(company):02X}{number:02X}80"
        tokens.create(operator=operator, id_tag=card, by=None, driver=driver, type="ISO14443", label=_label(person))
        tokens.issue_app_token(driver=driver)
        cards[person.email] = card
        near[homes[number % len(homes)]].append(card)
    if company is cast.RETE:
        some = company.places[::3]
        for place, uid in zip(some, strangers.cards(operator, len(some)), strict=True):
            near[place.name].append(uid)
    _odd_tokens(operator)
    return cards, near


def _driver(person: Person, operator: Operator, password: str, number: int) -> Driver:
    billing = {}
    if operator.party_id == cast.RETE.party_id and 3 <= number < 3 + len(cast.COMPANY_CARS):
        name, vat, address, postal_code, city, province = cast.COMPANY_CARS[number - 3]
        billing = {
            "billing_name": name, "vat_number": vat, "fiscal_code": vat[2:], "address": address,
            "postal_code": postal_code, "city": city, "province": province, "sdi_code": "0000000",
        }  # fmt: skip
    return Driver.objects.create(operator=operator, user=_user(person, password), **billing)


def _label(person: Person) -> str:
    return f"{person.first} {person.last}"


def _odd_tokens(operator: Operator) -> None:
    """One of each kind that is refused, and a pool card that several vans share."""
    made = f"{operator.pk:02X}"
    tokens.create(
        operator=operator, id_tag=f"04B10C{made}", by=None, label="Persa a Rimini", status=Token.Status.BLOCKED
    )
    tokens.create(
        operator=operator,
        id_tag=f"04E0D0{made}",
        by=None,
        label="Prova 2024",
        expires_at=timezone.now() - timedelta(days=40),
    )
    tokens.create(operator=operator, id_tag=f"04F1EE{made}", by=None, label="Furgoni", max_active_sessions=None)


# ---- the past --------------------------------------------------------------------------------------------------------


def _retell(companies: Sequence[Built], start: datetime, now: datetime, rng: random.Random) -> None:
    stations = [station for built in companies for place in built.company.places for station in place.stations]
    pockets = {identity: pocket for built in companies for identity, pocket in _pockets(built, now, rng).items()}
    wanted = [wish for built in companies for wish in _wanted(built)]
    past = history.make(stations, pockets, start=start, now=now, rng=rng, wanted=wanted)
    troubles.spoil(past, now=now)
    refs = {identity: ref for built in companies for identity, ref in built.refs.items()}
    hardware = {station.identity: station.hardware for station in stations}
    teller = retelling.Teller(refs, past)
    teller.boot(start, stations)
    teller.tell(_borders(start, now))
    if lost := troubles.stray(past, now=now):
        teller.tell_end(lost, FORGOTTEN)
    _connections(refs, past, hardware, start, now)
    _nameplates(refs, hardware)
    _meter_keys(refs, stations, start)


def _pockets(built: Built, now: datetime, rng: random.Random) -> dict[str, Pockets]:
    tomorrow = now + timedelta(days=1)
    busy = {wish.token: [(now - wish.since - timedelta(hours=1), tomorrow)] for wish in _wanted(built)}
    everybody = list(built.cards.values())
    return {
        station.identity: Pockets(rng, built.near[place.name], everybody, busy)
        for place in built.company.places
        for station in place.stations
    }


def _wanted(built: Built) -> list[Wanted]:
    """Who charges just now: a demonstration may begin in the middle of the night."""
    return [
        Wanted(
            identity, socket, built.cards[person.email], timedelta(minutes=minutes), car(kind, soc=soc, target=target)
        )
        for identity, socket, person, minutes, (kind, soc, target) in cast.CHARGING_NOW
        if identity in built.refs
    ]


def _borders(start: datetime, now: datetime) -> list[datetime]:
    """Each slice is told before the next, so that newer charges are newer rows; the newer, the finer."""

    def steps() -> Iterator[datetime]:
        at = start
        while at < now:
            yield at
            at += next(step for since, step in SLICES if now - at < since)

    return list(steps())


def _connections(
    refs: Mapping[str, StationRef], past: Past, hardware: Mapping[str, Hardware], start: datetime, now: datetime
) -> None:
    """A handshake has no history, so the periods are written as the door would have written them."""
    for identity, ref in refs.items():
        periods = list(retelling.online(past.outages[identity], start, now))
        ConnectionPeriod.objects.bulk_create(
            ConnectionPeriod(
                station_id=ref.id,
                epoch=number,
                version=hardware[identity].version,
                gateway="demo",
                connected_at=since,
                disconnected_at=until,
            )
            for number, (since, until) in enumerate(periods, start=1)
        )
        ChargingStation.objects.filter(pk=ref.id).update(
            epoch=len(periods),
            ocpp_version=hardware[identity].version,
            last_seen=periods[-1][1],
            offline_since=periods[-1][1],
            last_boot=start,
            created_at=start,
        )


def _nameplates(refs: Mapping[str, StationRef], hardware: Mapping[str, Hardware]) -> None:
    """What an installer types in: power and plugs are on no message of 1.6."""
    for model in set(hardware.values()):
        ids = [refs[identity].id for identity, own in hardware.items() if own is model]
        EVSE.objects.filter(station__in=ids).update(power_type=model.power_type, max_power_w=model.max_w)
        Connector.objects.filter(evse__station__in=ids).update(standard=model.standard)


def _meter_keys(refs: Mapping[str, StationRef], stations: Sequence[Station], start: datetime) -> None:
    """What the technician read from the labels of the meters that sign."""
    signing_ones = {refs[station.identity].id: station.identity for station in stations if station.signs}
    evses = EVSE.objects.filter(station__in=signing_ones).select_related("station")
    MeterKey.objects.bulk_create(
        MeterKey(
            evse=evse,
            public_key=signing.public_key(signing_ones[evse.station_id], evse.evse_id),
            meter_serial=signing.serial(signing_ones[evse.station_id], evse.evse_id),
            valid_from=start,
            added_by=User.objects.filter(
                memberships__operator=evse.station.operator_id, memberships__role=Role.TECHNICIAN
            ).first(),
        )
        for evse in evses
    )


# ---- afterwards ---------------------------------------------------------------------------------------------------------


def _roll_up(start: datetime, now: datetime) -> None:
    """Week by week: each charge is compared with every change of its window."""
    since = start
    while since < now:
        until = min(since + timedelta(days=7), now)
        rollup.hourly(since=since, until=until)
        since = until
    rollup.revenue(since=start.date(), until=now.date())


def _analyze() -> None:
    """Otherwise queries are planned for the empty tables of before."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
