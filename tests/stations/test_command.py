"""The life of a command: asked, taken, sent, settled, proved (api-contract §3, behaviour.md 4 and 5)."""

import json
from datetime import timedelta

import pytest
import time_machine

from accounts.models import ApiKey
from cms.core.errors import Conflict, Invalid
from stations.models import Command
from stations.services import commands, outcomes
from stations.vocabulary import replies
from stations.vocabulary.commands import (
    ChangeAvailability,
    GetBaseReport,
    GetVariables,
    RawCall,
    Reset,
    TriggerMessage,
    UnlockConnector,
)
from stations.vocabulary.events import (
    CommandSent,
    CommandSettled,
    FramesSeen,
    OutboxesPolled,
    OutboxOpened,
    StationGone,
)
from stations.vocabulary.values import EvseRef
from tests.factories import StationFactory

from .conftest import NOON, booted, connected, cost, frame, knocked, ref, status

RESET = Reset("OnIdle")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def opened(station, **more) -> OutboxOpened:
    return OutboxOpened(**{"station": ref(station), "epoch": station.epoch, "version": "ocpp1.6"} | more)


def settled(command: Command, outcome: str = "result", payload: str | None = "{}", **more) -> CommandSettled:
    return CommandSettled(ref(command.station), command.pk, outcome, payload, **more)  # type: ignore[arg-type]


@pytest.fixture
def reset(online):
    return commands.request(station=online, command=RESET, by=None)


@pytest.fixture
def sent(reset, tell):
    """A Reset on its way."""
    tell(opened(reset.station))
    tell(CommandSent(ref(reset.station), reset.pk, "Reset", '{"type":"Soft"}', NOON))
    reset.refresh_from_db()
    return reset


# ---- asking ------------------------------------------------------------------------------------------------------


def test_a_command_waits_and_the_bell_rings(online, olga, bell, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        command = commands.request(station=online, command=RESET, by=olga, timeout=60)
        assert bell.rung == []
    assert bell.rung == [online.pk]
    assert (command.status, command.action, command.kind, command.timeout) == ("pending", "Reset", "Reset", 60)
    assert json.loads(command.arguments) == {"when": "OnIdle", "evse": None}
    assert (command.requested_by, command.requested_with, command.created_at) == (olga, None, NOON)


def test_an_api_key_signs_its_commands(online, operator):
    key = ApiKey.objects.create(operator=operator, name="depot", prefix="x", digest="x")
    command = commands.request(station=online, command=RESET, by=key)
    assert (command.requested_by, command.requested_with) == (None, key)


def test_nothing_is_queued_for_an_offline_station(station):
    with pytest.raises(Conflict) as refused:
        commands.request(station=station, command=RESET, by=None)
    assert refused.value.code == "station_offline"
    assert not Command.objects.exists()


def test_a_word_that_the_version_lacks_is_refused(online):
    with pytest.raises(Conflict) as refused:
        commands.request(station=online, command=GetBaseReport(1), by=None)
    assert refused.value.code == "not_supported"
    assert not Command.objects.exists()


def test_a_raw_call_is_stored_as_given(online):
    payload = '{"connectorId":1,"csChargingProfiles":{"chargingProfileId":12,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative","chargingSchedule":{"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":0,"limit":11000.0}]}}}'
    command = commands.raw_call(station=online, action="SetChargingProfile", payload=payload, by=None)
    assert (command.kind, command.action, command.payload) == ("RawCall", "SetChargingProfile", payload)


@pytest.mark.parametrize(
    ("action", "payload", "timeout", "wrong"),
    [
        ("Reboot", "{}", 30, "action"),
        ("BootNotification", "{}", 30, "action"),
        ("GetVariables", "{}", 30, "action"),
        ("Reset", '{"type":"Medium"}', 30, "payload"),
        ("Reset", "{}", 0, "timeout"),
        ("Reset", '{"type":"Soft"}', 301, "timeout"),
    ],
)
def test_a_wrong_raw_call_is_refused_and_not_queued(online, action, payload, timeout, wrong):
    with pytest.raises(Invalid) as refused:
        commands.raw_call(station=online, action=action, payload=payload, by=None, timeout=timeout)
    assert list(refused.value.fields) == [wrong]
    assert not Command.objects.exists()


def test_what_we_believe_of_the_station_does_not_matter(online, tell):
    """Unlocking a connector nobody has heard of is a legitimate question (behaviour.md 18)."""
    command = commands.raw_call(station=online, action="UnlockConnector", payload='{"connectorId":99}', by=None)
    assert tell(opened(online)) == replies.NextCommand(command.pk, RawCall("UnlockConnector", '{"connectorId":99}'), 30)


# ---- the outbox --------------------------------------------------------------------------------------------------


def test_commands_go_out_in_the_order_accepted(online, tell):
    first = commands.request(station=online, command=RESET, by=None)
    second = commands.request(station=online, command=UnlockConnector(EvseRef(2, 1)), by=None, timeout=90)
    assert tell(opened(online)) == replies.NextCommand(first.pk, RESET, 30)
    assert tell(opened(online)) == replies.NextCommand(second.pk, UnlockConnector(EvseRef(2, 1)), 90)
    assert tell(opened(online)) == replies.NOTHING_TO_SEND
    first.refresh_from_db()
    assert (first.status, first.epoch) == ("sent", 1)


def test_our_own_questions_wait_until_the_station_has_booted(online, tell):
    own = commands.request(station=online, command=GetVariables(), by=None, automatic=True)
    assert tell(opened(online, booted=False)) == replies.NOTHING_TO_SEND
    asked = commands.request(station=online, command=RESET, by=None)
    assert tell(opened(online, booted=False)).id == asked.pk
    assert tell(opened(online, booted=True)).id == own.pk


def test_an_old_connection_gets_nothing(reset, tell):
    old = opened(reset.station)
    tell(knocked("CP-0042"))
    assert tell(old) == replies.NOTHING_TO_SEND
    reset.refresh_from_db()
    assert reset.status == "pending"


def test_what_was_asked_under_another_version_fails(reset, tell):
    station = connected(reset.station, tell, "ocpp2.0.1")
    assert tell(opened(station, version="ocpp2.0.1")) == replies.NOTHING_TO_SEND
    reset.refresh_from_db()
    assert reset.status == "error"
    assert json.loads(reset.error)["code"] == "ConnectionClosed"


def test_fifty_outboxes_cost_as_many_statements_as_one(operator, tell):
    stations = [connected(StationFactory(operator=operator, location=None), tell) for _ in range(51)]
    for station in stations:
        commands.request(station=station, command=RESET, by=None)
    alone = cost(lambda: tell(opened(stations[0])))
    assert cost(lambda: tell(*map(opened, stations[1:]))) == alone <= 3
    assert not Command.objects.filter(status="pending").exists()


def test_a_gateway_learns_what_waits_without_a_bell(reset, tell, operator):
    idle = StationFactory(operator=operator)
    polled = OutboxesPolled((reset.station_id, idle.pk))
    assert tell(polled) == replies.WorkWaiting(frozenset({reset.station_id}))
    assert tell(OutboxesPolled((idle.pk,))) == replies.WorkWaiting(frozenset())


def test_what_goes_on_the_wire_is_recorded(sent):
    assert (sent.status, sent.action, sent.payload, sent.sent_at) == ("sent", "Reset", '{"type":"Soft"}', NOON)


def test_a_command_that_has_ended_is_not_sent(reset, tell):
    tell(opened(reset.station))
    tell(settled(reset, "timeout", None))
    answer = tell(CommandSent(ref(reset.station), reset.pk, "Reset", "{}", NOON))
    assert isinstance(answer, replies.Failed)
    reset.refresh_from_db()
    assert reset.status == "timeout"


# ---- the outcome -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "outcome"),
    [
        *((f'{{"status":"{word}"}}', "accepted") for word in
          ("Accepted", "Scheduled", "Unlocked", "RebootRequired", "AcceptedCanceled", "accepted")),
        ("{}", "accepted"),
        ("null", "accepted"),
        ('{"listVersion":-1}', "accepted"),
        ('{"configurationKey":[],"unknownKey":["x"]}', "accepted"),
        *((f'{{"status":"{word}"}}', "rejected") for word in
          ("Rejected", "NotSupported", "Failed", "Faulted", "Occupied", "UnlockFailed", "Unknown", "", "whatever")),
        ('{"status":null}', "rejected"),
    ],
)  # fmt: skip
def test_the_stations_word_decides(sent, tell, payload, outcome):
    tell(settled(sent, payload=payload))
    sent.refresh_from_db()
    assert (sent.status, sent.response, sent.error, sent.completed_at) == (outcome, payload, None, NOON)


def test_a_callerror_is_kept(sent, tell):
    tell(
        settled(
            sent, "error", None, error_code="InternalError", error_description='say "no"', error_details='{"a":1.0}'
        )
    )
    sent.refresh_from_db()
    assert (sent.status, sent.response) == ("error", None)
    assert sent.error == '{"code":"InternalError","description":"say \\"no\\"","details":{"a":1.0}}'


def test_a_closed_connection_is_an_error_of_its_own(sent, tell):
    tell(settled(sent, "closed", None))
    sent.refresh_from_db()
    assert sent.status == "error"
    said = json.loads(sent.error)
    assert (said["code"], said["details"]) == ("ConnectionClosed", {})
    assert said["description"]


def test_no_answer_in_time(sent, tell):
    tell(settled(sent, "timeout", None))
    sent.refresh_from_db()
    assert (sent.status, sent.response, sent.error, sent.completed_at) == ("timeout", None, None, NOON)


def test_the_first_outcome_stays(sent, tell):
    tell(settled(sent, payload='{"status":"Rejected"}'))
    tell(settled(sent, payload='{"status":"Accepted"}'))
    tell(settled(sent, "closed", None))
    sent.refresh_from_db()
    assert (sent.status, sent.response) == ("rejected", '{"status":"Rejected"}')


def test_another_stations_answer_is_not_taken(sent, tell, operator):
    stranger = StationFactory(operator=operator)
    tell(CommandSettled(ref(stranger), sent.pk, "result", '{"status":"Accepted"}'))
    sent.refresh_from_db()
    assert sent.status == "sent"


def test_each_step_is_announced(online, tell, django_capture_on_commit_callbacks):
    from stations import signals

    heard = []
    signals.command_changed.connect(
        lambda **facts: heard.append((facts["id"], facts["station"])), weak=False, dispatch_uid="t"
    )
    try:
        with django_capture_on_commit_callbacks(execute=True):
            command = commands.request(station=online, command=RESET, by=None)
            tell(opened(online))
            tell(CommandSent(ref(online), command.pk, "Reset", "{}", NOON))
            tell(settled(command))
    finally:
        signals.command_changed.disconnect(dispatch_uid="t")
    assert heard == [(command.pk, online.pk)] * 3


# ---- the sweep ---------------------------------------------------------------------------------------------------


def expired(command: Command, seconds: int) -> str:
    outcomes.expire(now=NOON + timedelta(seconds=seconds))
    command.refresh_from_db()
    return command.status


def test_a_command_of_a_dead_gateway_times_out(sent):
    assert expired(sent, 39) == "sent"
    assert expired(sent, 41) == "timeout"


def test_a_command_of_a_lost_connection_ends(sent, online):
    online.online = False
    online.save()
    assert expired(sent, 1) == "error"


def test_what_waits_for_a_station_that_stays_away_ends_after_half_a_minute(reset, tell):
    tell(StationGone(ref(reset.station), 1))
    assert expired(reset, 29) == "pending"
    assert expired(reset, 31) == "error"


def test_what_waits_for_a_station_that_returns_is_sent(reset, tell):
    tell(StationGone(ref(reset.station), 1))
    station = connected(reset.station, tell)
    assert expired(reset, 60) == "pending"
    assert tell(opened(station)).id == reset.pk


def test_the_sweep_rings_for_what_waits(reset, bell, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert outcomes.expire(now=NOON) == 0
    assert bell.rung == [reset.station_id]


# ---- the proof ---------------------------------------------------------------------------------------------------


def carried_out(station, tell, action: str, payload: str, version: str = "1.6") -> Command:
    command = commands.raw_call(station=station, action=action, payload=payload, by=None)
    tell(opened(station, version=f"ocpp{version}"))
    tell(CommandSent(ref(station), command.pk, action, payload, NOON))
    tell(settled(command, payload='{"status":"Accepted"}'))
    return command


def effect(command: Command):
    command.refresh_from_db()
    return command.effect_at


def test_a_reset_is_proved_by_the_next_boot(online, tell):
    command = carried_out(online, tell, "Reset", '{"type":"Soft"}')
    tell(status(online, "Available"))
    assert effect(command) is None
    tell(booted(online, NOON + timedelta(seconds=40)))
    assert effect(command) == NOON + timedelta(seconds=40)


def test_a_refused_reset_is_not_proved_by_a_boot(online, tell, sent):
    tell(settled(sent, payload='{"status":"Rejected"}'))
    tell(booted(online))
    assert effect(sent) is None


@pytest.mark.parametrize(
    ("payload", "evse", "word", "proved"),
    [
        ('{"connectorId":2,"type":"Inoperative"}', 2, "Unavailable", True),
        ('{"connectorId":2,"type":"Inoperative"}', 2, "Charging", False),
        ('{"connectorId":2,"type":"Inoperative"}', 1, "Unavailable", False),
        ('{"connectorId":0,"type":"Inoperative"}', 1, "Unavailable", True),
        ('{"connectorId":0,"type":"Operative"}', 0, "Available", True),
        ('{"connectorId":1,"type":"Operative"}', 1, "Unavailable", False),
    ],
)
def test_availability_is_proved_by_the_state_asked_for(online, tell, payload, evse, word, proved):
    command = carried_out(online, tell, "ChangeAvailability", payload)
    tell(status(online, word, evse=evse))
    assert (effect(command) == NOON) is proved


def test_availability_of_2_0_1_as_well(station, tell):
    connected(station, tell, "ocpp2.0.1")
    payload = '{"operationalStatus":"Inoperative","evse":{"id":1}}'
    command = carried_out(station, tell, "ChangeAvailability", payload, "2.0.1")
    tell(status(station, "Unavailable", evse=2))
    assert effect(command) is None
    tell(status(station, "Unavailable", evse=1))
    assert effect(command) == NOON


def test_an_unlock_is_proved_by_a_report_of_that_connector(online, tell):
    command = carried_out(online, tell, "UnlockConnector", '{"connectorId":1}')
    tell(status(online, "Available", evse=2))
    assert effect(command) is None
    tell(status(online, "Finishing", evse=1))
    assert effect(command) == NOON


def test_a_trigger_is_proved_by_the_message(online, tell):
    command = carried_out(online, tell, "TriggerMessage", '{"requestedMessage":"MeterValues"}')
    tell(FramesSeen((frame(online),)))
    assert effect(command) is None
    tell(FramesSeen((frame(online, NOON, action="MeterValues"),)))
    assert effect(command) == NOON


def test_a_proof_that_comes_too_late_proves_nothing(online, tell, clock):
    command = carried_out(online, tell, "UnlockConnector", '{"connectorId":1}')
    clock.shift(timedelta(seconds=61))
    tell(status(online, "Available", at=NOON + timedelta(seconds=61)))
    assert effect(command) is None


def test_typed_commands_are_proved_alike(online, tell):
    for command in (ChangeAvailability(False, EvseRef(1, 1)), TriggerMessage("Heartbeat")):
        commands.request(station=online, command=command, by=None)
    change, trigger = Command.objects.order_by("id")
    tell(opened(online))
    tell(CommandSent(ref(online), change.pk, "ChangeAvailability", '{"connectorId":1,"type":"Inoperative"}', NOON))
    tell(opened(online))
    tell(CommandSent(ref(online), trigger.pk, "TriggerMessage", '{"requestedMessage":"Heartbeat"}', NOON))
    tell(status(online, "Unavailable"), FramesSeen((frame(online),)))
    assert (effect(change), effect(trigger)) == (NOON, NOON)


def test_other_rooms_bring_proofs_of_their_own(online, tell):
    payload = '{"idTag":"04A1","connectorId":1}'
    command = carried_out(online, tell, "RemoteStartTransaction", payload)
    asked = {"station_ids": [online.pk], "actions": ("RemoteStartTransaction",), "within_s": 60}
    (waiting,) = commands.awaited(**asked)
    assert (waiting.id, waiting.payload["idTag"]) == (command.pk, "04A1")
    commands.seen_all({command.pk: (online.pk, NOON)})
    assert commands.awaited(**asked) == []
    commands.seen_all({command.pk: (online.pk, NOON + timedelta(hours=1))})
    assert effect(command) == NOON
