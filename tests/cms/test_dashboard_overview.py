"""/ops/: is anything broken now?"""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Operator, Role, User
from sessions_app.models import ChargingSession
from stations.diagnostics import faults
from stations.models import ChargingStation, Fault
from tests.cms import driving
from tests.factories import TokenFactory, UserFactory
from tests.factories.billing import EndedSessionFactory

NOON = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)  # a Monday, 12:00 in Rome


@pytest.fixture(autouse=True)
def _noon():
    cache.clear()
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def stand(operator: Operator) -> ChargingStation:
    return driving.stand(driving.place(operator), ("Available", "Charging"), identity="CP-0100")


def page(client: Client, who: User, **headers: str) -> str:
    client.force_login(who)
    answer = client.get("/ops/?lang=en", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def broken(station: ChargingStation, minutes: int = 41, **facts: object) -> Fault:
    place = {"kind": "faulted", "code": "PowerSwitchFailure E-117", "evse_id": 1, "connector_id": 1} | facts
    faults.report(station_id=station.pk, at=NOON - timedelta(minutes=minutes), **place)  # type: ignore[arg-type]
    return Fault.objects.latest("pk")


def test_a_new_network_is_led_to_its_first_charge(client, olga):
    shown = page(client, olga)
    assert "6 steps to the first charge." in shown
    for door in ("/ops/locations/new/", "/ops/tariffs/new/", "/ops/stations/new/", "/ops/tokens/new/"):
        assert f'href="{door}"' in shown
    assert "Help it connect" not in shown


def test_the_list_to_the_first_charge_ticks_itself_off_and_goes_with_it(client, olga, operator):
    unit = driving.stand(driving.place(operator), (), identity="CP-0100", online=False)
    ChargingStation.objects.filter(pk=unit.pk).update(last_seen=None)
    shown = page(client, olga)
    assert "4 steps to the first charge" in shown
    assert 'href="/ops/stations/CP-0100/connect/"' in shown
    ChargingStation.objects.filter(pk=unit.pk).update(last_seen=NOON, online=True)
    driving.price(operator)
    TokenFactory(operator=operator)
    alone = page(client, olga, HX_Request="true", HX_Target="steps")
    assert "One step to the first charge" in alone
    assert 'href="/ops/stations/CP-0100/?ask=start#ask-start"' in alone
    EndedSessionFactory(station=unit, operator=operator)
    assert "to the first charge" not in page(client, olga)


def test_who_may_not_add_stations_gets_no_button_that_leads_nowhere(client, tom):
    shown = page(client, tom)
    assert "6 steps to the first charge." in shown
    assert 'href="/ops/stations/new/"' not in shown
    assert 'href="/ops/tokens/new/"' in shown  # support makes cards


def test_a_working_network_says_so_calmly(client, olga, stand):
    shown = page(client, olga)
    assert "1 charger, and nothing needs you." in shown
    assert "Nothing needs you" in shown
    assert "100\u00a0% of 2 connectors can serve a driver; charging: 1." in shown


def test_the_headline_counts_stations_and_the_list_explains_them(client, olga, stand):
    broken(stand)
    shown = page(client, olga)
    assert "1 of 1 chargers needs you." in shown
    assert "The contactor does not close" in shown
    assert "41\u00a0min" in shown
    assert "Reset when idle" in shown
    assert "E-117" in shown


def test_what_turned_most_drivers_away_comes_first(client, olga, operator, stand):
    quiet = driving.stand(stand.location, identity="CP-0200")
    broken(quiet, minutes=600)
    broken(stand, minutes=30)
    for n in range(2):
        ChargingSession.objects.create(
            operator=operator,
            station=stand,
            evse_id=1,
            ocpp_version="1.6",
            transaction_id=str(n),
            start_key=str(n),
            status="completed",
            started_at=NOON - timedelta(minutes=20),
            started_received_at=NOON - timedelta(minutes=20),
        )
    shown = page(client, olga)
    assert shown.index("CP-0100") < shown.index("CP-0200")
    assert "drivers hit" in shown


def test_a_station_that_is_away_gets_no_reset_button(client, olga, stand):
    ChargingStation.objects.filter(pk=stand.pk).update(online=False)
    broken(stand)
    assert "Reset when idle" not in page(client, olga)


def test_the_ribbons_states_lead_to_the_stations(client, olga, stand):
    assert "/ops/stations/?state=charging" in page(client, olga)


def test_a_block_is_answered_alone(client, olga, stand):
    shown = page(client, olga, HX_Request="true", HX_Target="ribbon")
    assert shown.lstrip().startswith("<section")
    assert "How is the network right now?" in shown
    assert "What to do first" not in shown


def test_carla_sees_nothing_of_olgas_problems(client, carla, stand):
    broken(stand)
    shown = page(client, carla)
    assert "CP-0100" not in shown
    assert "6 steps to the first charge." in shown


def test_somebody_looks_after_it(client, olga, stand):
    fault = broken(stand)
    client.force_login(olga)
    assert client.post(reverse("dashboard:acknowledge", args=[fault.pk])).status_code == 302
    fault.refresh_from_db()
    assert (fault.acknowledged_by, fault.acknowledged_at) == (olga, NOON)
    shown = page(client, olga)
    assert "1 more is already in hand." in shown


def test_carla_cannot_take_olgas_problem_in_hand(client, carla, stand):
    fault = broken(stand)
    client.force_login(carla)
    assert client.post(reverse("dashboard:acknowledge", args=[fault.pk])).status_code == 404
    fault.refresh_from_db()
    assert fault.acknowledged_at is None


def test_a_host_is_led_to_the_own_sites_and_does_not_act(client, operator, stand):
    host: User = UserFactory()
    Membership.objects.create(user=host, operator=operator, role=Role.HOST)
    fault = broken(stand)
    client.force_login(host)
    answer = client.get("/ops/")
    assert (answer.status_code, answer["Location"]) == (302, "/host/")
    assert client.post(reverse("dashboard:acknowledge", args=[fault.pk])).status_code == 403


def test_a_stranger_signs_in_first(client, stand):
    answer = client.get("/ops/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_a_driver_has_no_business_here(client, dario):
    client.force_login(dario.user)
    assert client.get("/ops/").status_code == 403


def test_the_wall_view_stays_one_when_its_blocks_are_fetched_again(client, olga, stand):
    client.force_login(olga)
    shown = client.get("/ops/?wall=1&lang=en").content.decode()
    assert 'class="app wall"' in shown
    assert "Leave the wall view" in shown
    assert 'hx-get="/ops/?wall=1&amp;lang=en"' in shown
    assert 'class="app"' in page(client, olga)


def test_the_incidents_of_a_network_in_three_views(client, olga, stand):
    fault = broken(stand)
    client.force_login(olga)
    assert "One problem is new." in client.get("/ops/incidents/?lang=en").content.decode()
    faults.clear(station_id=stand.pk, kind="faulted", evse_id=1, connector_id=1, at=NOON)
    fault.refresh_from_db()
    assert fault.closed_at == NOON
    closed = client.get("/ops/incidents/?view=closed&lang=en").content.decode()
    assert "The contactor does not close" in closed
    assert client.get("/ops/incidents/?view=nonsense&station=x&page=99").status_code == 200
