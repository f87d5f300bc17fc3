"""The stages of a command: never green before the effect; a refusal in words."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from cms.dashboard import refusals, stages
from stations.models import Command

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2025, 11, 3, 13, 32, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def asked(action: str = "Reset", status: str = "accepted", answer: object = None, ago: int = 10, **facts) -> Command:
    at = NOW - timedelta(seconds=ago)
    times = {"created_at": at, "sent_at": at, "completed_at": at + timedelta(seconds=2)}
    if status in ("pending", "sent"):
        times["completed_at"] = None
    response = None if answer is None else json.dumps(answer)
    return Command(action=action, status=status, response=response, **times | facts)


def told(command: Command) -> list[tuple[str, str]]:
    return [(step["kind"], step["word"]) for step in stages.of(command, now=NOW, zone=ROME)]


def test_a_pending_command_waits_for_its_turn():
    assert told(asked(status="pending")) == [("now", "Waiting for its turn")]


def test_a_sent_command_says_how_long_it_still_waits():
    steps = stages.of(asked(status="sent", timeout=30), now=NOW, zone=ROME)
    assert steps[0] == {"kind": "done", "word": "Sent", "time": "14:31:50"}
    assert steps[1] == {
        "kind": "now",
        "word": "Waiting for the charger",
        "time": "",
        "since": "10",
        "until": "30",
        "passed": "10",
    }


def test_accepted_is_not_green():
    steps = told(asked("UnlockConnector", answer={"status": "Unlocked"}))
    assert steps[1] == ("done", "Accepted by charger")
    assert steps[2] == ("now", "Waiting for word from the connector")
    assert "seen" not in [kind for kind, _word in steps]


def test_green_comes_with_the_effect():
    command = asked("RemoteStartTransaction", answer={"status": "Accepted"}, effect_at=NOW)
    assert told(command)[-1] == ("seen", "Charging")
    assert not stages.running(command, NOW)


def test_a_start_that_was_accepted_but_never_began_has_failed():
    command = asked("RemoteStartTransaction", answer={"status": "Accepted"}, ago=90)
    assert told(command)[-1] == ("failed", "accepted, but no charge began: no cable seen in time")


def test_an_unlock_without_a_report_is_no_failure():
    assert told(asked("UnlockConnector", answer={"status": "Unlocked"}, ago=90))[-1] == ("done", "Accepted by charger")


def test_what_has_no_effect_to_see_ends_with_the_answer():
    assert told(asked("GetConfiguration", answer={"configurationKey": []})) == [
        ("done", "Sent"),
        ("done", "Answered by charger"),
    ]


@pytest.mark.parametrize(
    ("status", "word"),
    [("Scheduled", "Accepted for when it is idle"), ("RebootRequired", "Saved, active after a restart")],
)
def test_a_yes_with_a_condition_says_the_condition(status, word):
    assert ("done", word) in told(asked("ChangeConfiguration", answer={"status": status}))


@pytest.mark.parametrize(
    ("command", "stage", "sentence"),
    [
        (asked("Reset", "rejected", {"status": "Rejected"}), "Refused", "Busy, most likely with a charge."),
        (asked("UnlockConnector", "rejected", {"status": "NotSupported"}), "Refused", "This model cannot unlock"),
        (asked("Reset", "timeout", timeout=30), "No answer", "No reply in 30 s."),
        (
            asked("Reset", "error", error='{"code":"ConnectionClosed","description":"","details":{}}'),
            "Failed",
            "The connection ended before it answered.",
        ),
        (
            asked("Reset", "error", error='{"code":"Weird","description":"no idea","details":{}}'),
            "Failed",
            "Weird: no idea",
        ),
        (asked("SendLocalList", "rejected", {"status": "VersionMismatch"}), "Refused", "“VersionMismatch”"),
        (
            asked("SetVariables", "accepted", {"setVariableResult": [{"attributeStatus": "UnknownVariable"}]}),
            "Refused",
            "This firmware does not know the setting.",
        ),
    ],
)
def test_a_no_is_explained(command, stage, sentence):
    assert told(command)[-1] == ("failed", stage)
    assert sentence in refusals.sentence(command)


@pytest.mark.parametrize(
    ("answer", "stage"),
    [("Accepted", "Accepted by charger"), ("RebootRequired", "Saved, active after a restart")],
)
def test_a_2x_setting_is_accepted_by_its_own_word(answer, stage):
    command = asked("SetVariables", "accepted", {"setVariableResult": [{"attributeStatus": answer}]})
    assert told(command)[-1] == ("done", stage)
    assert refusals.sentence(command) == ""


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", '"x"', '{"status": 5}'])
def test_an_answer_that_is_no_object_breaks_nothing(text):
    command = Command(action="Reset", status="accepted", response=text, created_at=NOW, sent_at=NOW, completed_at=NOW)
    assert told(command)[0] == ("done", "Sent")
    assert refusals.sentence(command) == ""


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        ('{"connectorId": 2}', "connector 2"),
        ('{"evse": {"id": 1, "connectorId": 1}}', "connector 1"),
        ('{"evseId": 3}', "connector 3"),
        ('{"connectorId": 0}', ""),
        ("{}", ""),
        ("[]", ""),
    ],
)
def test_a_command_says_where(payload, where):
    assert stages.where(Command(payload=payload)) == where
