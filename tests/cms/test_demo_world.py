"""The demo world: made once, through the same doors as live data, and gone without a trace."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client

from accounts.models import Operator, Token, User
from accounts.services import tokens
from billing.models import CDR, AdhocCharge, AssuranceDay, Payment, TakingsEntry
from billing.selectors import takings
from cms.demo import cast, fleet, history, logins, passwords, uproot, world
from sessions_app.models import ChargingSession, Evidence
from stations.models import ChargingStation, Connector, Location
from stations.services import credentials
from tests.factories import StationFactory

NOW = datetime(2026, 3, 4, 14, 32, tzinfo=UTC)
DAYS = 2


@pytest.fixture(scope="module")
def made_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """One world for all tests of this file, in a transaction around theirs."""
    with django_db_blocker.unblock(), transaction.atomic():
        with time_machine.travel(NOW, tick=False):
            world.build(now=NOW, days=DAYS)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(made_once: None, db: None) -> None:
    """Each test changes it for itself only."""


def test_two_companies_with_places_stations_and_people(demo: None) -> None:
    rete = Operator.objects.get(slug="rete-adriatica")
    assert rete.has_legal_entity
    assert Location.objects.filter(operator=rete).count() >= 6
    assert ChargingStation.objects.filter(operator=rete).count() >= 24
    versions = set(ChargingStation.objects.filter(operator=rete).values_list("ocpp_version", flat=True))
    assert versions == {"1.6", "2.0.1"}
    assert Connector.objects.filter(status="Faulted").count() == 2
    assert User.objects.filter(email__in=[person.email for person, _who in logins.ROLES]).count() == len(logins.ROLES)


def test_every_charge_that_ended_was_rated_and_paid(demo: None) -> None:
    ended = ChargingSession.objects.ended()
    assert ended.count() > 50
    assert CDR.objects.count() == ended.count()
    assert not CDR.objects.unpaid().exists()
    paid = Payment.objects.filter(purpose="charge", later=False, cdr__isnull=False).select_related("cdr").first()
    assert paid
    assert paid.cdr
    assert (paid.amount, paid.created_at) == (paid.cdr.total_incl_vat, paid.cdr.created_at)
    assert all(amount == round(amount, 2) for amount in Payment.objects.values_list("amount", flat=True))


def test_strangers_paid_by_card_and_nobody_keeps_their_money(demo: None) -> None:
    strangers = Payment.objects.filter(purpose="adhoc")
    assert strangers.filter(status="captured").count() > 3
    assert not strangers.filter(status="authorized").exists()
    assert set(AdhocCharge.objects.filter(status="dropped").values_list("reason", flat=True)) == {"declined", "no_car"}
    assert Payment.objects.holds().count() in (1, 2)  # of a charge that runs, and of one that somebody looks at


def test_charges_without_an_invoice_were_written_down_night_by_night(demo: None) -> None:
    with time_machine.travel(NOW, tick=False):
        for operator in Operator.objects.all():
            written = TakingsEntry.objects.filter(operator=operator)
            assert takings.verify(operator) == takings.Verdict(written.count())
            assert not takings.due(operator, takings.midnight(operator)).exists()
    entries = TakingsEntry.objects.values_list("day", "recorded_at")
    assert entries
    assert all(
        timedelta() < at - datetime(day.year, day.month, day.day, 23, tzinfo=UTC) < timedelta(hours=1)
        for day, at in entries
    )


def test_the_past_went_through_the_central_system(demo: None) -> None:
    session = ChargingSession.objects.ended().filter(ocpp_version="2.0.1", energy__gt=0).first()
    assert session
    told = list(session.evidence.order_by("seq_no"))
    assert [one.seq_no for one in told] == list(range(len(told)))
    assert told[-1].register == session.meter_stop
    assert session.meter_stop is not None
    assert session.meter_start is not None
    assert session.energy == session.meter_stop - session.meter_start
    assert Evidence.objects.filter(session=None).count() == 1  # of a charge whose start was lost


def test_a_few_charges_have_something_to_decide(demo: None) -> None:
    doubted = ChargingSession.objects.exclude(review="").values_list("review", flat=True)
    reasons = {reason for review in doubted for reason in review.split(",")}
    assert {"missing_stop", "over_power"} <= reasons
    assert 3 <= len(doubted) < 10
    newest = AssuranceDay.objects.filter(subject="", operator__slug="rete-adriatica").latest("day")
    assert (newest.day, newest.cases > 3, newest.at_risk > 0) == (NOW.date(), True, True)


def test_readings_are_five_minutes_apart(demo: None) -> None:
    session = ChargingSession.objects.ended().filter(ocpp_version="1.6", energy__gt=5000).first()
    assert session
    at = list(session.evidence.filter(kind="updated").order_by("occurred_at").values_list("occurred_at", flat=True))
    assert {later - before for before, later in pairwise(at[:-1])} == {history.READING_EVERY}


def test_giulia_charges_on_connector_2_while_connector_1_is_broken(demo: None) -> None:
    session = ChargingSession.objects.active().get(station__identity="CP-0042")
    assert session.driver
    assert session.driver.user.email == cast.GIULIA.email
    assert (session.evse_id, session.started_at) == (2, NOW - timedelta(minutes=65))
    assert Decimal(11_500) < session.energy < Decimal(12_000)
    broken = Connector.objects.get(evse__station__identity="CP-0042", evse__evse_id=1)
    assert (broken.status, broken.vendor_error_code) == ("Faulted", "E-117")


def test_newer_charges_are_newer_rows_day_by_day(demo: None) -> None:
    days = [at.date() for at in ChargingSession.objects.order_by("pk").values_list("started_at", flat=True)]
    assert days == sorted(days)


def test_nobody_gets_mail_for_the_past(demo: None) -> None:
    assert mail.outbox == []


def test_carla_sees_nothing_of_rete_adriatica(demo: None) -> None:
    carla = User.objects.get(email=cast.CARLA.email)
    rete = Operator.objects.get(slug="rete-adriatica")
    for model in (ChargingStation, ChargingSession, CDR, Location, Token):
        assert model.objects.visible_to(carla).exists()
        assert not model.objects.visible_to(carla).filter(operator=rete).exists()


def test_every_demo_login_works(demo: None) -> None:
    for person, _who in logins.ROLES:
        assert Client().login(email=person.email, password=cast.PASSWORD), person.email


def test_without_demo_the_logins_are_locked_and_come_back_with_it(demo: None, settings: Any) -> None:
    assert logins.lock() > 40
    assert logins.lock() == 0
    assert not Client().login(email=cast.OLGA.email, password=cast.PASSWORD)
    settings.DEMO = True
    call_command("seed_demo")
    assert Client().login(email=cast.OLGA.email, password=cast.PASSWORD)


def test_the_fleet_gets_plain_values_that_fit(demo: None) -> None:
    specs = {spec.identity: spec for spec in fleet.specs("ws://localhost:8000/ocpp")}
    assert len(specs) == ChargingStation.objects.count() - 1
    assert "CP-0117" not in specs  # nobody reaches it
    station = ChargingStation.objects.get(identity="CP-0042")
    secret = specs["CP-0042"].password
    assert secret == passwords.of("CP-0042")
    assert credentials.matches(station.credential.salt, station.credential.digest, secret.encode())
    (giulias,) = specs["CP-0042"].resumed
    session = ChargingSession.objects.active().get(station=station)
    assert (giulias.transaction_id, giulias.connector) == (session.transaction_id, 2)
    assert specs["CP-0042"].registers[2] == session.meter_start + session.energy
    assert specs["CP-0042"].broken == {1: ("PowerSwitchFailure", "E-117")}


def test_the_fleets_cards_may_charge_and_are_not_the_players(demo: None) -> None:
    cards = fleet.tokens()
    assert len(cards) > 30
    verdicts = [tokens.verdict(token) for token in Token.objects.filter(uid__in=cards).select_related("driver")]
    assert {verdict.status for verdict in verdicts} == {"Accepted"}
    assert not Token.objects.filter(uid__in=cards, driver__user__email=cast.DARIO.email).exists()


def test_seeding_again_changes_nothing(demo: None, settings: Any) -> None:
    settings.DEMO = True
    before = ChargingSession.objects.count(), Operator.objects.count()
    call_command("seed_demo")
    assert (ChargingSession.objects.count(), Operator.objects.count()) == before


def test_resetting_leaves_the_others_alone(demo: None, settings: Any) -> None:
    settings.DEMO = True
    molo = StationFactory(operator__slug="molo", operator__party_id="MOL", identity="MOLO-1")
    before = set(ChargingSession.objects.values_list("pk", flat=True))
    call_command("seed_demo", reset=True, days=1)
    molo.refresh_from_db()
    assert not ChargingSession.objects.filter(pk__in=before).exists()
    assert Operator.objects.filter(slug="rete-adriatica").count() == 1
    assert ChargingSession.objects.exists()


def test_uprooting_leaves_no_trace(demo: None) -> None:
    uproot.demo()
    for model in (
        Operator,
        User,
        Token,
        ChargingStation,
        ChargingSession,
        Evidence,
        CDR,
        Payment,
        Location,
        AssuranceDay,
    ):
        assert not model.objects.exists(), model


def test_without_demo_nothing_is_made(demo: None) -> None:
    uproot.demo()
    with pytest.raises(CommandError, match="DEMO is off"):
        call_command("seed_demo")
    with pytest.raises(CommandError, match="DEMO is off"):
        call_command("fleet")
    assert not Operator.objects.exists()
