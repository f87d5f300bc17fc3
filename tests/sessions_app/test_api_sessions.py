"""/sessions/ as api-contract §4 promises it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Operator, Role
from sessions_app.models import ChargingSession, Evidence
from stations.models import ChargingStation, Command
from tests.factories import StationFactory, TokenFactory

from .telling import Teller, Teller2

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


@pytest.fixture
def online(station: ChargingStation) -> ChargingStation:
    station.online, station.ocpp_version = True, "1.6"
    station.save()
    return station


def test_a_running_session_is_shown_in_full(tell: Tell, pole: Teller, api: APIClient) -> None:
    number = tell(pole.start(0, meter=1200)).transaction_id
    tell(pole.update(1, number, "1549.5"))

    answer = api.get(f"/api/v1/sessions/{number}/")

    assert answer.json() == {
        "id": int(number),
        "station": "CP-0042",
        "evse_id": 1,
        "connector_id": 1,
        "ocpp_version": "1.6",
        "transaction_id": number,
        "status": "active",
        "id_tag": "04A1B2C3",
        "started_at": "2026-05-01T08:30:00Z",
        "stopped_at": None,
        "stop_reason": None,
        "stop_id_tag": None,
        "meter_start_wh": 1200,
        "meter_stop_wh": None,
        "energy_wh": 350,
        "reservation": None,
    }


def test_an_ended_session_says_when_why_and_by_whom(tell: Tell, pole: Teller, api: APIClient) -> None:
    number = tell(pole.start(0, meter=1200)).transaction_id
    tell(pole.stop(30, number, 5200, reason="EVDisconnected", tag="04A1B2C3"))

    shown = api.get(f"/api/v1/sessions/{number}/").json()

    assert (shown["status"], shown["stopped_at"]) == ("completed", "2026-05-01T09:00:00Z")
    assert (shown["stop_reason"], shown["stop_id_tag"]) == ("EVDisconnected", "04A1B2C3")
    assert (shown["meter_stop_wh"], shown["energy_wh"]) == (5200, 4000)


def test_the_list_is_newest_first_and_filtered(tell: Tell, pole: Teller, api: APIClient, operator: Operator) -> None:
    TokenFactory(operator=operator, uid="SECOND")
    first = tell(pole.start(0, evse=1)).transaction_id
    second = tell(pole.start(-600, "SECOND", evse=2)).transaction_id
    tell(pole.stop(-590, second, 2200))

    def found(**asked: str) -> list[str]:
        return [shown["transaction_id"] for shown in api.get("/api/v1/sessions/", asked).json()["results"]]

    assert found() == [second, first]
    assert found(station="CP-0042") == [second, first]
    assert found(station="CP-0043") == []
    assert found(status="active") == [first]
    assert found(status="completed") == [second]
    assert found(id_tag="second") == [second]
    assert found(transaction_id=first) == [first]
    assert found(started_after="2026-05-01T10:00:00+02:00") == [first]
    assert found(started_before="2026-05-01T08:30:00Z") == [second]
    assert found(started_after="2026-05-01T10:00:00 02:00") == [first]  # a plus that nobody escaped
    assert found(started_after="2026-05-01T08:30:00") == [first]


@pytest.mark.parametrize(
    "asked",
    [
        {"status": "running"},
        {"status": "Active"},
        {"started_after": "yesterday"},
        {"started_after": "9999-12-31T23:59:59-01:00"},
        {"started_before": "0001-01-01T00:00:00+14:00"},
        {"id_tag": "a\x00"},
        {"station": "\x00"},
        {"transaction_id": "\x00"},
    ],
)
def test_a_filter_value_that_cannot_be_is_refused(api: APIClient, asked: dict[str, str]) -> None:
    answer = api.get("/api/v1/sessions/", asked)

    assert answer.status_code == 400
    assert list(answer.json()) == list(asked)


def test_a_page_costs_three_queries_however_long(
    tell: Tell, pole: Teller, api: APIClient, django_assert_max_num_queries: Any
) -> None:
    for minute in range(6):
        tell(pole.start(minute, evse=minute + 1))

    with django_assert_max_num_queries(4):
        assert api.get("/api/v1/sessions/").json()["count"] == 6


def test_carla_does_not_see_olgas_sessions(
    tell: Tell, pole: Teller, api_client_for: Callable[..., APIClient], other_operator: Operator
) -> None:
    number = tell(pole.start(0)).transaction_id
    carla = api_client_for(other_operator)

    assert carla.get("/api/v1/sessions/").json()["count"] == 0
    assert carla.get(f"/api/v1/sessions/{number}/").status_code == 404
    assert carla.post(f"/api/v1/sessions/{number}/stop/").status_code == 404
    assert carla.post(f"/api/v1/sessions/{number}/close/").status_code == 404
    assert ChargingSession.objects.get().status == "active"


@pytest.mark.parametrize("number", ["0", "999", "abc", "-1", "1e3", "99999999999999999999", "%00"])
def test_a_session_that_does_not_exist_is_not_found(api: APIClient, number: str) -> None:
    assert api.get(f"/api/v1/sessions/{number}/").status_code == 404


def test_a_stop_is_asked_of_the_station(tell: Tell, pole: Teller, api: APIClient, online: ChargingStation) -> None:
    number = tell(pole.start(0)).transaction_id

    answer = api.post(f"/api/v1/sessions/{number}/stop/")

    command = Command.objects.get()
    assert answer.status_code == 202
    assert answer.json()["id"] == str(command.uid)
    assert (answer.json()["status"], answer.json()["action"]) == ("pending", "RemoteStopTransaction")
    assert answer["Location"].endswith(f"/api/v1/commands/{command.uid}/")
    assert ChargingSession.objects.get().status == "active"


def test_an_offline_station_cannot_be_asked_to_stop(tell: Tell, pole: Teller, api: APIClient) -> None:
    number = tell(pole.start(0)).transaction_id

    answer = api.post(f"/api/v1/sessions/{number}/stop/")

    assert (answer.status_code, answer.json()["code"]) == (409, "station_offline")
    assert not Command.objects.exists()


@pytest.mark.parametrize("verb", ["stop", "close"])
def test_an_ended_session_is_not_ended_again(
    tell: Tell, pole: Teller, api: APIClient, online: ChargingStation, verb: str
) -> None:
    number = tell(pole.start(0)).transaction_id
    tell(pole.stop(30, number, 5200))

    answer = api.post(f"/api/v1/sessions/{number}/{verb}/")

    assert (answer.status_code, answer.json()["code"]) == (409, "session_not_active")
    assert not Command.objects.exists()
    assert Evidence.objects.count() == 2


def test_a_technician_may_stop_but_not_close(
    tell: Tell, pole: Teller, api_client_for: Callable[..., APIClient], operator: Operator, online: ChargingStation
) -> None:
    number = tell(pole.start(0)).transaction_id
    technician = api_client_for(operator, Role.TECHNICIAN)

    assert technician.post(f"/api/v1/sessions/{number}/stop/").status_code == 202
    assert technician.post(f"/api/v1/sessions/{number}/close/").status_code == 403
    assert ChargingSession.objects.get().status == "active"


def test_a_session_is_closed_in_our_books_where_it_was_last_seen_to_charge(
    tell: Tell, pole: Teller, api: APIClient
) -> None:
    number = tell(pole.start(0, meter=1200)).transaction_id
    tell(pole.update(20, number, 4200))

    answer = api.post(f"/api/v1/sessions/{number}/close/", {}, format="json")

    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["stop_reason"]) == (200, "completed", "Other")
    assert (shown["stopped_at"], shown["energy_wh"]) == ("2026-05-01T08:50:00Z", 3000)
    session = ChargingSession.objects.get()
    assert (session.closed_by_us, session.estimated) == (True, True)
    assert not Command.objects.exists()


def test_a_close_may_name_its_reason(tell: Tell, pole: Teller, api: APIClient) -> None:
    number = tell(pole.start(0)).transaction_id

    answer = api.post(f"/api/v1/sessions/{number}/close/", {"reason": "Replaced"}, format="json")

    assert answer.json()["stop_reason"] == "Replaced"


def test_a_late_stop_of_a_closed_session_is_answered_and_its_readings_kept(
    tell: Tell, pole: Teller, api: APIClient
) -> None:
    number = tell(pole.start(0, meter=1200)).transaction_id
    closed = api.post(f"/api/v1/sessions/{number}/close/").json()

    answer = tell(pole.stop(50, number, 6200, tag="04A1B2C3"))

    assert answer.authorization.status == "Accepted"
    session = ChargingSession.objects.get()
    assert (session.status, session.stop_reason) == ("completed", "Other")
    assert api.get(f"/api/v1/sessions/{number}/").json()["stopped_at"] == closed["stopped_at"]
    assert (session.meter_stop, session.energy, session.review) == (Decimal(6200), Decimal(5000), "late_stop")
    assert Evidence.objects.filter(session=session, kind="ended").count() == 1


def test_a_2_0_1_session_carries_the_stations_own_id(tell: Tell, pole2: Teller2, api: APIClient) -> None:
    from stations.vocabulary.events import TransactionStarted

    answer = tell(pole2.event(TransactionStarted, 0, "5b1f-77", 0))

    shown = api.get("/api/v1/sessions/", {"transaction_id": "5b1f-77"}).json()["results"]
    assert answer.transaction_id == "5b1f-77"
    assert [(one["transaction_id"], one["ocpp_version"], one["evse_id"]) for one in shown] == [
        ("5b1f-77", "2.0.1", None)
    ]


def test_a_refused_authorize_leaves_no_session(tell: Tell, pole: Teller, api: APIClient) -> None:
    assert tell(pole.present("nobody")).status == "Unknown"
    assert api.get("/api/v1/sessions/").json()["count"] == 0
    assert not Evidence.objects.exists()


def test_a_transaction_id_of_another_station_is_its_own(
    tell: Tell, pole2: Teller2, api: APIClient, operator: Operator
) -> None:
    from stations.vocabulary.events import TransactionStarted

    twin = Teller2(StationFactory(operator=operator))
    tell(pole2.event(TransactionStarted, 0, "1", 0), twin.event(TransactionStarted, 0, "1", 0))

    assert ChargingSession.objects.filter(transaction_id="1").count() == 2
