"""What this room finds by itself."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import Token, User
from sessions_app import tasks
from sessions_app.models import ChargingSession, Evidence
from sessions_app.services import silence, zero_energy
from stations.diagnostics import hands
from stations.models import EVSE, ChargingStation, Fault, StatusChange
from tests.factories import ConnectorFactory, EvseFactory

from .telling import MORNING, Teller

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


def at(minute: float) -> datetime:
    return MORNING + timedelta(minutes=minute)


def test_a_session_of_a_silent_station_goes_to_a_person(tell: Tell, pole: Teller) -> None:
    with time_machine.travel(at(0), tick=False):
        number = tell(pole.start(0)).transaction_id
    assert silence.doubt(now=at(11 * 60)) == 0
    assert silence.doubt(now=at(13 * 60)) == 1
    assert silence.doubt(now=at(14 * 60)) == 0

    session = ChargingSession.objects.get()
    assert (session.status, session.review) == ("active", "silent")
    assert Evidence.objects.filter(kind="doubted").count() == 1

    tell(pole.update(15 * 60, number, 2000))

    assert ChargingSession.objects.get().review == ""


def test_a_suspended_car_at_a_connected_station_is_left_alone(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    ChargingStation.objects.update(online=True)
    ConnectorFactory(evse=EvseFactory(station=station), status="SuspendedEV", updated_at=at(10))
    with time_machine.travel(at(0), tick=False):
        tell(pole.start(0))

    assert silence.doubt(now=at(3 * 24 * 60)) == 0


def test_a_free_connector_casts_doubt_on_its_session(tell: Tell, pole: Teller, station: ChargingStation) -> None:
    free_again(station, minute=20)
    with time_machine.travel(at(0), tick=False):
        tell(pole.start(0))

    assert silence.doubt(now=at(45)) == 0
    assert silence.doubt(now=at(55)) == 1


def test_a_station_that_repeats_available_every_minute_casts_the_same_doubt(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    free_again(station, minute=20, repeated=54)
    with time_machine.travel(at(0), tick=False):
        tell(pole.start(0))

    assert silence.doubt(now=at(55)) == 1


def test_a_second_connector_of_the_evse_that_is_free_casts_none(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    free_again(station, minute=20)
    ConnectorFactory(evse=EVSE.objects.get(), connector_id=2, status="Charging")
    with time_machine.travel(at(0), tick=False):
        tell(pole.start(0))

    assert silence.doubt(now=at(55)) == 0


def test_many_cars_that_stay_do_not_hide_one_that_left(
    tell: Tell, pole: Teller, station: ChargingStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "CHUNK", 1)
    free_again(station, minute=20)
    with time_machine.travel(at(0), tick=False):
        tell(pole.start(0, "STAYS", evse=2), pole.start(0))

    assert silence.doubt(now=at(55)) == 1
    assert ChargingSession.objects.get(review="silent").evse_id == 1


def free_again(station: ChargingStation, *, minute: float, repeated: float | None = None) -> None:
    ChargingStation.objects.update(online=True)
    heard = at(minute if repeated is None else repeated)
    ConnectorFactory(evse=EvseFactory(station=station), status="Available", updated_at=heard)
    StatusChange.objects.create(
        station=station, evse_id=1, connector_id=1, status="Available", at=at(minute), received_at=at(minute)
    )


def charge(tell: Tell, pole: Teller, minute: float, wh: int, lasting: float = 10) -> None:
    number = tell(pole.start(minute, meter=minute)).transaction_id
    tell(pole.stop(minute + lasting, number, minute + wh))


def faults() -> list[tuple[str, int, int, bool, int]]:
    rows = Fault.objects.order_by("pk").values_list("kind", "evse_id", "connector_id", "closed_at", "hits")
    return [(kind, evse, connector, closed is None, hits) for kind, evse, connector, closed, hits in rows]


def test_two_charges_in_a_row_without_energy_are_a_fault_until_one_works(tell: Tell, pole: Teller) -> None:
    charge(tell, pole, 0, 8000)
    charge(tell, pole, 20, 0)
    assert zero_energy.find(now=at(31)) == 0
    charge(tell, pole, 40, 12)
    assert zero_energy.find(now=at(51)) == 1
    assert zero_energy.find(now=at(56)) == 0
    assert faults() == [("zero_energy", 1, 1, True, 1)]

    charge(tell, pole, 60, 5000)
    assert zero_energy.find(now=at(71)) == 0
    assert faults() == [("zero_energy", 1, 1, False, 1)]


def test_what_somebody_has_closed_is_opened_again_by_new_charges_only(tell: Tell, pole: Teller, olga: User) -> None:
    charge(tell, pole, 0, 0)
    charge(tell, pole, 20, 0)
    zero_energy.find(now=at(31))
    hands.close(fault=Fault.objects.get(), by=olga)
    assert zero_energy.find(now=at(36)) == 0
    assert Fault.objects.get().closed_by == olga
    charge(tell, pole, 40, 0)
    assert zero_energy.find(now=at(51)) == 1
    assert Fault.objects.filter(closed_at=None).exists()


def test_a_driver_who_changed_his_mind_is_no_fault(tell: Tell, pole: Teller) -> None:
    charge(tell, pole, 0, 0, lasting=1)
    charge(tell, pole, 5, 0, lasting=2)

    assert zero_energy.find(now=at(10)) == 0
    assert faults() == []


def test_a_refused_card_is_no_fault(tell: Tell, pole: Teller) -> None:
    Token.objects.update(status="blocked")
    charge(tell, pole, 0, 0)
    charge(tell, pole, 20, 0)

    assert zero_energy.find(now=at(31)) == 0


def test_the_tasks_run(db: None) -> None:
    assert tasks.expire_start_requests() == 0
    assert tasks.doubt_silent_sessions() == 0
    assert tasks.find_zero_energy() == 0
