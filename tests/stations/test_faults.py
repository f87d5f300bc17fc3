"""Rules that find problems, and proofs that end them (ux.md, incidents)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import translation

from stations.diagnostics import faults, hands, playbooks
from stations.models import Connector, Fault
from stations.services import provisioning
from stations.vocabulary.events import StationGone
from tests.factories import StationFactory

from .conftest import NOON, connected, cost, ref, status

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def listed() -> list[tuple[str, int, int, bool]]:
    return [(f.kind, f.evse_id, f.hits, f.closed_at is None) for f in Fault.objects.order_by("id")]


def find(minutes: float) -> int:
    return faults.find(now=NOON + minutes * MINUTE)


def test_ten_minutes_offline_is_a_fault_and_coming_back_ends_it(online, tell):
    tell(StationGone(ref(online), 1))
    assert find(9) == 0
    assert find(11) == 1
    assert find(12) == 0
    fault = Fault.objects.get()
    assert (fault.kind, fault.since, fault.operator_id) == ("offline", NOON, online.operator_id)
    connected(online, tell)
    assert find(20) == 1
    fault.refresh_from_db()
    assert fault.closed_at == NOON + 20 * MINUTE


def test_rarer_heartbeats_ask_for_more_patience(online, tell, settings):
    settings.HEARTBEAT_INTERVAL_S = 900
    tell(StationGone(ref(online), 1))
    assert find(29) == 0
    assert find(31) == 1


def test_a_station_that_drops_again_and_again_is_one_fault(online, tell, clock):
    for round in range(3):
        clock.move_to(NOON + round * 25 * MINUTE)
        tell(StationGone(ref(online), round + 1))
        find(round * 25 + 11)
        connected(online, tell)
        find(round * 25 + 12)
    assert listed() == [("offline", 0, 3, False)]


def test_after_a_quiet_time_it_is_a_new_one(online, tell, clock):
    tell(StationGone(ref(online), 1))
    find(11)
    connected(online, tell)
    find(12)
    clock.move_to(NOON + 100 * MINUTE)
    tell(StationGone(ref(online), 2))
    find(120)
    assert listed() == [("offline", 0, 1, False), ("offline", 0, 1, True)]


def test_a_station_that_never_connects_is_found_after_a_day(station, tell):
    assert find(23 * 60) == 0
    assert find(25 * 60) == 1
    assert listed() == [("never_connected", 0, 1, True)]
    connected(station, tell)
    assert find(26 * 60) == 1
    assert listed() == [("never_connected", 0, 1, False)]


def test_a_faulted_connector_that_nobody_reported_is_found(online, tell):
    tell(status(online, "Available", evse=2))
    Connector.objects.update(status="Faulted", error_code="HighTemperature")
    assert find(1) == 1
    assert find(2) == 0
    assert Fault.objects.get().code == "HighTemperature"
    Connector.objects.update(status="Available")
    assert find(3) == 1
    assert listed() == [("faulted", 2, 1, False)]


def test_a_faulted_station_closes_with_its_own_state(online, tell):
    tell(status(online, "Faulted", evse=0, connector=None))
    assert listed() == [("faulted", 0, 1, True)]
    assert find(1) == 0
    tell(status(online, "Available", evse=0, connector=None, at=NOON + MINUTE))
    assert listed() == [("faulted", 0, 1, False)]


def test_an_archived_station_has_no_faults(online, tell):
    tell(StationGone(ref(online), 1))
    find(11)
    provisioning.archive(station=online, by=None)
    assert find(12) == 1
    assert find(13) == 0
    assert listed() == [("offline", 0, 1, False)]


def test_other_rooms_report_and_clear_what_they_see(station):
    for _ in range(2):
        faults.report(station_id=station.pk, kind="zero_energy", evse_id=2, at=NOON)
    assert listed() == [("zero_energy", 2, 2, True)]
    assert find(1) == 0
    faults.clear(station_id=station.pk, kind="zero_energy", evse_id=1, at=NOON)
    assert listed() == [("zero_energy", 2, 2, True)]
    faults.clear(station_id=station.pk, kind="zero_energy", evse_id=2, at=NOON + MINUTE)
    faults.clear(station_id=station.pk, kind="zero_energy", evse_id=2, at=NOON + 9 * MINUTE)
    assert Fault.objects.get().closed_at == NOON + MINUTE


def test_somebody_looks_after_it_once(station, olga, tom):
    faults.report(station_id=station.pk, kind="zero_energy", at=NOON)
    for person in (olga, tom):
        hands.take(fault=Fault.objects.get(), by=person)
    assert Fault.objects.get().acknowledged_by == olga


def test_openings_and_ends_are_announced(station, django_capture_on_commit_callbacks):
    from stations import signals

    heard = []
    signals.fault_changed.connect(
        lambda **facts: heard.append((facts["ids"], facts["stations"])), weak=False, dispatch_uid="t"
    )
    try:
        with django_capture_on_commit_callbacks(execute=True):
            faults.report(station_id=station.pk, kind="zero_energy", at=NOON)
            faults.clear(station_id=station.pk, kind="zero_energy", at=NOON)
    finally:
        signals.fault_changed.disconnect(dispatch_uid="t")
    assert heard == [([Fault.objects.get().pk], [station.pk])] * 2


def test_the_sweep_costs_the_same_whatever_it_finds(operator, tell):
    stations = [connected(StationFactory(operator=operator, location=None), tell) for _ in range(21)]
    tell(StationGone(ref(stations[0]), 1))
    alone = cost(lambda: find(11))
    tell(*(StationGone(ref(each), 1) for each in stations[1:]))
    assert cost(lambda: find(12)) == alone
    assert Fault.objects.count() == 21


# ---- in words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code", "title", "shown"),
    [
        ("faulted", "GroundFailure", "Residual current: switched off for safety", "GroundFailure"),
        ("faulted", "PowerSwitchFailure E-117", "The contactor does not close", "E-117"),
        ("faulted", "", "The charger reports a fault", ""),
        ("faulted", "Quux 7", "The charger reports “Quux 7”", "Quux 7"),
        ("problem", "E-117", "The charger reports “E-117”", "E-117"),
        ("offline", "", "The charger cannot be reached", ""),
        ("zero_energy", "", "Charges start, but no energy flows", ""),
        ("never_connected", "", "The charger has never connected", ""),
        ("clock", "+7200", "Its clock is 2\u00a0h ahead", ""),
        ("clock", "-95", "Its clock is 1\u00a0min 35\u00a0s behind", ""),
    ],
)
def test_every_fault_has_words(kind, code, title, shown):
    with translation.override("en"):
        book = faults.describe(Fault(kind=kind, code=code))
        assert (str(book.title), book.code) == (title, shown)
        assert book.cause
        assert book.action


def test_every_error_code_of_1_6_is_in_the_dictionary():
    codes = """ConnectorLockFailure EVCommunicationError GroundFailure HighTemperature InternalError LocalListConflict
        OtherError OverCurrentFailure PowerMeterFailure PowerSwitchFailure ReaderFailure ResetFailure UnderVoltage
        OverVoltage WeakSignal"""
    assert set(playbooks.ERRORS) == set(codes.split())
    assert set(playbooks.KINDS) | {"problem"} == set(Fault.Kind.values)
