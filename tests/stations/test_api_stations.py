"""/api/v1/stations/ as api-contract §1 and §2 promise."""

from datetime import timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import Role
from accounts.services import api_keys
from stations.models import ChargingStation, StationCredential, UnknownStation
from stations.services import credentials
from tests.factories import StationFactory

from .conftest import NOON, booted, connected, knocked, status

LIST = "/api/v1/stations/"


def client_of(operator, role: str = Role.MANAGER) -> APIClient:
    _row, key = api_keys.create(operator=operator, name=role, role=role)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


@pytest.fixture
def api(operator) -> APIClient:
    return client_of(operator)


def address(identity: str) -> str:
    return f"{LIST}{identity}/"


def test_a_station_as_the_contract_shows_it(station, api, tell):
    with time_machine.travel(NOON, tick=False):
        connected(station, tell)
        tell(booted(station))
        tell(status(station, "Available"), status(station, "Faulted", evse=2, error_code="GroundFailure"))
        answer = api.get(address("CP-0042"))
    assert answer.status_code == 200
    said = answer.json()
    created = said.pop("created_at")
    assert created.endswith("Z")
    assert said == {
        "identity": "CP-0042",
        "name": "",
        "security_profile": 0,
        "online": True,
        "ocpp_version": "1.6",
        "last_seen": "2026-05-01T12:00:00Z",
        "last_boot": "2026-05-01T12:00:00Z",
        "vendor": "Acme",
        "model": "AC22",
        "serial_number": None,
        "firmware_version": "1.4.2",
        "connectors": [
            {
                "evse_id": 1,
                "connector_id": 1,
                "status": "Available",
                "error_code": "NoError",
                "updated_at": "2026-05-01T12:00:00Z",
            },
            {
                "evse_id": 2,
                "connector_id": 2,
                "status": "Faulted",
                "error_code": "GroundFailure",
                "updated_at": "2026-05-01T12:00:00Z",
            },
        ],
    }


def test_a_station_that_never_came_knows_nothing_of_itself(station, api):
    said = api.get(address("CP-0042")).json()
    assert (said["online"], said["ocpp_version"], said["last_seen"], said["last_boot"]) == (False, None, None, None)
    assert (said["vendor"], said["connectors"]) == (None, [])


def test_2_x_connectors_are_numbered_within_their_evse(station, api, tell):
    connected(station, tell, "ocpp2.0.1")
    tell(status(station, "Occupied", evse=2, connector=1))
    (connector,) = api.get(address("CP-0042")).json()["connectors"]
    assert (connector["evse_id"], connector["connector_id"]) == (2, 1)


# ---- lists -------------------------------------------------------------------------------------------------------


def identities(answer) -> list[str]:
    assert answer.status_code == 200
    return [row["identity"] for row in answer.json()["results"]]


def test_newest_first_and_filtered(operator, api, tell):
    for identity, name in [("CP-1", "Depot north"), ("CP-2", "Depot south"), ("XX-3", "")]:
        StationFactory(operator=operator, identity=identity, name=name)
    tell(knocked("CP-2"))
    assert identities(api.get(LIST)) == ["XX-3", "CP-2", "CP-1"]
    assert identities(api.get(LIST, {"online": "true"})) == ["CP-2"]
    assert identities(api.get(LIST, {"online": "false"})) == ["XX-3", "CP-1"]
    assert identities(api.get(LIST, {"search": "depot"})) == ["CP-2", "CP-1"]
    assert identities(api.get(LIST, {"search": "xx", "online": "false"})) == ["XX-3"]
    assert identities(api.get(LIST, {"search": "nobody"})) == []
    assert api.get(LIST, {"online": "maybe"}).status_code == 400


def test_a_page_costs_the_same_whatever_its_length(operator, api, tell, django_assert_num_queries):
    for _ in range(12):
        tell(status(StationFactory(operator=operator, location=None)))
    api.get(LIST)
    with django_assert_num_queries(5):
        assert len(api.get(LIST, {"page_size": 10}).json()["results"]) == 10


# ---- creation ----------------------------------------------------------------------------------------------------


def test_a_station_is_created_and_may_come_in(operator, api, tell):
    UnknownStation.objects.create(identity="CP-0001", reason="unknown", first_seen=NOON, last_seen=NOON)
    answer = api.post(LIST, {"identity": "CP-0001", "name": "Depot north 1"}, format="json")
    assert answer.status_code == 201
    assert answer.json()["security_profile"] == 0
    assert answer.headers["Location"] == "http://testserver/api/v1/stations/CP-0001/"
    assert ChargingStation.objects.get(identity="CP-0001").operator == operator
    assert not UnknownStation.objects.exists()
    assert tell(knocked("CP-0001")).epoch == 1


def test_a_password_makes_it_profile_1_and_is_never_shown(api):
    answer = api.post(LIST, {"identity": "CP-0001", "password": "  0123456789abcdef"}, format="json")
    assert answer.json()["security_profile"] == 1
    assert b"0123456789abcdef" not in answer.content
    row = StationCredential.objects.get()
    assert credentials.matches(row.salt, row.digest, b"  0123456789abcdef")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "identity"),
        ({"identity": ""}, "identity"),
        ({"identity": "a b"}, "identity"),
        ({"identity": " CP"}, "identity"),
        ({"identity": "a/b"}, "identity"),
        ({"identity": "<b>"}, "identity"),
        ({"identity": "a" * 49}, "identity"),
        ({"identity": ".."}, "identity"),
        ({"identity": "a\u0000"}, "identity"),
        ({"identity": 7, "name": "x" * 101}, "name"),
        ({"identity": "CP-1", "security_profile": 4}, "security_profile"),
        ({"identity": "CP-1", "security_profile": 1}, "password"),
        ({"identity": "CP-1", "security_profile": 2}, "password"),
        ({"identity": "CP-1", "password": "x" * 65}, "password"),
        ({"identity": "CP-1", "password": "tab\there"}, "password"),
        ({"identity": "CP-1", "password": None}, "password"),
        ([], "non_field_errors"),
    ],
)
def test_a_wrong_body_is_400_and_nothing_is_made(operator, api, body, field):
    answer = api.post(LIST, body, format="json")
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert not ChargingStation.objects.exists()


@pytest.mark.parametrize("identity", ["a", "CP:1", "città", "#1?x=2&y", "a" * 48, "100%", "new", "…"])
def test_every_allowed_identity_has_an_address(api, identity):
    answer = api.post(LIST, {"identity": identity}, format="json")
    assert answer.status_code == 201
    assert api.get(answer.headers["Location"]).json()["identity"] == identity


def test_an_identity_exists_once_for_all_operators(station, api, other_operator):
    for client in (api, client_of(other_operator)):
        answer = client.post(LIST, {"identity": "CP-0042"}, format="json")
        assert (answer.status_code, list(answer.json())) == (400, ["identity"])
    assert client_of(other_operator).post(LIST, {"identity": "cp-0042"}, format="json").status_code == 201


# ---- change ------------------------------------------------------------------------------------------------------


def test_what_is_named_changes_and_the_rest_stays(station, api):
    assert api.patch(address("CP-0042"), {"name": "Depot"}, format="json").json()["name"] == "Depot"
    answer = api.patch(address("CP-0042"), {"password": "0123456789abcdef"}, format="json").json()
    assert (answer["name"], answer["security_profile"]) == ("Depot", 1)
    assert api.patch(address("CP-0042"), {"security_profile": 2}, format="json").json()["security_profile"] == 2
    assert api.patch(address("CP-0042"), {"security_profile": 0}, format="json").json()["security_profile"] == 0
    assert StationCredential.objects.count() == 1


def test_profile_1_needs_a_password(station, api):
    answer = api.patch(address("CP-0042"), {"security_profile": 1, "name": "x"}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["password"])
    station.refresh_from_db()
    assert (station.name, station.security_profile) == ("", 0)


def test_the_identity_stays(station, api):
    answer = api.patch(address("CP-0042"), {"identity": "CP-1"}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["identity"])
    assert api.patch(address("CP-0042"), {"identity": "CP-0042", "name": "y"}, format="json").status_code == 200
    assert api.put(address("CP-0042"), {"identity": "CP-0042"}, format="json").status_code == 405
    assert api.patch(address("CP-0042"), [], format="json").status_code == 400


# ---- removal -----------------------------------------------------------------------------------------------------


def test_a_removed_station_is_gone_and_its_identity_free(online, api, tell):
    tell(status(online))
    assert api.delete(address("CP-0042")).status_code == 204
    assert api.get(address("CP-0042")).status_code == 404
    assert identities(api.get(LIST)) == []
    assert tell(knocked("CP-0042")).http_status == 404
    assert api.post(LIST, {"identity": "CP-0042"}, format="json").status_code == 201


def test_a_station_with_sessions_is_in_use(station, operator, api):
    from sessions_app.models import ChargingSession

    ChargingSession.objects.create(
        operator=operator,
        station=station,
        ocpp_version="1.6",
        transaction_id="1",
        start_key="k",
        started_at=NOON,
        started_received_at=NOON,
    )
    answer = api.delete(address("CP-0042"))
    assert (answer.status_code, answer.json()["code"]) == (409, "station_in_use")
    assert api.get(address("CP-0042")).status_code == 200


# ---- who may -----------------------------------------------------------------------------------------------------


def test_without_a_key_there_is_nothing(station):
    for client in (APIClient(), APIClient(headers={"authorization": "Token nonsense"})):
        answer = client.get(address("CP-0042"))
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Token")


def test_carlas_key_does_not_see_olgas_station(station, other_operator):
    carla = client_of(other_operator, Role.OWNER)
    assert identities(carla.get(LIST)) == []
    assert carla.get(address("CP-0042")).status_code == 404
    assert carla.patch(address("CP-0042"), {"name": "mine"}, format="json").status_code == 404
    assert carla.delete(address("CP-0042")).status_code == 404
    station.refresh_from_db()
    assert (station.name, station.archived_at) == ("", None)


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ACCOUNTANT])
def test_a_role_that_may_only_look_is_403(station, operator, role):
    client = client_of(operator, role)
    assert client.get(address("CP-0042")).status_code == 200
    assert client.post(LIST, {"identity": "CP-1"}, format="json").status_code == 403
    assert client.patch(address("CP-0042"), {"name": "x"}, format="json").status_code == 403
    answer = client.delete(address("CP-0042"))
    assert (answer.status_code, set(answer.json())) == (403, {"detail", "code"})
    assert ChargingStation.objects.current().count() == 1


def test_the_last_word_on_presence_is_the_socket(station, api, tell):
    from stations.vocabulary.events import StationGone

    from .conftest import ref

    connected(station, tell)
    with time_machine.travel(NOON + timedelta(days=1)):
        assert api.get(address("CP-0042")).json()["online"] is True
    tell(StationGone(ref(station), 1))
    assert api.get(address("CP-0042")).json()["online"] is False
