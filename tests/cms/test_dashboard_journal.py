"""One sentence per message, secrets hidden, and a call of ours with its answer on one line."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cms.dashboard import journal, said
from stations.models import ChargingStation, Frame

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2025, 11, 3, 13, 32, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def call(action: str, payload: object) -> str:
    return json.dumps([2, "1", action, payload])


@pytest.mark.parametrize(
    ("action", "payload", "sentence"),
    [
        ("Heartbeat", {}, "Still here"),
        (
            "SetChargingProfile",
            {
                "connectorId": 1,
                "csChargingProfiles": {
                    "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"limit": 16}]}
                },
            },
            "Connector 1: at most 16\u00a0A",
        ),
        (
            "SetChargingProfile",
            {
                "evseId": 0,
                "chargingProfile": {
                    "chargingSchedule": [{"chargingRateUnit": "W", "chargingSchedulePeriod": [{"limit": 7400}]}]
                },
            },
            "Whole station: at most 7.4\u00a0kW",
        ),
        ("SetChargingProfile", {"evseId": 0, "chargingProfile": {"chargingSchedule": []}}, ""),
        ("GetCompositeSchedule", {"evseId": 2}, "Connector 2: how much may flow?"),
        (
            "BootNotification",
            {"chargePointVendor": "Elettra", "chargePointModel": "Duo 22", "firmwareVersion": "1.4.2"},
            "Started up: Elettra Duo 22 1.4.2",
        ),
        (
            "BootNotification",
            {"reason": "PowerUp", "chargingStation": {"vendorName": "Fulgor", "model": "150"}},
            "Started up: Fulgor 150",
        ),
        (
            "StatusNotification",
            {"connectorId": 1, "status": "Available", "errorCode": "NoError"},
            "Connector 1: Available",
        ),
        (
            "StatusNotification",
            {"connectorId": 1, "status": "Faulted", "errorCode": "PowerSwitchFailure", "vendorErrorCode": "E-117"},
            "Connector 1: Faulted, PowerSwitchFailure E-117",
        ),
        ("StatusNotification", {"evseId": 2, "connectorId": 1, "connectorStatus": "Occupied"}, "Connector 2: Occupied"),
        ("StatusNotification", {"connectorId": 0, "status": "Available"}, "Whole station: Available"),
        ("Authorize", {"idTag": "04A1B2C37F2C"}, "May card …7F2C charge?"),
        ("Authorize", {"idToken": {"idToken": "04A1B2C37F2C", "type": "ISO14443"}}, "May card …7F2C charge?"),
        (
            "StartTransaction",
            {"connectorId": 2, "idTag": "04A17F2C", "meterStart": 6204881},
            "Connector 2: charge begins with card …7F2C, meter 6,204.881\u00a0kWh",
        ),
        (
            "StopTransaction",
            {"transactionId": 88214, "meterStop": 1200, "reason": "Other"},
            "Charge 88214 ended, meter 1.200\u00a0kWh, reason: Other",
        ),
        (
            "MeterValues",
            {
                "connectorId": 2,
                "meterValue": [
                    {
                        "sampledValue": [
                            {"value": "11.0", "measurand": "Power.Active.Import", "unit": "kW"},
                            {"value": "6204881"},
                        ]
                    }
                ],
            },
            "Connector 2: 11.0\u00a0kW, meter 6,204.881\u00a0kWh",
        ),
        (
            "TransactionEvent",
            {
                "eventType": "Ended",
                "triggerReason": "RemoteStop",
                "transactionInfo": {"stoppedReason": "Remote"},
                "evse": {"id": 1},
            },
            "Connector 1: charge ended, RemoteStop, reason: Remote",
        ),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, "Please set HeartbeatInterval = 60"),
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "hunter2"}, "Please set AuthorizationKey = •••"),
        ("Unheard", {"x": 1}, ""),
        ("StopTransaction", {"meterStop": "not a number"}, ""),
    ],
)
def test_a_message_in_one_sentence(action, payload, sentence):
    assert said.sentence(action, call(action, payload)) == sentence


@given(
    st.sampled_from(sorted(said._SENTENCES)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["evse", "meterValue", "sampledValue", "value", "status", "idTag", "key", "eventData", "id"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
)
def test_no_message_breaks_the_log(action, payload):
    raw = call(action, payload)
    assert isinstance(said.sentence(action, raw), str)
    assert isinstance(said.answer(raw), str)
    assert isinstance(said.pretty(raw), str)


@pytest.mark.parametrize("raw", ["{", "null", "[]", "[2]", "[2,1]", '[2,"1","Heartbeat"]', "[4]", "\\x00"])
def test_what_is_no_frame_is_shown_as_it_came(raw):
    assert said.sentence("Heartbeat", raw) in ("", "Still here")
    assert isinstance(said.answer(raw), str)
    assert said.pretty(raw)


@pytest.mark.parametrize(
    "payload",
    [
        {"key": "AuthorizationKey", "value": "hunter2"},
        {"configurationKey": [{"key": "authorizationkey", "readonly": False, "value": "hunter2"}]},
        {"setVariableData": [{"attributeValue": "hunter2", "variable": {"name": "BasicAuthPassword"}}]},
        {"location": "ftp://me:hunter2@files.example/log"},
    ],
)
def test_secrets_are_never_shown(payload):
    assert "hunter2" not in said.pretty(call("X", payload))


def frame(station: ChargingStation, seconds: int, **facts) -> Frame:
    whole = {
        "epoch": 1,
        "at": NOW + timedelta(seconds=seconds),
        "outgoing": False,
        "kind": 2,
        "message_id": str(seconds),
        "action": "Heartbeat",
        "raw": call("Heartbeat", {}),
        "answer": '[3,"1",{"currentTime":"2025-11-03T13:32:00Z"}]',
        "took_us": 2100,
    }
    return Frame.objects.create(station=station, **whole | facts)


def test_our_call_and_its_answer_share_a_line(station):
    frame(station, 0, outgoing=True, message_id="x", action="Reset", raw=call("Reset", {"type": "Soft"}), answer="")
    frame(station, 1, kind=3, message_id="x", action="Reset", raw='[3,"x",{"status":"Rejected"}]', answer="")
    (line,) = journal.lines(journal.latest(station), ROME)
    assert (line["time"], line["sentence"], line["answer"]) == ("14:32:00", "Please restart (Soft)", "Rejected")
    assert line["took"] == 1_000_000
    assert not line["broken"]


def test_a_refused_call_is_among_the_errors(station):
    frame(station, 0)
    frame(station, 1, outgoing=True, message_id="x", action="Reset", raw=call("Reset", {"type": "Soft"}), answer="")
    frame(station, 2, kind=4, message_id="x", action="Reset", raw='[4,"x","NotImplemented","",{}]', answer="")
    frame(station, 3, anomalies="null_member")
    found = journal.matching(station, journal.Filters(errors=True), now=NOW + timedelta(minutes=1))
    assert [(line["action"], line["answer"], line["broken"]) for line in journal.lines(found, ROME)] == [
        ("Heartbeat", "2025-11-03 13:32:00", False),
        ("Reset", "NotImplemented", True),
    ]


@pytest.mark.parametrize(
    ("given_filters", "seconds"),
    [
        ({}, [3, 2, 1, 0]),
        ({"action": "Authorize"}, [2]),
        ({"direction": "out"}, [3]),
        ({"direction": "in"}, [2, 1, 0]),
        ({"range": "1h"}, [3, 2, 1, 0]),
        ({"range": "nonsense", "direction": "nonsense", "before": "²"}, [3, 2, 1, 0]),
    ],
)
def test_filters_live_in_the_query_string(station, given_filters, seconds):
    frame(station, 0)
    frame(station, 1)
    frame(station, 2, action="Authorize")
    frame(station, 3, outgoing=True, answer="")
    frame(station, -90000)
    found = journal.matching(station, journal.Filters.read(given_filters), now=NOW + timedelta(minutes=1))
    assert [int((line.at - NOW).total_seconds()) for line in found] == seconds


def test_older_messages_follow_a_page(station):
    first, second = frame(station, 0), frame(station, 1)
    filters = journal.Filters.read({"before": str(second.pk)})
    assert journal.matching(station, filters, now=NOW + timedelta(minutes=1)) == [first]


def test_another_stations_answer_is_not_borrowed(station, other_operator):
    from tests.factories import StationFactory

    frame(station, 0, outgoing=True, message_id="x", action="Reset", raw=call("Reset", {"type": "Soft"}), answer="")
    stranger = StationFactory(operator=other_operator)
    frame(stranger, 1, kind=3, message_id="x", action="Reset", raw='[3,"x",{"status":"Accepted"}]', answer="")
    (line,) = journal.lines(journal.latest(station), ROME)
    assert line["answer"] == ""
