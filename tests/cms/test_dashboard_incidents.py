"""/ops/incidents/<id>/: one problem, what happened, who looks after it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import Operator, User
from stations.diagnostics import faults, hands
from stations.models import ChargingStation, Command, Fault
from tests.cms import driving

NOON = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)  # a Monday, 12:00 in Rome
DOORS = {"acknowledge": {}, "hand-over": {}, "give-back": {}, "note": {"note": "mine"}, "close": {}}


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def unit(operator: Operator) -> ChargingStation:
    return driving.stand(driving.place(operator), ("Faulted",), identity="CP-0100")


@pytest.fixture
def fault(unit: ChargingStation) -> Fault:
    at = NOON - timedelta(minutes=41)
    faults.report(station_id=unit.pk, kind="faulted", evse_id=1, connector_id=1, code="PowerSwitchFailure E-117", at=at)
    return Fault.objects.get()


def page(client: Client, who: User, fault: Fault, **headers: str) -> str:
    client.force_login(who)
    answer = client.get(f"/ops/incidents/{fault.pk}/?lang=en", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, who: User, fault: Fault, door: str, **said: object) -> int:
    client.force_login(who)
    return client.post(f"/ops/incidents/{fault.pk}/{door}/", said).status_code


def test_the_story_tells_what_was_asked_and_what_came_of_it(client, olga, unit, fault):
    Command.objects.create(
        station=unit,
        kind="Reset",
        action="Reset",
        payload="{}",
        status="rejected",
        response='{"status":"Rejected"}',
        requested_by=olga,
        ocpp_version="1.6",
        created_at=NOON,
        completed_at=NOON,
    )
    hands.take(fault=fault, by=olga)
    shown = page(client, olga, fault)
    assert "The contactor does not close." in shown
    assert "For 41\u00a0min now." in shown
    assert f"Restart · {olga}" in shown
    assert "Busy, most likely with a charge." in shown
    assert f"In hand with {olga}" in shown
    assert "It closes by itself as soon as the charger proves that it is over." in shown
    assert "It is over: close" not in shown


def test_it_is_taken_handed_over_explained_and_given_back(client, olga, tom, fault):
    assert press(client, tom, fault, "acknowledge") == 302
    assert press(client, tom, fault, "hand-over", to=olga.pk) == 302
    assert press(client, olga, fault, "note", note="Contactor KM-32A replaced") == 302
    fault.refresh_from_db()
    assert (fault.acknowledged_by, fault.note) == (olga, "Contactor KM-32A replaced")
    assert "Contactor KM-32A replaced" in page(client, olga, fault)
    press(client, olga, fault, "give-back")
    assert "Nobody yet." in page(client, tom, fault)


@pytest.mark.parametrize("to", ["", "x", "99999999", "-1"])
def test_handing_it_to_nobody_says_so_and_changes_nothing(client, olga, fault, to):
    client.force_login(olga)
    answer = client.post(f"/ops/incidents/{fault.pk}/hand-over/?lang=en", {"to": to}, follow=True)
    assert "Choose somebody who may work on stations." in answer.content.decode()
    fault.refresh_from_db()
    assert fault.acknowledged_by is None


def test_talking_a_fault_away_is_refused_in_words(client, olga, fault):
    client.force_login(olga)
    answer = client.post(f"/ops/incidents/{fault.pk}/close/?lang=en", follow=True)
    assert "It closes by itself as soon as the charger proves" in answer.content.decode()
    fault.refresh_from_db()
    assert fault.closed_at is None


@pytest.mark.parametrize("door", DOORS)
def test_carla_cannot_touch_olgas_problem(client, carla, fault, door):
    assert press(client, carla, fault, door, **DOORS[door]) == 404
    client.force_login(carla)
    assert client.get(f"/ops/incidents/{fault.pk}/").status_code == 404
    fault.refresh_from_db()
    assert (fault.acknowledged_by, fault.note) == (None, "")


@pytest.mark.parametrize("door", DOORS)
def test_the_accountant_reads_it_and_changes_nothing(client, anna, fault, door):
    assert press(client, anna, fault, door, **DOORS[door]) == 403
    shown = page(client, anna, fault)
    assert "The contactor does not close." in shown
    assert "Hand it to" not in shown
    fault.refresh_from_db()
    assert (fault.acknowledged_by, fault.note) == (None, "")
