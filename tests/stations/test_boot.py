"""BootNotification: always the same answer, never written twice for nothing (behaviour.md 6, quirks 13-16, 91)."""

from datetime import timedelta

import pytest
import time_machine

from stations.models import Command, FirmwareUpdate, SecurityEvent, Variable
from stations.vocabulary.events import DataTransferred, HeartbeatSeen, NoticeReceived
from stations.vocabulary.replies import DONE, BootAnswer, DataTransferAnswer, HeartbeatAnswer
from tests.factories import StationFactory

from .conftest import NOON, booted, connected, cost, ref


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False):
        yield


def test_a_boot_is_accepted_with_our_time_and_the_interval(online, tell):
    assert tell(booted(online)) == BootAnswer("Accepted", NOON, 300)
    online.refresh_from_db()
    assert (online.vendor, online.model, online.firmware_version) == ("Acme", "AC22", "1.4.2")
    assert online.last_boot == NOON


def test_every_later_boot_is_answered_alike(online, tell):
    answers = [tell(booted(online, NOON + timedelta(seconds=n))) for n in (0, 1, 2)]
    assert answers == [BootAnswer("Accepted", NOON, 300)] * 3


def test_the_interval_is_never_below_a_minute(online, tell, settings):
    settings.HEARTBEAT_INTERVAL_S = 5
    assert tell(booted(online)).interval == 60


def test_a_boot_repeated_every_few_seconds_is_not_written_again(online, tell):
    tell(booted(online))
    tell(booted(online, NOON + timedelta(seconds=10)))
    online.refresh_from_db()
    assert online.last_boot == NOON
    tell(booted(online, NOON + timedelta(seconds=61)))
    online.refresh_from_db()
    assert online.last_boot == NOON + timedelta(seconds=61)


def test_over_long_and_odd_texts_are_kept_whole(online, tell):
    model = "<img src=x onerror=alert(1)>" * 20
    tell(booted(online, model=model, vendor="Città ⚡"))
    online.refresh_from_db()
    assert (online.model, online.vendor) == (model, "Città ⚡")


def test_a_changed_serial_number_is_a_security_event(online, tell):
    tell(booted(online, serial_number="SN-1"))
    tell(booted(online, NOON + timedelta(minutes=5), serial_number="SN-2"))
    event = SecurityEvent.objects.get()
    assert (event.type, event.tech_info) == ("SerialNumberChanged", "SN-1 → SN-2")


def test_a_serial_number_that_comes_or_goes_is_none(online, tell):
    for minute, serial in enumerate(["", "SN-1", "", "SN-1"]):
        tell(booted(online, NOON + timedelta(minutes=minute), serial_number=serial))
    assert not SecurityEvent.objects.exists()


def asked() -> list[tuple[str, str, bool, str]]:
    return list(Command.objects.order_by("id").values_list("ocpp_version", "action", "automatic", "status"))


def test_the_first_boot_asks_for_the_configuration_once(online, tell, bell, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        tell(booted(online))
    assert asked() == [("1.6", "GetConfiguration", True, "pending")]
    assert bell.rung == [online.pk]
    tell(booted(online, NOON + timedelta(minutes=2)))
    assert len(asked()) == 1


def test_a_2_0_1_station_is_asked_for_its_device_model(station, tell):
    connected(station, tell, "ocpp2.0.1")
    tell(booted(station, version="ocpp2.0.1"))
    assert asked() == [("2.0.1", "GetBaseReport", True, "pending")]
    assert Command.objects.get().kind == "GetBaseReport"


def test_what_was_read_once_is_not_asked_again_but_after_new_firmware(online, tell):
    Variable.objects.create(station=online, name="HeartbeatInterval", value="300", updated_at=NOON)
    tell(booted(online))
    assert asked() == []
    tell(booted(online, NOON + timedelta(minutes=5), firmware_version="1.5.0"))
    assert [action for _version, action, *_rest in asked()] == ["GetConfiguration"]


@pytest.mark.parametrize(
    ("expected", "came", "status"),
    [("", "1.5.0", "installed"), ("1.5.0", "1.5.0", "installed"), ("1.6.0", "1.5.0", "failed")],
)
def test_new_firmware_ends_the_update_under_way(online, tell, expected, came, status):
    tell(booted(online))
    update = FirmwareUpdate.objects.create(
        station=online, request_id=1, url="https://x.example/f", retrieve_at=NOON, version_expected=expected
    )
    tell(booted(online, NOON + timedelta(minutes=5)))
    update.refresh_from_db()
    assert (update.status, update.completed_at) == ("requested", None)
    tell(booted(online, NOON + timedelta(minutes=10), firmware_version=came))
    update.refresh_from_db()
    assert (update.status, update.version_after) == (status, came)
    assert update.completed_at == NOON + timedelta(minutes=10)


def test_fifty_boots_cost_as_many_statements_as_one(operator, tell):
    stations = [connected(StationFactory(operator=operator, location=None), tell) for _ in range(51)]
    alone = cost(lambda: tell(booted(stations[0])))
    assert cost(lambda: tell(*map(booted, stations[1:]))) == alone
    assert Command.objects.count() == 51


def test_a_heartbeat_is_answered_with_our_time_and_no_statement(online, tell):
    beat = HeartbeatSeen(station=ref(online), received_at=NOON)
    assert cost(lambda: tell(beat)) == 0
    assert tell(beat) == HeartbeatAnswer(NOON)


def test_a_data_transfer_is_answered_with_a_status_of_the_enumeration(online, tell):
    transfer = DataTransferred(station=ref(online), received_at=NOON, vendor_id="acme", data="{}")
    assert tell(transfer) == DataTransferAnswer("UnknownVendorId")


def test_any_other_notice_is_answered_with_nothing(online, tell):
    assert tell(NoticeReceived(station=ref(online), received_at=NOON, action="NotifyChargingLimit")) == DONE
