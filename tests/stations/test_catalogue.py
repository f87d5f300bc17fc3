"""What each version can be asked, and what is wrong with a payload (api-contract §3)."""

import pytest

from stations import catalogue
from stations.vocabulary import commands as words


def test_each_version_lists_what_a_central_system_may_start():
    old, new = catalogue.actions("1.6"), catalogue.actions("2.0.1")
    assert (len(old), len(new)) == (26, 40)
    assert {"RemoteStartTransaction", "GetDiagnostics", "DataTransfer", "SendLocalList", "GetLog"} <= set(old)
    assert {"RequestStartTransaction", "SetVariables", "DataTransfer", "GetBaseReport"} <= set(new)
    assert not {"BootNotification", "StartTransaction", "StatusNotification", "TransactionEvent"} & {*old, *new}
    assert catalogue.actions("1.5") == catalogue.actions("") == []


def test_every_word_is_supported_where_it_has_a_name():
    for kind in words.COMMANDS:
        for version in ("1.6", "2.0.1"):
            if catalogue.supports(version, kind) and kind is not words.RawCall:
                assert catalogue.action_of(version, kind) in catalogue.actions(version)
    assert not catalogue.supports("1.6", words.GetBaseReport)
    assert not catalogue.supports("", words.RawCall)


@pytest.mark.parametrize(
    ("version", "action", "payload", "wrong"),
    [
        ("1.6", "Reset", '{"type":"Soft"}', []),
        ("1.6", "ClearCache", "{}", []),
        ("1.6", "Reset", "{}", ['type: "type" is a required property']),
        ("1.6", "Reset", "[]", ['payload: [] is not of type "object"']),
        ("1.6", "UnlockConnector", '{"connectorId":"1"}', ['connectorId: "1" is not of type "integer"']),
        (
            "1.6",
            "Reset",
            '{"type":"Soft","now":1}',
            ["now: Additional properties are not allowed ('now' was unexpected)"],
        ),
        ("2.0.1", "Reset", '{"type":"Immediate","evseId":99}', []),
        ("2.0.1", "GetVariables", '{"getVariableData":[]}', ["getVariableData: [] has less than 1 item"]),
        (
            "2.0.1",
            "GetVariables",
            '{"getVariableData":[{"component":{"name":"EVSE"},"variable":{}}]}',
            ['getVariableData.0.variable.name: "name" is a required property'],
        ),
        ("1.6", "UpdateFirmware", '{"location":"ftp://x","retrieveDate":"soon"}', []),
    ],
)
def test_a_payload_is_checked_and_the_place_is_named(version, action, payload, wrong):
    assert catalogue.check(version, action, payload) == wrong


def test_text_that_is_no_json_is_wrong_too():
    assert len(catalogue.check("1.6", "Reset", "{")) == 1


def test_an_unknown_action_is_the_callers_mistake():
    with pytest.raises(KeyError):
        catalogue.check("1.6", "Reboot", "{}")
