"""StatusNotification: EVSEs and connectors arise, the newest report counts, history on change only (behaviour.md 7)."""

import contextlib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction

from stations.handlers import HANDLERS
from stations.models import EVSE, Connector, Fault, StatusChange
from stations.vocabulary.central_system import CentralSystem
from stations.vocabulary.replies import DONE
from tests.factories import StationFactory

from .conftest import NOON, booted, cost, status

LATER = NOON + timedelta(hours=3)


def connectors(station) -> list[tuple[int, int, str, str]]:
    rows = Connector.objects.filter(evse__station=station).order_by("evse__evse_id", "connector_id")
    return list(rows.values_list("evse__evse_id", "connector_id", "status", "error_code"))


def history(station) -> list[tuple[int, int, str]]:
    return list(
        StatusChange.objects.filter(station=station).order_by("id").values_list("evse_id", "connector_id", "status")
    )


def test_an_evse_and_its_connector_arise_at_the_first_report(online, tell):
    assert tell(status(online, "Available", evse=2)) == DONE
    evse = EVSE.objects.get()
    assert evse.uid == f"IT*ADR*E{online.pk:04d}*2"
    assert len(evse.short_code) == 6
    assert not set(evse.short_code) & set("01ILO")
    connector = Connector.objects.get()
    assert (connector.status, connector.status_at, connector.updated_at) == ("Available", NOON, NOON)
    assert history(online) == [(2, 1, "Available")]


def test_connector_0_is_the_whole_station(online, tell):
    tell(status(online, "Unavailable", evse=0, connector=None))
    online.refresh_from_db()
    assert online.status == "Unavailable"
    assert connectors(online) == []
    assert history(online) == [(0, 0, "Unavailable")]


def test_a_2_x_evse_may_have_several_connectors(station, tell):
    tell(status(station, "Occupied", evse=1, connector=1), status(station, "Unavailable", evse=1, connector=2))
    assert connectors(station) == [(1, 1, "Occupied", "NoError"), (1, 2, "Unavailable", "NoError")]
    assert EVSE.objects.count() == 1


@pytest.mark.parametrize("word", ["SuspendedEVSE", "Faulted", "Occupied", "Brewing <b>coffee</b>", ""])
def test_any_status_is_kept_in_the_stations_own_words(online, tell, word):
    tell(
        status(online, "Available"), status(online, word, error_code="Error", vendor_error_code="E-117", info="x" * 500)
    )
    assert connectors(online) == [(1, 1, word, "Error")]
    assert Connector.objects.values_list("vendor_error_code", "info").get() == ("E-117", "x" * 500)


@pytest.mark.parametrize(("evse", "connector"), [(-1, 1), (101, 1), (2**40, 1), (1, -3), (1, 2**40)])
def test_a_number_that_no_station_has_is_answered_and_not_stored(online, tell, evse, connector):
    assert tell(status(online, evse=evse, connector=connector)) == DONE
    assert connectors(online) == []
    assert history(online) == []


def test_a_repeated_report_is_boring(online, tell):
    tell(status(online), status(online))
    tell(status(online))
    assert history(online) == [(1, 1, "Available")]
    assert Connector.objects.get().updated_at == NOON


def test_a_flood_of_the_same_is_written_once_a_minute(online, tell):
    tell(status(online))
    quiet = cost(lambda: tell(*(status(online, at=NOON + timedelta(seconds=n)) for n in range(1, 40))))
    assert Connector.objects.get().updated_at == NOON
    assert quiet <= 4
    tell(status(online, at=NOON + timedelta(seconds=60)))
    assert Connector.objects.get().updated_at == NOON + timedelta(seconds=60)
    assert history(online) == [(1, 1, "Available")]


def test_several_changes_in_one_batch_are_all_history_and_the_last_is_the_state(online, tell):
    tell(
        *(
            status(online, word, at=NOON + timedelta(seconds=n))
            for n, word in enumerate(["Preparing", "Charging", "Finishing"])
        )
    )
    assert connectors(online) == [(1, 1, "Finishing", "NoError")]
    assert [word for *_place, word in history(online)] == ["Preparing", "Charging", "Finishing"]


def test_an_older_report_that_arrives_late_is_history_only(online, tell):
    tell(status(online, "Charging", at=LATER))
    tell(status(online, "Preparing", at=NOON, received_at=LATER + timedelta(minutes=2)))
    assert connectors(online)[0][2] == "Charging"
    assert sorted(StatusChange.objects.values_list("at", "status")) == [(NOON, "Preparing"), (LATER, "Charging")]


@pytest.mark.parametrize("year", [1970, 2000, 2014])
def test_a_clock_that_was_never_set_counts_as_our_own(online, tell, year):
    tell(status(online, "Available"))
    tell(status(online, "Faulted", at=datetime(year, 1, 1, tzinfo=UTC), received_at=LATER))
    assert connectors(online)[0][2] == "Faulted"
    assert Connector.objects.get().status_at == LATER


def test_a_clock_years_ahead_counts_as_our_own(online, tell):
    tell(status(online, "Charging", at=datetime(9999, 1, 1, tzinfo=UTC), received_at=NOON))
    assert Connector.objects.get().status_at == NOON


def test_a_clock_put_back_does_not_freeze_the_state(online, tell):
    """Local time sent as Z, then mended: the report stamped with our own now wins over the one from the future."""
    tell(status(online, "Charging", at=NOON + timedelta(hours=2), received_at=NOON))
    tell(status(online, "Available", at=NOON + timedelta(minutes=5), received_at=NOON + timedelta(minutes=5)))
    assert connectors(online)[0][2] == "Available"


def test_the_first_report_after_a_boot_counts_whatever_its_clock(online, tell):
    tell(status(online, "Charging", at=NOON))
    tell(booted(online, NOON + timedelta(hours=1)))
    tell(status(online, "Available", at=datetime(2018, 1, 1, tzinfo=UTC), received_at=NOON + timedelta(hours=1)))
    assert connectors(online)[0][2] == "Available"


def test_a_station_whose_clock_lags_is_followed_in_its_own_order(online, tell):
    lag = timedelta(hours=5)
    tell(status(online, "Charging", at=NOON - lag, received_at=NOON))
    tell(status(online, "Available", at=NOON - lag + timedelta(minutes=1), received_at=NOON + timedelta(minutes=1)))
    assert connectors(online)[0][2] == "Available"


def faults() -> list[tuple[int, str, str, int, bool]]:
    rows = Fault.objects.order_by("id")
    return [(f.evse_id, f.kind, f.code, f.hits, f.closed_at is None) for f in rows]


def test_a_fault_opens_with_the_report_and_closes_with_its_end(online, tell):
    tell(status(online, "Faulted", evse=2, error_code="GroundFailure", vendor_error_code="E-9"))
    assert faults() == [(2, "faulted", "GroundFailure E-9", 1, True)]
    assert Fault.objects.get().operator_id == online.operator_id
    tell(status(online, "Available", evse=2, at=LATER))
    assert faults() == [(2, "faulted", "GroundFailure E-9", 1, False)]
    assert Fault.objects.get().closed_at == LATER


def test_a_flapping_connector_is_one_fault_with_hits(online, tell):
    words = ["Faulted", "Available", "Faulted", "Available", "Faulted"]
    for minute, word in enumerate(words):
        tell(status(online, word, at=NOON + timedelta(minutes=minute)))
    assert faults() == [(1, "faulted", "", 3, True)]


def test_a_fault_that_comes_and_goes_in_one_batch_is_closed(online, tell):
    tell(status(online, "Faulted"), status(online, "Available", at=NOON + timedelta(seconds=5)))
    assert faults() == [(1, "faulted", "", 1, False)]


def test_fifty_reports_cost_as_many_statements_as_one(operator, tell):
    stations = [StationFactory(operator=operator, location=None) for _ in range(51)]
    assert cost(lambda: tell(*map(status, stations[1:]))) == cost(lambda: tell(status(stations[0])))
    charging = [status(each, "Charging", at=LATER) for each in stations]
    assert cost(lambda: tell(*charging[1:])) == cost(lambda: tell(charging[0])) <= 6
    broken = [status(each, "Faulted", at=LATER + timedelta(hours=1)) for each in stations]
    assert cost(lambda: tell(*broken[1:])) == cost(lambda: tell(broken[0]))
    assert Fault.objects.count() == 51


@pytest.mark.django_db(transaction=True)
def test_writers_that_meet_the_same_new_connectors_do_not_collide(operator):
    """Several gateways, the same stations' first reports in the same instant. A busy database is asked again, as the
    gateways' writers do; nothing else may go wrong."""
    stations = [StationFactory(operator=operator, location=None) for _ in range(8)]
    together, done = threading.Barrier(4), []

    def gateway(order: int) -> None:
        told = [status(station, evse=evse) for station in stations[::order] for evse in (1, 2)]
        together.wait()
        while True:
            with contextlib.suppress(OperationalError), transaction.atomic():
                done.append(CentralSystem(HANDLERS).handle(told))
                break
        connection.close()

    writers = [threading.Thread(target=gateway, args=(order,)) for order in (1, -1, 1, -1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert done == [[DONE] * 16] * 4
    assert EVSE.objects.count() == Connector.objects.count() == 16
    assert set(Connector.objects.values_list("status", flat=True)) == {"Available"}
