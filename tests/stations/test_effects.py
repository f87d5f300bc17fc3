"""What an accepted command changes in our books, typed or raw alike (api-contract §3)."""

import json

import pytest
import time_machine

from stations.models import Command, StationCredential, Variable
from stations.services import credentials, variables
from stations.vocabulary.events import CommandSettled

from .conftest import NOON, connected, ref


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False):
        yield


def answered(station, tell, action: str, asked: dict, answer: object, version: str = "1.6") -> Command:
    command = Command.objects.create(
        station=station,
        ocpp_version=version,
        kind="RawCall",
        action=action,
        payload=json.dumps(asked),
        status="sent",
        created_at=NOON,
    )
    tell(CommandSettled(ref(station), command.pk, "result", json.dumps(answer)))
    command.refresh_from_db()
    return command


def stored() -> dict[str, tuple[str | None, bool | None]]:
    return {f"{v.component}.{v.name}".lstrip("."): (v.value, v.readonly) for v in Variable.objects.all()}


def test_get_configuration_fills_the_settings(online, tell):
    keys = [
        {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
        {"key": "MeterValuesSampledData", "value": "x" * 900},
        {"key": "NumberOfConnectors", "readonly": True, "value": 2},
        {"key": "AuthorizationKey", "readonly": False, "value": "s3cret"},
        {"key": "Empty", "readonly": True},
    ]
    answered(online, tell, "GetConfiguration", {}, {"configurationKey": keys, "unknownKey": ["Nope"]})
    assert stored() == {
        "HeartbeatInterval": ("300", False),
        "MeterValuesSampledData": ("x" * 900, None),
        "NumberOfConnectors": ("2", True),
        "AuthorizationKey": (None, False),
        "Empty": (None, True),
    }


@pytest.mark.parametrize("answer", [{}, [], None, {"configurationKey": None}, {"configurationKey": [1, None, {}]}])
def test_an_odd_answer_changes_nothing(online, tell, answer):
    assert answered(online, tell, "GetConfiguration", {}, answer).status == "accepted"
    assert stored() == {}


@pytest.mark.parametrize(
    ("word", "value"), [("Accepted", "60"), ("RebootRequired", "60"), ("Rejected", "300"), ("NotSupported", "300")]
)
def test_change_configuration_counts_once_accepted(online, tell, word, value):
    Variable.objects.create(station=online, name="HeartbeatInterval", value="300", readonly=False, updated_at=NOON)
    answered(online, tell, "ChangeConfiguration", {"key": "heartbeatinterval", "value": "60"}, {"status": word})
    assert stored() == {"HeartbeatInterval": (value, False)}


def test_an_accepted_authorization_key_is_the_only_one_valid_from_now_on(online, tell):
    credentials.store(station=online, password="old-old-old-old-old")
    answered(
        online, tell, "ChangeConfiguration", {"key": "AuthorizationKey", "value": "AB" * 20}, {"status": "Rejected"}
    )
    row = StationCredential.objects.get()
    assert credentials.matches(row.salt, row.digest, b"old-old-old-old-old")
    answered(
        online, tell, "ChangeConfiguration", {"key": "AuthorizationKey", "value": "AB" * 20}, {"status": "Accepted"}
    )
    row.refresh_from_db()
    assert credentials.matches(row.salt, row.digest, b"\xab" * 20)
    assert not credentials.matches(row.salt, row.digest, b"old-old-old-old-old")
    assert stored() == {"AuthorizationKey": (None, None)}


def test_a_key_that_cannot_be_kept_does_not_keep_the_command_open(online, tell):
    asked = {"key": "AuthorizationKey", "value": "x" * 65}
    assert answered(online, tell, "ChangeConfiguration", asked, {"status": "Accepted"}).status == "accepted"
    assert not StationCredential.objects.exists()


@pytest.fixture
def modern(station, tell):
    return connected(station, tell, "ocpp2.0.1")


def entry(component: str, variable: str, **more) -> dict:
    return {"component": {"name": component}, "variable": {"name": variable}} | more


def test_get_variables_stores_what_was_accepted(modern, tell):
    results = [
        entry("OCPPCommCtrlr", "HeartbeatInterval", attributeStatus="Accepted", attributeValue="300"),
        entry("OCPPCommCtrlr", "Nope", attributeStatus="UnknownVariable"),
        entry("SecurityCtrlr", "BasicAuthPassword", attributeStatus="Accepted", attributeValue="oops"),
        entry("EVSE", "Power", attributeStatus="Accepted", attributeValue="22000", attributeType="MaxSet")
        | {"component": {"name": "EVSE", "evse": {"id": 1}}},
    ]
    answered(modern, tell, "GetVariables", {}, {"getVariableResult": results}, "2.0.1")
    assert stored() == {
        "OCPPCommCtrlr.HeartbeatInterval": ("300", None),
        "SecurityCtrlr.BasicAuthPassword": (None, None),
        "EVSE.Power": ("22000", None),
    }
    assert Variable.objects.values_list("evse_id", "attribute").get(component="EVSE") == (1, "MaxSet")


def test_set_variables_counts_entry_by_entry(modern, tell):
    asked = [
        entry("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="60"),
        entry("TxCtrlr", "EVConnectionTimeOut", attributeValue="0"),
        entry("SecurityCtrlr", "BasicAuthPassword", attributeValue="a-new-password-of-length"),
    ]
    results = [
        entry("OCPPCommCtrlr", "HeartbeatInterval", attributeStatus="RebootRequired"),
        entry("TxCtrlr", "EVConnectionTimeOut", attributeStatus="Rejected"),
        entry("SecurityCtrlr", "BasicAuthPassword", attributeStatus="Accepted"),
    ]
    command = answered(
        modern, tell, "SetVariables", {"setVariableData": asked}, {"setVariableResult": results}, "2.0.1"
    )
    assert command.status == "accepted"
    assert stored() == {
        "OCPPCommCtrlr.HeartbeatInterval": ("60", None),
        "SecurityCtrlr.BasicAuthPassword": (None, None),
    }
    row = StationCredential.objects.get()
    assert credentials.matches(row.salt, row.digest, b"a-new-password-of-length")


def test_secrets_are_known_by_name():
    assert {"authorizationkey", "basicauthpassword"} == variables.SECRETS
