"""A firmware update and its phases (ocpp16 §7, 2.0.1 L01, behaviour.md 9 and 24)."""

from datetime import timedelta

import pytest
import time_machine

from cms.core.errors import Conflict
from stations.diagnostics import firmware
from stations.models import Command, FirmwareUpdate
from stations.vocabulary.commands import UpdateFirmware
from stations.vocabulary.events import CommandSettled, FirmwareStatusReported, OutboxOpened
from stations.vocabulary.replies import DONE
from tests.factories import StationFactory

from .conftest import NOON, booted, ref

URL = "https://files.example/ac22-1.5.0.bin"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def update(online, olga) -> FirmwareUpdate:
    online.firmware_version = "1.4.2"
    online.save()
    return firmware.update(station=online, url=URL, retrieve_at=NOON, by=olga, version_expected="1.5.0")


def told(station, status: str, number: int | None = None, minutes: int = 0) -> FirmwareStatusReported:
    at = NOON + timedelta(minutes=minutes)
    return FirmwareStatusReported(station=ref(station), received_at=at, status=status, request_id=number)


def state(update: FirmwareUpdate) -> tuple[str, str]:
    update.refresh_from_db()
    return update.status, update.detail


def test_the_order_names_file_and_moment(online, tell):
    at = NOON + timedelta(microseconds=999_999)
    update = firmware.update(station=online, url=URL, retrieve_at=at, by=None)
    asked = tell(OutboxOpened(ref(online), 1, "ocpp1.6"))
    assert asked.command == UpdateFirmware(URL, update.request_id, NOON)
    assert (update.status, update.retrieve_at) == ("requested", NOON)


def test_two_updates_at_once_are_refused(update):
    with pytest.raises(Conflict) as refused:
        firmware.update(station=update.station, url=URL, retrieve_at=NOON, by=None)
    assert refused.value.code == "update_running"
    assert Command.objects.count() == 1


def test_phases_follow_the_stations_word(update, tell):
    seen = []
    for word in ("Downloading", "Downloaded", "Installing", "Installed"):
        assert tell(told(update.station, word)) == DONE
        seen.append(state(update)[0])
    assert seen == ["downloading", "downloaded", "installing", "installed"]
    assert update.completed_at == NOON


def test_a_late_report_does_not_turn_it_back(update, tell):
    tell(told(update.station, "Installing"), told(update.station, "Downloading"))
    assert state(update)[0] == "installing"
    tell(told(update.station, "Installed"), told(update.station, "DownloadFailed"))
    assert state(update)[0] == "installed"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("DownloadFailed", "could not fetch"),
        ("InstallationFailed", "still on 1.4.2"),
        ("InstallVerificationFailed", "still on 1.4.2"),
        ("InvalidSignature", "signature"),
    ],
)
def test_a_failure_says_what_happened(update, tell, word, sentence):
    tell(told(update.station, word))
    assert state(update) == ("failed", word)
    assert sentence in firmware.describe(update)


@pytest.mark.parametrize("word", ["Idle", "Downloaded", "InstallationFailed", "Brewing"])
def test_what_nobody_asked_for_is_answered(online, tell, word):
    assert tell(told(online, word)) == DONE
    assert not FirmwareUpdate.objects.exists()


def test_idle_says_nothing(update, tell):
    tell(told(update.station, "Idle"))
    assert state(update) == ("requested", "")


def test_another_stations_number_moves_nothing(update, tell, operator):
    stranger = StationFactory(operator=operator)
    tell(told(stranger, "Installed", update.request_id), told(update.station, "Installed", update.request_id + 1))
    assert state(update)[0] == "requested"
    tell(told(update.station, "Downloading", update.request_id))
    assert state(update)[0] == "downloading"


def test_the_proof_is_the_version_after_the_restart(update, tell):
    tell(told(update.station, "Installing"))
    tell(booted(update.station, NOON + timedelta(minutes=3), firmware_version="1.5.0"))
    assert state(update) == ("installed", "Installed")
    assert update.version_after == "1.5.0"


def test_installed_before_the_restart_is_proved_afterwards(update, tell):
    tell(told(update.station, "Installed"))
    assert update.version_after == ""
    tell(booted(update.station, NOON + timedelta(minutes=3), firmware_version="1.5.1"))
    assert state(update) == ("failed", "OtherVersion")
    assert "1.5.1" in firmware.describe(update)


@pytest.mark.parametrize("outcome", ["error", "timeout", "closed"])
def test_without_an_answer_it_has_failed(update, tell, outcome):
    tell(CommandSettled(ref(update.station), update.command_id, outcome))
    assert state(update) == ("failed", "Refused")


def test_an_empty_answer_of_1_6_is_yes(update, tell):
    tell(CommandSettled(ref(update.station), update.command_id, "result", "{}"))
    assert state(update) == ("requested", "")


def test_silence_for_a_day_is_given_up(update):
    assert firmware.give_up(now=NOON + timedelta(hours=23)) == 0
    assert firmware.give_up(now=NOON + timedelta(hours=25)) == 1
    assert state(update) == ("failed", "NoNews")
