"""`/c/<code>/`: the page behind the sticker, in each of its states, and its one button."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, Operator, Token, User
from accounts.services import tokens
from sessions_app.models import ChargingSession, StartRequest
from stations.models import EVSE, ChargingStation, Command, Connector
from tests.cms.driving import MORNING, UID, Driving, minute, place, price, see, stand
from tests.factories import TokenFactory, UserFactory
from tests.factories.billing import element

pytestmark = pytest.mark.django_db
HERE = f"/c/{UID}/"


@pytest.fixture(autouse=True)
def morning() -> Iterator[Any]:
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


def start(client: Client, uid: str = UID) -> Any:
    return client.post(f"/c/{uid}/start/", headers={"accept-language": "en"})


# ---- the code ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["it*adr*e0042*1", "ITADRE00421", "itadre00421", "IT-ADR-E0042-1", "7K3M9P", "7k3m9p"]
)
def test_every_spelling_leads_to_the_one_canonical_address(client: Client, world: Driving, typed: str) -> None:
    answer = client.get(f"/c/{typed}/?lang=it")
    assert (answer.status_code, answer["Location"]) == (302, f"/c/{UID}/?lang=it")


def test_a_sticker_without_the_last_slash_works(client: Client, world: Driving) -> None:
    assert client.get(f"/c/{UID}", follow=True).status_code == 200


@pytest.mark.parametrize(
    "code",
    [
        "IT*ADR*E0042*9",
        "ZZZZZZ",
        "x",
        "%00",
        "IT*ADR*E00%0042*1",
        "ABC%00DE",
        "½½½½½½",
        "<script>",
        "'; DROP",
        "I" * 300,
    ],
)
def test_an_unknown_code_is_a_404_that_says_what_was_read(client: Client, world: Driving, code: str) -> None:
    html = see(client, f"/c/{code}/", 404)
    assert "This code does not exist." in html
    assert "<script>" not in html.partition("<main")[2]


@pytest.mark.parametrize("typed", ["ITADREOO421", "ITADRE0O421", "ITADRE0042I"])
def test_signs_that_look_alike_are_taken_for_what_was_meant(client: Client, world: Driving, typed: str) -> None:
    html = see(client, f"/c/{typed}/", 404)
    assert "Did you mean" in html
    assert f'href="/c/{UID}/"' in html


def test_an_unknown_code_says_whom_to_call(client: Client, world: Driving, operator: Operator) -> None:
    Operator.objects.filter(pk=operator.pk).update(support_phone="+39 051 000 0042")
    assert 'href="tel:+390510000042"' in see(client, "/c/ZZZZZZ/", 404)


def test_an_archived_station_has_no_page(client: Client, world: Driving) -> None:
    ChargingStation.objects.update(archived_at=MORNING)
    see(client, HERE, 404)


def test_the_code_can_be_typed_into_a_form(client: Client, world: Driving) -> None:
    assert client.get("/c/", {"code": " 7k3m9p "})["Location"] == "/c/7k3m9p/"
    assert client.get("/c/", {"code": ""})["Location"] == "/"
    assert client.get("/c/", {"code": "//evil.example"})["Location"] == "/c/evil.example/"


# ---- what it says --------------------------------------------------------------------------------------------------


def test_the_price_stands_before_the_button_with_all_that_may_be_added(him: Client, dario: Driver) -> None:
    location = place(dario.operator)
    stand(location, uid=UID)
    price(
        dario.operator,
        element("ENERGY", "0.69", start_time="17:00", end_time="20:00"),
        element("ENERGY", "0.59"),
        element("PARKING_TIME", "6", min_parking_duration=900),
        element("FLAT", "0.50"),
    )
    Connector.objects.update(status="Preparing")
    html = see(him, HERE)
    at = [html.index(s) for s in ("€0.59", "€11.80", "€0.69/kWh", "€0.10/min", "€0.50", ">Start</button>")]
    assert at == sorted(at)


def test_a_location_s_own_price_wins(client: Client, dario: Driver, world: Driving) -> None:
    price(dario.operator, element("ENERGY", "0.79"), location=world.location)
    assert "€0.79" in see(client, HERE)


def test_without_a_price_it_says_that_a_charge_costs_nothing(client: Client, operator: Operator) -> None:
    stand(place(operator), uid=UID)
    assert "a charge costs nothing" in see(client, HERE)


def test_free_the_cable_is_the_next_step(him: Client, world: Driving) -> None:
    html = see(him, HERE)
    assert '<li class="now still"><span class="mark"></span>Cable</li>' in html
    assert 'type="button" aria-disabled="true">Connect the cable</button>' in html
    assert ">Start</button>" not in html


def test_a_charger_that_sees_the_cable_only_after_the_start_can_be_started_all_the_same(
    him: Client, world: Driving
) -> None:
    html = see(him, HERE)
    assert f'action="/c/{UID}/start/"' in html
    assert 'type="submit">Start without waiting for the cable</button>' in html


@pytest.mark.parametrize("status", ["Preparing", "Occupied"])
def test_a_cable_without_a_charge_says_start(him: Client, world: Driving, status: str) -> None:
    world.status(status)
    html = see(him, HERE)
    assert "Cable seen" in html
    assert '<li class="now still"><span class="mark"></span>Start</li>' in html


def test_a_stranger_s_charge_makes_it_busy_since_then(him: Client, world: Driving, dario: Driver, morning: Any) -> None:
    other = TokenFactory(operator=dario.operator)
    world.status("Charging")
    world.begins(0, token=other)
    morning.move_to(minute(25))
    html = see(him, HERE)
    assert "Occupied for 25 min" in html
    assert ">Start</button>" not in html
    assert "The socket beside it is free" in html
    assert f'href="/c/{world.station.evses.get(evse_id=2).uid}/"' in html


def test_my_own_charge_is_mine(him: Client, world: Driving) -> None:
    session = world.begins()
    world.status("Charging")
    html = see(him, HERE)
    assert "You are charging here" in html
    assert f'href="/history/{session.pk}/">Go to your charge' in html


def test_my_own_start_under_way_is_mine(him: Client, world: Driving) -> None:
    world.asked()
    assert 'href="/s/secret/">Go to your charge' in see(him, HERE)


def test_reserved_is_for_somebody_else(him: Client, world: Driving) -> None:
    world.status("Reserved")
    html = see(him, HERE)
    assert "kept for somebody who reserved it" in html
    assert ">Start</button>" not in html


def test_out_of_service_names_the_nearest_free_one_with_its_price(
    client: Client, world: Driving, operator: Operator
) -> None:
    Connector.objects.update(status="Unavailable")
    near = stand(place(operator, "Parcheggio Tanari", ("44.512", "11.352")), ["Available"])
    stand(place(operator, "Modena", ("44.634", "10.968")), ["Available"])
    html = see(client, HERE)
    assert "Out of service" in html
    assert "The nearest free one" in html
    assert "Parcheggio Tanari · 330 m" in html
    assert f'href="/c/{near.evses.get().uid}/"' in html
    assert "€0.59" in html.partition("The nearest free one")[2]


def test_a_free_socket_on_another_station_here_is_not_called_the_one_beside(client: Client, world: Driving) -> None:
    Connector.objects.update(status="Unavailable")
    near = stand(world.location, ["Available"])
    html = see(client, HERE)
    assert "Another one here is free" in html
    assert f'<b>Type 2, 22 kW</b><span class="sub"><span class="id">{near.evses.get().uid}</span>' in html


def test_a_socket_on_the_same_station_comes_before_others_here(client: Client, world: Driving) -> None:
    stand(world.location, ["Available"], identity="AA-0001")
    world.status("Unavailable")
    html = see(client, HERE)
    assert "The socket beside it is free" in html
    assert f'href="/c/{world.station.evses.get(evse_id=2).uid}/"' in html


def test_only_the_same_plug_is_an_alternative(client: Client, world: Driving, operator: Operator) -> None:
    Connector.objects.update(status="Unavailable")
    stand(place(operator, "Fast", ("44.512", "11.352")), ["Available"], standard="IEC_62196_T2_COMBO")
    html = see(client, HERE)
    assert "No other free socket with this plug near here right now." in html


def test_a_known_fault_is_said_in_words(client: Client, world: Driving) -> None:
    world.status("Faulted", error_code="GroundFailure")
    assert "switched itself off for safety" in see(client, HERE)


def test_a_silent_station_cannot_be_started_and_says_so(him: Client, world: Driving, morning: Any) -> None:
    ChargingStation.objects.update(online=False)
    morning.move_to(minute(6))
    html = see(him, HERE)
    assert "It has not answered for 6 min, so it can’t be started from here. You pay nothing." in html
    assert ">Start</button>" not in html


def test_a_socket_without_known_plug_power_or_place_still_has_a_page(client: Client, operator: Operator) -> None:
    station = stand(place(operator), uid=UID, standard="", power=None)
    ChargingStation.objects.filter(pk=station.pk).update(location=None, last_seen=None)
    html = see(client, HERE)
    assert "Socket 1" in html


def test_an_unlisted_place_has_its_page_for_who_stands_there(client: Client, operator: Operator) -> None:
    stand(place(operator, public=False), uid=UID)
    see(client, HERE)


def test_the_block_alone_answers_the_live_link(client: Client, world: Driving) -> None:
    html = client.get(f"/c/{UID}/", headers={"HX-Request": "true", "HX-Target": "landing"}).content.decode()
    assert '<div id="landing"' in html
    assert f'data-live="evse:{UID}"' in html
    assert "<html" not in html


def test_the_page_costs_a_fixed_number_of_queries(
    client: Client, world: Driving, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(8):
        see(client, HERE)


# ---- the button ----------------------------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in_and_comes_back_here(client: Client, world: Driving) -> None:
    html = see(client, HERE)
    assert 'href="/accounts/login/?next=/c/IT%2AADR%2AE0042%2A1/"' in html
    assert ">Start</button>" not in html
    answer = start(client)
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer["Location"]).query) == {"next": [f"/c/{UID}/"]}
    assert StartRequest.objects.count() == 0


def test_starting_asks_the_station_with_the_driver_s_own_app_token(him: Client, world: Driving, dario: Driver) -> None:
    answer = start(him)
    request = StartRequest.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/s/{request.public_token}/")
    assert (request.driver, request.token, request.evse_id, request.status) == (dario, world.token, 1, "waiting")
    command = Command.objects.get()
    assert (command.kind, command.requested_by) == ("RequestStart", dario.user)


def test_a_second_tap_finds_the_first_start(him: Client, world: Driving) -> None:
    first, second = start(him), start(him)
    assert first["Location"] == second["Location"]
    assert Command.objects.count() == 1


def test_a_tap_while_i_charge_here_leads_to_the_charge(him: Client, world: Driving) -> None:
    session = world.begins()
    assert start(him)["Location"] == f"/history/{session.pk}/"
    assert Command.objects.count() == 0


def test_the_first_start_at_an_operator_makes_a_driver_there(client: Client, world: Driving) -> None:
    nina: User = UserFactory(email="nina@driver.example")
    client.force_login(nina)
    start(client)
    driver = Driver.objects.get(user=nina)
    assert driver.operator == world.dario.operator
    assert Token.objects.get(driver=driver, app=True) == StartRequest.objects.get().token


def test_a_station_that_went_silent_refuses_with_a_sentence_and_nothing_changes(him: Client, world: Driving) -> None:
    ChargingStation.objects.update(online=False)
    answer = start(him)
    assert answer.status_code == 409
    assert "not connected right now" in answer.content.decode()
    assert (StartRequest.objects.count(), Command.objects.count()) == (0, 0)


def test_a_blocked_account_is_told_whom_to_ask(him: Client, world: Driving, dario: Driver) -> None:
    Driver.objects.filter(pk=dario.pk).update(blocked=True)
    answer = start(him)
    assert answer.status_code == 409
    assert "Your account is blocked at this operator." in answer.content.decode()
    assert Command.objects.count() == 0


def test_a_blocked_app_card_is_told_where_it_is(him: Client, world: Driving) -> None:
    tokens.block(token=world.token, by=None)
    assert "You find it under Cards." in start(him).content.decode()
    assert Command.objects.count() == 0


def test_starting_is_a_post(him: Client, world: Driving) -> None:
    assert (
        him.get(f"/c/{UID}/start/")["Location"] == f"/c/{UID}/"
    )  # the other language, a reload: nobody asked to start
    assert Command.objects.count() == 0


def test_an_unknown_code_starts_nothing(him: Client, world: Driving) -> None:
    assert start(him, "IT*ADR*E9999*1").status_code == 404


def test_an_expired_start_does_not_stand_in_the_way(him: Client, world: Driving, morning: Any) -> None:
    world.asked(status="expired", expires_at=MORNING - timedelta(minutes=1))
    assert start(him)["Location"] != "/s/secret/"
    assert ChargingSession.objects.count() == 0
    assert EVSE.objects.count() == 2
