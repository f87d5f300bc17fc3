"""What is checked before anybody is billed: the rated power of the EVSE, and the signatures of the meter."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from sessions_app.models import ChargingSession, Evidence
from sessions_app.selectors import proof
from sessions_app.services import checks, decisions, replaying
from stations.models import EVSE, ChargingStation, MeterKey
from stations.vocabulary.values import Reading, Sample
from tests.factories import EvseFactory

from .telling import MORNING, Teller
from .test_signed import PUBLIC, ocmf

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


@pytest.fixture
def evse(station: ChargingStation) -> EVSE:
    return EvseFactory(station=station, evse_id=1, max_power_w=11_000)


@pytest.fixture
def key(evse: EVSE) -> MeterKey:
    return MeterKey.objects.create(evse=evse, public_key=PUBLIC, valid_from=MORNING - timedelta(days=30))


def charge(tell: Tell, pole: Teller, *records: str, wh: int = 7_500) -> ChargingSession:
    """An hour; the signed records come with the stop."""
    number = tell(pole.start(0, meter=1_000)).transaction_id
    sworn = tuple(
        Sample("Energy.Active.Import.Register", None, "Wh", context="Transaction.End", signed=text) for text in records
    )
    stop = pole.stop(60, number, 1_000 + wh)
    tell(replace(stop, readings=(Reading(MORNING + timedelta(minutes=60), sworn),)) if sworn else stop)
    session = ChargingSession.objects.get()
    checks.run([session.pk])
    session.refresh_from_db()
    return session


def test_more_than_the_evse_is_built_for_goes_to_a_person(tell: Tell, pole: Teller, evse: EVSE) -> None:
    assert charge(tell, pole, wh=13_200).review == "over_power"


def test_rated_power_with_its_slack_is_believed(tell: Tell, pole: Teller, evse: EVSE) -> None:
    assert charge(tell, pole, wh=13_100).review == ""


def test_where_nobody_knows_the_rated_power_nothing_is_said(tell: Tell, pole: Teller) -> None:
    assert charge(tell, pole, wh=100_000).review == ""


def test_signed_and_billed_energy_agree(tell: Tell, pole: Teller, key: MeterKey) -> None:
    session = charge(tell, pole, ocmf(("B", "10.000"), ("E", "17.500")))

    assert session.review == ""
    proven = proof.of_session(session.pk)
    assert (proven.holds, proven.total.mwh, proven.key) == (True, 7_500_000, key)


def test_signed_energy_that_differs_holds_the_charge(tell: Tell, pole: Teller, key: MeterKey) -> None:
    session = charge(tell, pole, ocmf(("B", "10.000"), ("E", "17.000")))

    assert session.review == "signed_mismatch"
    assert session.energy == Decimal(7_500)


def test_a_broken_signature_holds_the_charge(tell: Tell, pole: Teller, key: MeterKey) -> None:
    forged = ocmf(("B", "10.000"), ("E", "17.500")).replace("17.500", "18.500")
    assert charge(tell, pole, forged).review == "signed_invalid"


def test_a_meter_that_raises_an_error_is_not_believed(tell: Tell, pole: Teller, key: MeterKey) -> None:
    assert charge(tell, pole, ocmf(("B", "10.000"), ("E", "17.500"), status="M")).review == "signed_mismatch"


def test_without_a_registered_key_nothing_is_held_and_nothing_is_proven(tell: Tell, pole: Teller, evse: EVSE) -> None:
    session = charge(tell, pole, ocmf(("B", "10.000"), ("E", "17.000")))

    assert session.review == ""
    assert not proof.of_session(session.pk).holds


def test_the_key_of_a_later_meter_says_nothing_about_an_earlier_charge(tell: Tell, pole: Teller, evse: EVSE) -> None:
    MeterKey.objects.create(evse=evse, public_key=PUBLIC, valid_from=MORNING + timedelta(hours=2))
    assert proof.of_session(charge(tell, pole, ocmf(("B", "10.000"), ("E", "17.500"))).pk).key is None


def test_a_check_that_finds_otherwise_counts_instead(tell: Tell, pole: Teller, evse: EVSE) -> None:
    session = charge(tell, pole, wh=13_200)
    EVSE.objects.update(max_power_w=22_000)
    assert (checks.run([session.pk]), checks.run([session.pk])) == (1, 0)

    session.refresh_from_db()
    assert session.review == ""
    assert Evidence.objects.filter(kind="flagged").count() == 2
    assert list(replaying.replay(ChargingSession.objects.all(), write=False)) == []


def test_what_a_person_has_accepted_is_not_asked_again(tell: Tell, pole: Teller, evse: EVSE, anna: User) -> None:
    session = charge(tell, pole, wh=13_200)
    decisions.accept(session=session, reason="A second socket fed the same car", by=anna)
    checks.run([session.pk])

    assert ChargingSession.objects.get().review == ""


def test_a_running_session_is_left_alone(tell: Tell, pole: Teller, evse: EVSE) -> None:
    tell(pole.start(0, meter=1_000))
    assert checks.run(ChargingSession.objects.values_list("pk", flat=True)) == 0
