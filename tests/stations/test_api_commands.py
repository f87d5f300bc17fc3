"""/api/v1/commands/ and /api/v1/stations/{identity}/commands/ as api-contract §3 promises."""

import uuid

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import Role
from stations.models import Command
from stations.vocabulary import replies
from stations.vocabulary.commands import RawCall
from stations.vocabulary.events import CommandSent, CommandSettled, OutboxOpened
from tests.factories import StationFactory

from .conftest import NOON, connected, ref
from .test_api_stations import client_of

ASK = "/api/v1/stations/CP-0042/commands/"
LIST = "/api/v1/commands/"
SOFT = {"action": "Reset", "payload": {"type": "Soft"}, "timeout": 30}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def api(operator) -> APIClient:
    return client_of(operator)


def on_the_wire(station, tell, version: str = "ocpp1.6") -> str:
    """Sends what waits, as the outbox would; the payload as text."""
    sent = tell(OutboxOpened(ref(station), station.epoch, version))
    assert isinstance(sent.command, RawCall)
    tell(CommandSent(ref(station), sent.id, sent.command.action, sent.command.payload, NOON))
    return sent.command.payload


def test_a_command_from_asking_to_its_answer(online, api, tell):
    answer = api.post(ASK, SOFT, format="json")
    assert answer.status_code == 202
    asked = answer.json()
    address = f"{LIST}{asked['id']}/"
    assert answer.headers["Location"] == f"http://testserver{address}"
    assert asked == {
        "id": str(uuid.UUID(asked["id"])),
        "station": "CP-0042",
        "ocpp_version": "1.6",
        "action": "Reset",
        "payload": {"type": "Soft"},
        "timeout": 30,
        "status": "pending",
        "response": None,
        "error": None,
        "created_at": "2026-05-01T12:00:00Z",
        "sent_at": None,
        "completed_at": None,
    }
    assert on_the_wire(online, tell) == '{"type":"Soft"}'
    assert api.get(address).json() == asked | {"status": "sent", "sent_at": "2026-05-01T12:00:00Z"}
    command = Command.objects.get()
    tell(CommandSettled(ref(online), command.pk, "result", '{"status": "Accepted"}'))
    assert api.get(address).json() == asked | {
        "status": "accepted",
        "response": {"status": "Accepted"},
        "sent_at": "2026-05-01T12:00:00Z",
        "completed_at": "2026-05-01T12:00:00Z",
    }


def test_payload_and_response_are_carried_verbatim(online, api, tell):
    body = (
        '{"action":"SetChargingProfile","payload":{"csChargingProfiles":{"stackLevel":0,"chargingProfileId":12,'
        '"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative","chargingSchedule":'
        '{"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":11000.0},{"startPeriod":60,"limit":1.50},{"startPeriod":90,"limit":1e3}]}},"connectorId":1}}'
    )
    answer = api.post(ASK, body, content_type="application/json")
    payload = body[body.index('"payload":') + 10 : -1]
    assert answer.status_code == 202
    assert f'"payload":{payload}'.encode() in answer.content
    assert on_the_wire(online, tell) == payload
    response = '{"status":"Accepted", "vendor": {"b":1.50,"a":[1e3,"caff\\u00e8"]}}'
    tell(CommandSettled(ref(online), Command.objects.get().pk, "result", response))
    assert f'"response":{response}'.encode() in api.get(LIST).content


def test_an_error_is_told_with_its_details(online, api, tell):
    api.post(ASK, SOFT, format="json")
    on_the_wire(online, tell)
    settled = CommandSettled(ref(online), Command.objects.get().pk, "error", None, "NotSupported", "no", '{"x":[1]}')
    tell(settled)
    (told,) = api.get(LIST).json()["results"]
    assert (told["status"], told["response"]) == ("error", None)
    assert told["error"] == {"code": "NotSupported", "description": "no", "details": {"x": [1]}}


def test_defaults_are_an_empty_payload_and_half_a_minute(online, api):
    told = api.post(ASK, {"action": "ClearCache"}, format="json").json()
    assert (told["payload"], told["timeout"]) == ({}, 30)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"action"}),
        ({"action": "Reboot"}, {"action"}),
        ({"action": "BootNotification", "payload": {}}, {"action"}),
        ({"action": "RequestStartTransaction", "payload": {}}, {"action"}),
        ({"action": "Reset"}, {"payload"}),
        ({"action": "Reset", "payload": {"type": "Medium"}}, {"payload"}),
        ({"action": "Reset", "payload": []}, {"payload"}),
        ({"action": "Reset", "payload": "Soft"}, {"payload"}),
        ({"action": "Reset", "payload": None}, {"payload"}),
        ({"action": "DataTransfer", "payload": {"vendorId": "a\u0000"}}, {"payload"}),
        ({"action": "UnlockConnector", "payload": {"connectorId": 1.0}}, {"payload"}),
        ({"action": "UnlockConnector", "payload": {"connectorId": 2**70}}, {"payload"}),
        ({"action": ["Reset"]}, {"action"}),
        ({"action": "reset", "payload": {"type": "Soft"}}, {"action"}),
        ({"action": "Reset ", "payload": {"type": "Soft"}}, {"action"}),
        (SOFT | {"timeout": 1.5}, {"timeout"}),
        (SOFT | {"timeout": None}, {"timeout"}),
        (SOFT | {"timeout": True}, {"timeout"}),
        (SOFT | {"timeout": 0}, {"timeout"}),
        (SOFT | {"timeout": 301}, {"timeout"}),
        (SOFT | {"timeout": "soon"}, {"timeout"}),
        ([], {"non_field_errors"}),
    ],
)
def test_a_wrong_body_is_400_and_nothing_is_queued(online, api, body, wrong):
    answer = api.post(ASK, body, format="json")
    assert (answer.status_code, set(answer.json())) == (400, wrong)
    assert not Command.objects.exists()


def test_the_place_of_a_schema_error_is_named(online, api):
    body = {"action": "UnlockConnector", "payload": {"connectorId": "1"}}
    assert api.post(ASK, body, format="json").json() == {
        "payload": ['connectorId: "1" is not of type "integer"'],
    }


def test_the_schema_is_that_of_the_version_spoken_now(station, api, tell):
    connected(station, tell, "ocpp2.0.1")
    assert (
        api.post(ASK, {"action": "Reset", "payload": {"type": "Immediate", "evseId": 9}}, format="json").status_code
        == 202
    )
    assert list(api.post(ASK, SOFT, format="json").json()) == ["payload"]


def test_nothing_is_queued_for_a_station_that_is_not_connected(station, api):
    answer = api.post(ASK, SOFT, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "station_offline")
    assert not Command.objects.exists()
    assert api.post("/api/v1/stations/CP-9/commands/", SOFT, format="json").status_code == 404


def test_commands_of_one_station_go_out_in_the_order_accepted(online, api, tell):
    types = ["Soft", "Hard", "Soft", "Hard"]
    for kind in types:
        api.post(ASK, {"action": "Reset", "payload": {"type": kind}}, format="json")
    assert [on_the_wire(online, tell) for _kind in types] == [f'{{"type":"{kind}"}}' for kind in types]
    assert tell(OutboxOpened(ref(online), 1, "ocpp1.6")) == replies.NOTHING_TO_SEND


def found(api, where: str = LIST, **filters) -> list[tuple[str, str]]:
    answer = api.get(where, filters)
    assert answer.status_code == 200
    return [(row["station"], row["action"]) for row in answer.json()["results"]]


def test_lists_are_newest_first_and_filtered(online, operator, api, tell):
    other = connected(StationFactory(operator=operator, identity="CP-2"), tell)
    api.post(ASK, SOFT, format="json")
    api.post(ASK, {"action": "ClearCache"}, format="json")
    api.post("/api/v1/stations/CP-2/commands/", {"action": "ClearCache"}, format="json")
    on_the_wire(other, tell)
    assert found(api) == [("CP-2", "ClearCache"), ("CP-0042", "ClearCache"), ("CP-0042", "Reset")]
    assert found(api, ASK) == [("CP-0042", "ClearCache"), ("CP-0042", "Reset")]
    assert found(api, station="CP-2") == [("CP-2", "ClearCache")]
    assert found(api, action="ClearCache", status="pending") == [("CP-0042", "ClearCache")]
    assert found(api, ASK, status="sent") == found(api, action="Nope") == found(api, station="cp-2") == []
    assert api.get(LIST, {"status": "lost"}).status_code == 400
    assert api.get(ASK, {"status": "lost"}).status_code == 400


def test_what_does_not_exist_is_404(online, api):
    assert api.get(f"{LIST}{uuid.uuid4()}/").status_code == 404
    assert api.get(f"{LIST}4d1c/").status_code == 404
    assert api.delete(f"{LIST}{uuid.uuid4()}/").status_code == 405


def test_carlas_key_cannot_reset_olgas_station(online, other_operator, api):
    api.post(ASK, SOFT, format="json")
    command = Command.objects.get()
    carla = client_of(other_operator, Role.OWNER)
    assert carla.post(ASK, SOFT, format="json").status_code == 404
    assert carla.get(ASK).status_code == 404
    assert carla.get(f"{LIST}{command.uid}/").status_code == 404
    assert found(carla) == []
    assert Command.objects.count() == 1


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ACCOUNTANT])
def test_a_role_without_raw_commands_is_403(online, operator, role):
    client = client_of(operator, role)
    assert client.post(ASK, SOFT, format="json").status_code == 403
    assert client.get(ASK).status_code == 200
    assert not Command.objects.exists()


def test_without_a_key_there_is_nothing(online):
    assert APIClient().post(ASK, SOFT, format="json").status_code == 401
    assert APIClient().get(LIST).status_code == 401


def test_who_may_not_send_passwords_does_not_read_them(online, operator, api):
    secret = {"key": "AuthorizationKey", "value": "AB" * 20}
    api.post(ASK, {"action": "ChangeConfiguration", "payload": secret}, format="json")
    assert api.get(LIST).json()["results"][0]["payload"] == secret
    accountant = client_of(operator, Role.ACCOUNTANT)
    assert accountant.get(LIST).json()["results"][0]["payload"] == secret | {"value": "•••"}


def test_a_page_costs_the_same_whatever_its_length(online, api, django_assert_num_queries):
    for _ in range(12):
        api.post(ASK, {"action": "ClearCache"}, format="json")
    with django_assert_num_queries(3):  # the key, the count, the rows
        assert len(api.get(LIST).json()["results"]) == 12
    with django_assert_num_queries(5):  # and the station with what it prefetches
        assert len(api.get(ASK).json()["results"]) == 12
