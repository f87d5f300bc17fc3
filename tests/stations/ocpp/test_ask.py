"""What each command looks like on the wire, in each version."""

from datetime import UTC, datetime

import orjson
import pytest

from stations.ocpp.schemas import Schemas
from stations.ocpp.versions import VERSIONS
from stations.vocabulary import commands
from stations.vocabulary.commands import CommandNotSupported
from stations.vocabulary.values import EvseRef, IdToken

NINE = datetime(2026, 5, 1, 9, 0, 0, tzinfo=UTC)
PROFILE_16 = """{ "chargingProfileId": 12, "stackLevel": 0, "chargingProfilePurpose": "TxProfile",
  "chargingProfileKind": "Relative", "chargingSchedule": {"chargingRateUnit": "W",
  "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11000.0}]}}"""
PROFILE_201 = """{"id":12,"stackLevel":0,"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Relative",
  "chargingSchedule":[{"id":1,"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":11000}]}]}"""
SCHEMAS = {"ocpp1.6": Schemas("v16", ""), "ocpp2.0.1": Schemas("v201", "Request")}
REFUSED = "refused"

TABLE = [
    (commands.RequestStart(IdToken("T"), 5), ("RemoteStartTransaction", '{"idTag":"T"}'),
     ("RequestStartTransaction", '{"idToken":{"idToken":"T","type":"ISO14443"},"remoteStartId":5}')),
    (commands.RequestStart(IdToken("T", "Central"), 5, EvseRef(2, 1)),
     ("RemoteStartTransaction", '{"connectorId":2,"idTag":"T"}'),
     ("RequestStartTransaction", '{"evseId":2,"idToken":{"idToken":"T","type":"Central"},"remoteStartId":5}')),
    (commands.RequestStop("8123"), ("RemoteStopTransaction", '{"transactionId":8123}'),
     ("RequestStopTransaction", '{"transactionId":"8123"}')),
    (commands.RequestStop("tx-1"), REFUSED, ("RequestStopTransaction", '{"transactionId":"tx-1"}')),
    (commands.Reset("Immediate"), ("Reset", '{"type":"Hard"}'), ("Reset", '{"type":"Immediate"}')),
    (commands.Reset("OnIdle"), ("Reset", '{"type":"Soft"}'), ("Reset", '{"type":"OnIdle"}')),
    (commands.Reset("OnIdle", EvseRef(9)), REFUSED, ("Reset", '{"type":"OnIdle","evseId":9}')),
    (commands.UnlockConnector(EvseRef(3, 1)), ("UnlockConnector", '{"connectorId":3}'),
     ("UnlockConnector", '{"evseId":3,"connectorId":1}')),
    (commands.TriggerMessage("StatusNotification"), ("TriggerMessage", '{"requestedMessage":"StatusNotification"}'),
     ("TriggerMessage", '{"requestedMessage":"StatusNotification"}')),
    (commands.TriggerMessage("StatusNotification", EvseRef(1, 1)),
     ("TriggerMessage", '{"requestedMessage":"StatusNotification","connectorId":1}'),
     ("TriggerMessage", '{"evse":{"id":1,"connectorId":1},"requestedMessage":"StatusNotification"}')),
    (commands.TriggerMessage("LogStatusNotification"),
     ("TriggerMessage", '{"requestedMessage":"DiagnosticsStatusNotification"}'),
     ("TriggerMessage", '{"requestedMessage":"LogStatusNotification"}')),
    (commands.TriggerMessage("TransactionEvent"), REFUSED, ("TriggerMessage", '{"requestedMessage":"TransactionEvent"}')),
    (commands.GetVariables(), ("GetConfiguration", "{}"), REFUSED),
    (commands.GetVariables((("", "HeartbeatInterval"),)), ("GetConfiguration", '{"key":["HeartbeatInterval"]}'),
     ("GetVariables", '{"getVariableData":[{"component":{"name":""},"variable":{"name":"HeartbeatInterval"}}]}')),
    (commands.SetVariable("OCPPCommCtrlr", "HeartbeatInterval", "60"),
     ("ChangeConfiguration", '{"key":"HeartbeatInterval","value":"60"}'),
     ("SetVariables", '{"setVariableData":[{"attributeValue":"60","component":{"name":"OCPPCommCtrlr"},'
      '"variable":{"name":"HeartbeatInterval"}}]}')),
    (commands.ChangeAvailability(False), ("ChangeAvailability", '{"connectorId":0,"type":"Inoperative"}'),
     ("ChangeAvailability", '{"operationalStatus":"Inoperative"}')),
    (commands.ChangeAvailability(True, EvseRef(2, 1)), ("ChangeAvailability", '{"connectorId":2,"type":"Operative"}'),
     ("ChangeAvailability", '{"evse":{"id":2,"connectorId":1},"operationalStatus":"Operative"}')),
    (commands.GetBaseReport(4), REFUSED, ("GetBaseReport", '{"requestId":4,"reportBase":"FullInventory"}')),
    (commands.SetChargingProfile(EvseRef(2), 7, "TxProfile", "Relative", "A", 16, 8, transaction_id="12"),
     ("SetChargingProfile", '{"connectorId":2,"csChargingProfiles":{"chargingProfileId":7,"stackLevel":8,'
      '"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Relative","transactionId":12,"chargingSchedule":'
      '{"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":16}]}}}'),
     ("SetChargingProfile", '{"evseId":2,"chargingProfile":{"id":7,"stackLevel":8,"chargingProfilePurpose":"TxProfile",'
      '"chargingProfileKind":"Relative","transactionId":"12","chargingSchedule":[{"id":1,"chargingRateUnit":"A",'
      '"chargingSchedulePeriod":[{"startPeriod":0,"limit":16}]}]}}')),
    (commands.SetChargingProfile(None, 7, "ChargingStationMaxProfile", "Absolute", "W", 9000, start=NINE, until=NINE),
     ("SetChargingProfile", '{"connectorId":0,"csChargingProfiles":{"chargingProfileId":7,"stackLevel":0,'
      '"chargingProfilePurpose":"ChargePointMaxProfile","chargingProfileKind":"Absolute","validTo":"2026-05-01T09:00:00Z",'
      '"chargingSchedule":{"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":9000}],'
      '"startSchedule":"2026-05-01T09:00:00Z"}}}'),
     ("SetChargingProfile", '{"evseId":0,"chargingProfile":{"id":7,"stackLevel":0,"chargingProfilePurpose":'
      '"ChargingStationMaxProfile","chargingProfileKind":"Absolute","validTo":"2026-05-01T09:00:00Z","chargingSchedule":'
      '[{"id":1,"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":9000}],'
      '"startSchedule":"2026-05-01T09:00:00Z"}]}}')),
    (commands.ClearChargingProfile(7), ("ClearChargingProfile", '{"id":7}'),
     ("ClearChargingProfile", '{"chargingProfileId":7}')),
    (commands.GetCompositeSchedule(EvseRef(2), 600, "W"),
     ("GetCompositeSchedule", '{"connectorId":2,"duration":600,"chargingRateUnit":"W"}'),
     ("GetCompositeSchedule", '{"duration":600,"chargingRateUnit":"W","evseId":2}')),
    (commands.GetLog("https://x/u", 4), ("GetDiagnostics", '{"location":"https://x/u"}'),
     ("GetLog", '{"log":{"remoteLocation":"https://x/u"},"logType":"DiagnosticsLog","requestId":4}')),
    (commands.GetLog("https://x/u", 4, NINE, NINE),
     ("GetDiagnostics", '{"location":"https://x/u","startTime":"2026-05-01T09:00:00.000Z",'
      '"stopTime":"2026-05-01T09:00:00.000Z"}'),
     ("GetLog", '{"log":{"remoteLocation":"https://x/u","oldestTimestamp":"2026-05-01T09:00:00.000Z",'
      '"latestTimestamp":"2026-05-01T09:00:00.000Z"},"logType":"DiagnosticsLog","requestId":4}')),
    (commands.GetLog("https://x/u", 4, NINE, log_type="SecurityLog"),
     ("GetLog", '{"logType":"SecurityLog","requestId":4,"log":{"remoteLocation":"https://x/u",'
      '"oldestTimestamp":"2026-05-01T09:00:00.000Z"}}'),
     ("GetLog", '{"log":{"remoteLocation":"https://x/u","oldestTimestamp":"2026-05-01T09:00:00.000Z"},'
      '"logType":"SecurityLog","requestId":4}')),
    (commands.UpdateFirmware("https://x/f", 4, NINE.replace(microsecond=1)),
     ("UpdateFirmware", '{"location":"https://x/f","retrieveDate":"2026-05-01T09:00:01Z"}'),
     ("UpdateFirmware", '{"requestId":4,"firmware":{"location":"https://x/f","retrieveDateTime":"2026-05-01T09:00:01Z"}}')),
    (commands.UpdateFirmware("https://x/f", 4, NINE),
     ("UpdateFirmware", '{"location":"https://x/f","retrieveDate":"2026-05-01T09:00:00Z"}'),
     ("UpdateFirmware", '{"requestId":4,"firmware":{"location":"https://x/f","retrieveDateTime":"2026-05-01T09:00:00Z"}}')),
    (commands.ClearCache(), ("ClearCache", "{}"), ("ClearCache", "{}")),
]  # fmt: skip


def ask(version: str, command: commands.Command) -> tuple[str, str] | str:
    try:
        return VERSIONS[version].encoders[type(command)](command)
    except CommandNotSupported:
        return REFUSED


@pytest.mark.parametrize(("command", "v16", "v201"), TABLE)
def test_a_command_is_asked_for_in_the_words_of_the_version(command, v16, v201):
    for version, expected in (("ocpp1.6", v16), ("ocpp2.0.1", v201)):
        asked = ask(version, command)
        assert asked == expected
        if asked != REFUSED:
            schema = SCHEMAS[version].request(asked[0])
            assert [error.message for error in schema.validator.iter_errors(orjson.loads(asked[1]))] == []


@pytest.mark.parametrize(("version", "profile"), [("ocpp1.6", PROFILE_16), ("ocpp2.0.1", PROFILE_201)])
def test_a_charging_profile_travels_whole_inside_a_remote_start(version, profile):
    _, payload = ask(version, commands.RequestStart(IdToken("T"), 5, EvseRef(1, 1), profile))
    assert payload.endswith(',"chargingProfile":' + "".join(profile.split()) + "}")
    action = {"ocpp1.6": "RemoteStartTransaction", "ocpp2.0.1": "RequestStartTransaction"}[version]
    assert SCHEMAS[version].request(action).validator.is_valid(orjson.loads(payload))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_raw_call_keeps_its_members_their_order_and_the_spelling_of_numbers(version):
    raw = commands.RawCall("SetChargingProfile", '{ "b" : 6.10,\n "a" : [ 11000 , 1.0 ], "c":"x  y" }')
    assert ask(version, raw) == ("SetChargingProfile", '{"b":6.10,"a":[11000,1.0],"c":"x  y"}')
