"""Which of several prices applies, and that a session keeps the one it began with."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from accounts.models import Driver, DriverGroup, Operator, User
from billing import pricing
from billing.models import CDR, SessionPrice, Tariff, TariffAssignment, TariffVersion
from billing.selectors import assignments, calendars
from billing.services.charges import rating, rerating
from billing.services.prices import assigning, session_prices, tariffs
from cms.core.errors import Invalid
from sessions_app.models import ChargingSession, StartRequest
from stations.models import EVSE, ChargingStation, Command
from tests.factories import LocationFactory, StationFactory
from tests.factories import plans as made
from tests.factories.billing import LONG_AGO, TariffAssignmentFactory, TariffFactory, TariffVersionFactory, element

pytestmark = pytest.mark.django_db

Ended = Callable[..., ChargingSession]
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def socket(station: ChargingStation, told: dict) -> EVSE:
    return EVSE.objects.create(station=station, evse_id=1, uid="IT*ADR*E0042*1", short_code="ABC234", power_type="DC")


@pytest.fixture
def taxi(operator: Operator, dario: Driver) -> DriverGroup:
    group = DriverGroup.objects.create(operator=operator, name="Taxi")
    group.drivers.add(dario)
    return group


def costs(operator: Operator, euros: str, *, since: datetime = LONG_AGO, **scope: Any) -> TariffVersion:
    version: TariffVersion = TariffVersionFactory(
        tariff=TariffFactory(operator=operator), elements=[element("ENERGY", euros)]
    )
    TariffAssignmentFactory(operator=operator, tariff=version.tariff, valid_from=since, **scope)
    return version


def test_the_closer_place_wins_then_the_named_power_type(operator: Operator, socket: EVSE) -> None:
    station = socket.station
    scopes: list[dict[str, Any]] = [
        {},
        {"power_type": "DC"},
        {"location": station.location},
        {"location": station.location, "power_type": "DC"},
        {"station": station},
        {"evse": socket},
    ]
    for place, scope in enumerate(scopes):
        version = costs(operator, f"0.{place + 10}", **scope)
        assert pricing.for_evse(socket, at=NOON) == version
    ac = EVSE(pk=99, station=StationFactory(operator=operator, location=station.location), power_type="AC_3_PHASE")
    assert pricing.for_evse(ac, at=NOON) == TariffVersion.objects.order_by("pk")[2]


def test_who_it_is_comes_before_where(operator: Operator, socket: EVSE, taxi: DriverGroup) -> None:
    plan = made.plan(operator).plan
    costs(operator, "0.60", evse=socket)
    adhoc, partner = costs(operator, "0.70", ad_hoc=True), costs(operator, "0.50", partner="IT*XYZ")
    group, planned = costs(operator, "0.40", driver_group=taxi), costs(operator, "0.30", plan=plan)
    known = pricing.Who(1, frozenset({taxi.pk}), plan.pk, "IT*XYZ", ad_hoc=True)
    for who, version in (
        (known, planned),
        (known._replace(plan_id=None), group),
        (known._replace(plan_id=None, group_ids=frozenset()), partner),
        (pricing.AD_HOC, adhoc),
    ):
        assert pricing.for_evse(socket, at=NOON, who=who) == version


def test_of_two_groups_the_newer_price_wins(operator: Operator, socket: EVSE, taxi: DriverGroup, dario: Driver) -> None:
    staff = DriverGroup.objects.create(operator=operator, name="Staff")
    new = costs(operator, "0.20", driver_group=staff, since=LONG_AGO + timedelta(days=1))
    costs(operator, "0.10", driver_group=taxi)
    both = pricing.Who(dario.pk, frozenset({taxi.pk, staff.pk}))
    assert pricing.for_evse(socket, at=NOON, who=both) == new


def test_an_assignment_without_a_tariff_ends_its_scope(operator: Operator, socket: EVSE) -> None:
    usual = costs(operator, "0.50")
    costs(operator, "0.90", station=socket.station)
    TariffAssignmentFactory(operator=operator, station=socket.station, valid_from=NOON)
    assert pricing.for_evse(socket, at=NOON) == usual
    looked = assignments.considered(pricing.place_of(socket), pricing.ANYBODY, NOON)
    assert [one.verdict for one in looked] == ["ended", "replaced", "won"]


def test_a_driver_pays_the_price_of_his_group(operator: Operator, ended: Ended, taxi: DriverGroup) -> None:
    costs(operator, "0.60")
    cheap = costs(operator, "0.40", driver_group=taxi)
    cdr = rating.rate(session_id=ended().pk)
    assert cdr is not None
    assert (cdr.tariff_version, cdr.total_incl_vat) == (cheap, 8)


def test_a_session_keeps_the_price_it_began_with(
    operator: Operator, ended: Ended, taxi: DriverGroup, dario: Driver
) -> None:
    """He leaves the group while he charges, and somebody writes a price into the past."""
    costs(operator, "0.40", driver_group=taxi)
    session = ended(status="active", stopped_at=None)
    assert session_prices.keep(session_ids=[session.pk]) == 1
    assert session_prices.keep(session_ids=[session.pk]) == 0
    taxi.drivers.clear()
    costs(operator, "0.99", driver_group=taxi, since=LONG_AGO + timedelta(days=9))
    ChargingSession.objects.filter(pk=session.pk).update(
        status="completed", stopped_at=session.started_at + timedelta(hours=1)
    )
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    assert cdr.total_incl_vat == 8
    assert list(rerating.verify(CDR.objects.all())) == []


def test_a_corrected_start_is_priced_anew_for_the_same_person(
    operator: Operator, ended: Ended, taxi: DriverGroup
) -> None:
    costs(operator, "0.40", driver_group=taxi)
    session = ended()
    session_prices.keep(session_ids=[session.pk])
    taxi.drivers.clear()
    later = costs(operator, "0.45", driver_group=taxi, since=session.started_at + timedelta(minutes=5))
    ChargingSession.objects.filter(pk=session.pk).update(started_at=session.started_at + timedelta(minutes=10))
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    assert cdr.tariff_version == later
    assert SessionPrice.objects.get().version == later


def test_what_was_shown_when_a_start_was_asked_for_binds(operator: Operator, ended: Ended, dario: Driver) -> None:
    session = ended()
    old = costs(operator, "0.50")
    asked_at = session.started_at - timedelta(seconds=40)
    TariffVersion.objects.create(
        tariff=old.tariff,
        number=2,
        valid_from=session.started_at - timedelta(seconds=1),
        elements=old.elements.replace("0.5", "0.9"),
    )
    with time_machine.travel(asked_at, tick=False):
        command = Command.objects.create(
            station=session.station, kind="RequestStart", payload="{}", created_at=asked_at
        )
        StartRequest.objects.create(
            operator=operator, station=session.station, evse_id=1, driver=dario, command=command, session=session,
            status="started", public_token="x", expires_at=asked_at,
        )  # fmt: skip
    session_prices.keep(session_ids=[session.pk])
    kept = SessionPrice.objects.get()
    assert (kept.version, kept.at, kept.asked) == (old, asked_at, True)


def test_ferragosto_has_its_price_and_a_changed_calendar_changes_no_record(
    operator: Operator, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    festive = [element("ENERGY", "0.30", holidays="only"), element("ENERGY", "0.60")]
    version = TariffVersionFactory(tariff=TariffFactory(operator=operator), elements=festive)
    TariffAssignmentFactory(operator=operator, tariff=version.tariff)
    cdr = rating.rate(session_id=ended(started_at=datetime(2026, 8, 15, 8, tzinfo=UTC)).pk)
    assert cdr is not None
    assert cdr.total_incl_vat == 6
    assert '"holidays":["2026-08-15"]' in cdr.snapshot
    monkeypatch.setattr(calendars, "_of_year", lambda *_: frozenset())
    assert list(rerating.verify(CDR.objects.all())) == []


def test_rating_many_costs_the_same_number_of_statements(
    operator: Operator, ended: Ended, taxi: DriverGroup, django_assert_max_num_queries: Any
) -> None:
    costs(operator, "0.40", driver_group=taxi)
    ids = [ended(started_at=NOON + timedelta(hours=2 * n)).pk for n in range(30)]
    with django_assert_max_num_queries(36):
        assert rating.rate_many(ids) == 30


def test_a_chunk_that_dies_leaves_nothing_and_the_next_run_takes_it_up(
    operator: Operator, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs(operator, "0.40")
    ids = [ended(started_at=NOON + timedelta(hours=2 * n)).pk for n in range(6)]
    monkeypatch.setattr(rating, "CHUNK", 2)
    announce, left = rating._announce, [1]

    def dies(told: Any) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        announce(told)

    monkeypatch.setattr(rating, "_announce", dies)
    with pytest.raises(KeyboardInterrupt):
        rating.rate_many(ids)
    assert (CDR.objects.count(), SessionPrice.objects.count()) == (2, 2)
    monkeypatch.setattr(rating, "_announce", announce)
    assert rating.rate_many(rating.unrated()) == 4
    assert rating.rate_many(ids) == 0
    assert CDR.objects.values("session").distinct().count() == CDR.objects.count() == 6


def test_a_reservation_that_expires_has_its_own_price(operator: Operator) -> None:
    """2 € an hour in steps of 10 minutes; nobody came: 4 € once instead."""
    held = element("TIME", "2", step=600, reservation="RESERVATION")
    missed = element("FLAT", "4", reservation="RESERVATION_EXPIRES")
    version = TariffVersionFactory(tariff=TariffFactory(operator=operator), elements=[held, missed])
    rome, end = pricing.zone("Europe/Rome"), NOON + timedelta(minutes=22)
    used, expired = (
        pricing.reservation(version, start=NOON, end=end, zone=rome, expired=expired) for expired in (False, True)
    )
    assert (used.incl_vat, expired.incl_vat) == (1, 5)


# ---- what may be assigned ------------------------------------------------------------------------------------------------


@pytest.fixture
def city(operator: Operator) -> Tariff:
    return costs(operator, "0.50").tariff


def test_one_place_and_one_kind_of_people(operator: Operator, city: Tariff, socket: EVSE, taxi: DriverGroup) -> None:
    here, count = socket.station, TariffAssignment.objects.count()
    for scope, field in (
        ({"location": here.location, "station": here}, "station"),
        ({"station": here, "evse": socket}, "evse"),
        ({"driver_group": taxi, "ad_hoc": True}, "ad_hoc"),
        ({"power_type": "AC"}, "power_type"),
    ):
        with pytest.raises(Invalid) as refused:
            assigning.assign(tariff=city, operator=operator, by=None, **scope)
        assert field in refused.value.fields
    with pytest.raises(IntegrityError), transaction.atomic():
        TariffAssignmentFactory(operator=operator, tariff=city, station=here, evse=socket)
    assert TariffAssignment.objects.count() == count


def test_nothing_of_others_is_named(
    operator: Operator, other_operator: Operator, city: Tariff, told: dict, olga: User
) -> None:
    theirs = StationFactory(operator=other_operator, location=LocationFactory(operator=other_operator))
    evse = EVSE.objects.create(station=theirs, evse_id=1, uid="IT*OTH*E1", short_code="OTHER2")
    group = DriverGroup.objects.create(operator=other_operator, name="Theirs")
    for scope in ({"station": theirs}, {"evse": evse}, {"driver_group": group}):
        with pytest.raises(Invalid):
            assigning.assign(tariff=city, operator=operator, by=olga, **scope)
    assert TariffAssignment.objects.count() == 1


def test_a_person_writes_no_price_into_the_past(operator: Operator, city: Tariff, olga: User) -> None:
    with pytest.raises(Invalid) as refused:
        assigning.assign(tariff=city, operator=operator, valid_from=LONG_AGO, by=olga)
    assert "valid_from" in refused.value.fields
    with pytest.raises(Invalid):
        tariffs.change(tariff=city, elements=[element("ENERGY", Decimal("0.01"))], valid_from=LONG_AGO, by=olga)
    assert (TariffAssignment.objects.count(), TariffVersion.objects.count()) == (1, 1)
