"""What operators read of a session: its events with their messages, its readings, its state now."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sessions_app import selectors
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, StatusChange
from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
from stations.vocabulary.values import EvseRef, IdToken
from tests.factories import ConnectorFactory, EvseFactory

from .telling import MORNING, Teller, Teller2

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


def test_events_are_told_in_order_with_their_messages(tell: Tell, pole2: Teller2, station: ChargingStation) -> None:
    token, updated = IdToken("04A1B2C3", "ISO14443"), TransactionUpdated
    tell(pole2.event(TransactionStarted, 0, "t", 0, evse=EvseRef(1, 1), trigger="CablePluggedIn"))
    tell(pole2.event(updated, 1, "t", 1, token=token, trigger="Authorized"))
    tell(pole2.event(updated, 10, "t", 2, 3000, trigger="MeterValuePeriodic"))
    tell(pole2.event(TransactionEnded, 20, "t", 4, 5000, reason="Remote"))
    tell(pole2.event(updated, 12, "t", 3, trigger="ChargingStateChanged", charging_state="SuspendedEV"))
    for minute, status in [(-60, "Available"), (0.5, "Occupied"), (21, "Available"), (120, "Occupied")]:
        at = MORNING + timedelta(minutes=minute)
        StatusChange.objects.create(station=station, evse_id=1, connector_id=1, status=status, at=at, received_at=at)

    told = selectors.timeline(ChargingSession.objects.get())

    assert [
        (event.kind, event.message_id, event.facts.get("trigger", event.facts.get("status"))) for event in told
    ] == [
        ("started", "m1", "CablePluggedIn"),
        ("status", "", "Occupied"),
        ("updated", "m2", "Authorized"),
        ("updated", "m5", "ChargingStateChanged"),
        ("ended", "m4", None),
        ("status", "", "Available"),
    ]
    assert (told[2].facts["token"], told[2].facts["told"], told[4].facts["reason"]) == (
        "04A1B2C3",
        "Accepted",
        "Remote",
    )


def test_readings_are_shown_as_they_were_sent(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0)).transaction_id
    event = pole.update(10, number, "3000.50", power=7000)
    tell(event)

    (told,) = selectors.readings(ChargingSession.objects.get())

    assert (told.message_id, told.readings) == ("m2", event.readings)


def test_the_state_of_a_1_6_session_is_that_of_its_connector(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    number = tell(pole.start(0)).transaction_id
    assert selectors.charging_state(ChargingSession.objects.get()) == ""
    ConnectorFactory(evse=EvseFactory(station=station), status="SuspendedEV")
    assert selectors.charging_state(ChargingSession.objects.get()) == "SuspendedEV"

    tell(pole.stop(10, number, 3000))

    assert selectors.charging_state(ChargingSession.objects.get()) == ""


def test_the_state_of_a_2_0_1_session_is_its_own(tell: Tell, pole2: Teller2, station: ChargingStation) -> None:
    ConnectorFactory(evse=EvseFactory(station=station), status="Occupied")
    tell(pole2.event(TransactionStarted, 0, "t", 0, evse=EvseRef(1, 1), charging_state="Charging"))

    assert selectors.charging_state(ChargingSession.objects.get()) == "Charging"
