"""Charging and parking of a session: the input of pricing."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sessions_app import selectors
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, StatusChange
from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
from stations.vocabulary.values import EvseRef

from .telling import MORNING, Teller, Teller2

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


def periods() -> list[tuple[float, float, str, Decimal, int | None]]:
    told = selectors.charging_periods(ChargingSession.objects.get())
    return [(minutes(p.start), minutes(p.end), p.state, p.energy_wh, p.power_w) for p in told]


def minutes(at: Any) -> float:
    return (at - MORNING).total_seconds() / 60


def connector(station: ChargingStation, minute: float, status: str) -> None:
    at = MORNING + timedelta(minutes=minute)
    StatusChange.objects.create(station=station, evse_id=1, connector_id=1, status=status, at=at, received_at=at)


def test_a_session_without_readings_is_one_stretch(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.stop(60, number, 8000))

    assert periods() == [(0, 60, "CHARGING", Decimal(7000), 7000)]


def test_each_reading_ends_a_stretch(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.update(15, number, 3000, power=8100))
    tell(pole.update(30, number, 4000, power=3900))
    tell(pole.stop(40, number, 4500))

    assert periods() == [
        (0, 15, "CHARGING", Decimal(2000), 8100),
        (15, 30, "CHARGING", Decimal(1000), 3900),
        (30, 40, "CHARGING", Decimal(500), 3000),
    ]


def test_a_full_vehicle_parks(tell: Tell, pole: Teller, station: ChargingStation) -> None:
    connector(station, -1, "Preparing")
    number = tell(pole.start(0, meter=0)).transaction_id
    connector(station, 0.1, "Charging")
    tell(pole.update(30, number, 5000))
    connector(station, 40, "SuspendedEV")
    tell(pole.update(60, number, 6000))
    tell(pole.stop(90, number, 6000))

    assert periods() == [
        (0, 30, "CHARGING", Decimal(5000), 10000),
        (30, 40, "CHARGING", Decimal(1000), 6000),
        (40, 90, "PARKING", Decimal(0), None),
    ]


def test_a_pause_of_the_station_is_charging_time(tell: Tell, pole: Teller, station: ChargingStation) -> None:
    number = tell(pole.start(0, meter=0)).transaction_id
    tell(pole.update(30, number, 5000, power=10000))
    connector(station, 30, "SuspendedEVSE")
    tell(pole.update(60, number, 5000, power=0))
    tell(pole.stop(61, number, 5000))

    assert {state for _, _, state, _, _ in periods()} == {"CHARGING"}


def test_without_any_state_no_power_is_parking(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=0)).transaction_id
    tell(pole.update(30, number, 5000, power=10000))
    tell(pole.update(60, number, 5000, power=0))
    tell(pole.stop(61, number, 5000))

    assert periods()[1] == (30, 61, "PARKING", Decimal(0), None)


def test_messages_a_second_apart_make_no_parking(tell: Tell, pole: Teller, station: ChargingStation) -> None:
    number = tell(pole.start(0, meter=0)).transaction_id
    connector(station, 59.9, "Finishing")
    tell(pole.stop(60, number, 6000))

    assert {state for _, _, state, _, _ in periods()} == {"CHARGING"}
    assert sum(wh for _, _, _, wh, _ in periods()) == Decimal(6000)


def test_the_states_of_a_2_0_1_station_come_with_its_events(tell: Tell, pole2: Teller2) -> None:
    updated = TransactionUpdated
    tell(pole2.event(TransactionStarted, 0, "t", 0, 0, evse=EvseRef(1, 1), charging_state="EVConnected"))
    tell(pole2.event(updated, 10, "t", 1, charging_state="Charging"))
    tell(pole2.event(updated, 40, "t", 2, 6000, charging_state="SuspendedEV"))
    tell(pole2.event(TransactionEnded, 70, "t", 3, 6000, reason="EVDisconnected"))

    assert periods() == [
        (0, 10, "PARKING", Decimal(0), None),
        (10, 40, "CHARGING", Decimal(6000), 12000),
        (40, 70, "PARKING", Decimal(0), None),
    ]


def test_a_running_session_goes_as_far_as_it_is_known(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=0)).transaction_id
    assert periods() == []
    tell(pole.update(15, number, 2000))

    assert periods() == [(0, 15, "CHARGING", Decimal(2000), 8000)]


def test_many_sessions_cost_as_many_queries_as_one(tell: Tell, pole: Teller, django_assert_num_queries: Any) -> None:
    for minute in range(0, 300, 100):
        number = tell(pole.start(minute, meter=minute)).transaction_id
        tell(pole.update(minute + 30, number, minute + 50))
        tell(pole.stop(minute + 60, number, minute + 60))
    sessions = list(ChargingSession.objects.all())

    with django_assert_num_queries(2):
        told = selectors.charging_periods_by_session(sessions)
    assert [sum(p.energy_wh for p in told[session.pk]) for session in sessions] == [Decimal(60)] * 3
