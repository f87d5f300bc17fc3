"""One charger's page: what a role may not see is not there, neither on the page nor in a block fetched alone."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import Membership, Operator, Role, User
from cms.wiring import csms
from sessions_app.models import ChargingSession
from stations.diagnostics import firmware
from stations.models import ChargingStation, Frame, Variable
from tests.cms import driving
from tests.factories import StationFactory, TokenFactory, UserFactory
from tests.sessions_app.telling import MORNING, Teller

NOON = MORNING + timedelta(minutes=30)  # 11:00 in Bologna


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


def _member(operator: Operator, role: str) -> User:
    user: User = UserFactory()
    Membership.objects.create(user=user, operator=operator, role=role)
    return user


@pytest.fixture
def paola(operator: Operator) -> User:
    return _member(operator, Role.HOST)


@pytest.fixture
def luca(operator: Operator) -> User:
    return _member(operator, Role.TECHNICIAN)


@pytest.fixture
def unit(operator: Operator) -> ChargingStation:
    return driving.stand(driving.place(operator), ("Available", "Available"), identity="CP-0100")


def get(client: Client, who: User, query: str = "", **headers: str) -> str:
    client.force_login(who)
    answer = client.get(f"/ops/stations/CP-0100/?lang=en{query}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("role", [Role.ACCOUNTANT])
@pytest.mark.parametrize("block", ["log", "journal"])
def test_messages_cannot_be_fetched_as_a_block_either(client, operator, unit, role, block):
    Frame.objects.create(
        station=unit,
        epoch=1,
        outgoing=False,
        answer="",
        at=NOON,
        kind=2,
        action="Authorize",
        message_id="1",
        raw='[2,"1","Authorize",{"idTag":"04AABBCC"}]',
    )
    shown = get(client, _member(operator, role), HX_Request="true", HX_Target=block)
    assert "Authorize" not in shown
    assert "BBCC" not in shown


@pytest.mark.parametrize("tab", ["now", "sessions"])
def test_names_of_drivers_are_for_those_who_may_see_drivers(client, olga, luca, unit, dario, tab):
    dario.user.first_name, dario.user.last_name = "Dario", "Ferri"
    dario.user.save()
    token = TokenFactory(operator=unit.operator, driver=dario, uid="04A1B2C3", label="Dario Ferri")
    csms.handle([Teller(unit).start(0, token.uid, meter=0)])
    session = ChargingSession.objects.get()
    assert "Dario Ferri" in get(client, olga, f"&tab={tab}")
    shown = get(client, luca, f"&tab={tab}")
    assert "Ferri" not in shown
    assert "B2C3" in shown
    assert f"/ops/sessions/{session.pk}/" in shown


def test_a_host_sees_no_station_of_the_operator(client, paola, unit):
    client.force_login(paola)
    assert client.get("/ops/stations/CP-0100/").status_code == 403


def test_passwords_in_the_address_of_a_firmware_are_not_shown(client, olga, unit):
    firmware.update(station=unit, url="ftp://maker:s3cret@files.example/fw.bin", retrieve_at=NOON, by=olga)
    shown = get(client, olga, "&tab=maintenance")
    assert "ftp://maker:•••@files.example/fw.bin" in shown
    assert "s3cret" not in shown


def test_only_what_the_plain_form_can_name_is_offered_for_change(client, olga, unit):
    said = {"station": unit, "component": "EVSE", "name": "Power", "value": "22000", "readonly": False}
    Variable.objects.create(**said, updated_at=NOON, evse_id=1, connector_id=0)
    shown = get(client, olga, "&tab=config")
    assert "by raw message" in shown
    assert '<span class="link-btn small">Change</span>' not in shown
    Variable.objects.create(**said | {"component": "OCPPCommCtrlr"}, updated_at=NOON, evse_id=0, connector_id=0)
    assert '<span class="link-btn small">Change</span>' in get(client, olga, "&tab=config")


@pytest.mark.parametrize("neighbour_online", [True, False])
def test_a_station_that_has_just_gone_says_whether_it_is_alone(client, olga, unit, neighbour_online):
    StationFactory(operator=unit.operator, location=unit.location, online=neighbour_online)
    ChargingStation.objects.filter(pk=unit.pk).update(online=False, offline_since=NOON - timedelta(minutes=3))
    shown = get(client, olga)
    assert "Not reached since 10:57." in shown
    said = "1 of 1 others at this site answer" if neighbour_online else "Nor does anything else at this site answer"
    assert said in shown


@pytest.mark.parametrize("key", ["%00", "a%00b", "CP-0100%0A"])
def test_an_identity_no_station_can_have_is_not_found(client, olga, unit, key):
    client.force_login(olga)
    assert client.get(f"/ops/stations/{key}/").status_code == 404
