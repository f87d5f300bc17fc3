"""`/s/<token>/` and `/history/<id>/`: follow a charge, stop it, be told honestly how it goes."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, User
from billing.services.prices import session_prices
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Command
from tests.cms.driving import MORNING, Driving, minute, place, price, see, stand
from tests.factories import TokenFactory
from tests.factories.billing import element
from tests.sessions_app.telling import Teller

pytestmark = pytest.mark.django_db
HERE = "/s/secret/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


def stages(html: str) -> list[str]:
    """What becomes of asked, charger, car, energy."""
    steps = html.partition('<ol class="steps four')[2].partition("</ol>")[0]
    return [part.partition('"')[0] for part in steps.split('<li class="')[1:]]


def charging(world: Driving) -> ChargingSession:
    """Asked from the page, accepted by the station, begun, one reading after ten minutes."""
    world.asked(command="sent")
    Command.objects.update(status="accepted")
    session = world.begins()
    world.reads(session, 10, 1_833, power=11_000, soc=34)
    return session


def stop_of(session: ChargingSession) -> Command:
    return Command.objects.get(kind="RequestStop", arguments__contains=session.transaction_id)


# ---- the stages of a start -----------------------------------------------------------------------------------------


def test_green_is_only_what_was_seen(him: Client, world: Driving) -> None:
    request = world.asked(command="sent")
    assert stages(see(him, HERE)) == ["seen", "now", "", ""]
    Command.objects.filter(pk=request.command_id).update(status="accepted")
    assert stages(see(him, HERE)) == ["seen", "seen", "now", ""]
    session = world.begins()
    assert stages(see(him, HERE)) == ["seen", "seen", "seen", "now"]
    world.reads(session, 1, 50, power=11_000)
    assert stages(see(him, HERE)) == ["seen", "seen", "seen", "seen"]


def test_an_accepted_start_without_a_car_counts_the_seconds_left(him: Client, world: Driving, clock: Any) -> None:
    world.asked()
    clock.move_to(minute(1.25))
    assert "We do not see the car yet" in see(him, HERE)
    assert '<span data-left="45">Push the connector in well: you have 45 s left.</span>' in see(him, HERE)


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (
            "rejected",
            "refused",
            "The charger did not accept the start. Unplug and reconnect the cable, then try again.",
        ),
        ("error", "refused", "The charger did not accept the start."),
        ("timeout", "refused", "The charger does not answer. If it does not start, you pay nothing."),
        ("accepted", "expired", "We did not see the car in time, so nothing started. You pay nothing."),
    ],
)
def test_a_failed_start_says_why_what_to_do_and_that_it_costs_nothing(
    him: Client, world: Driving, command: str, status: str, said: str
) -> None:
    world.asked(command=command, status=status)
    html = see(him, HERE)
    assert said in html
    assert "You pay nothing" in html or "you pay nothing" in html
    assert "failed" in stages(html)
    assert f'href="/c/{world.evse.uid.replace("*", "*")}/">Try again' in html


def test_a_card_refused_after_the_start_is_said(him: Client, world: Driving, dario: Driver) -> None:
    world.asked()
    session = world.begins()
    ChargingSession.objects.filter(pk=session.pk).update(authorization="ConcurrentTx")
    assert "already charging somewhere else" in see(him, HERE)


def test_a_card_in_use_names_the_place_where_it_is_in_use(him: Client, world: Driving, dario: Driver) -> None:
    elsewhere = stand(place(dario.operator, "Via Po 3"))
    world.says(Teller(elsewhere).start(0, world.token.uid))
    world.asked()
    session = world.begins(1)
    ChargingSession.objects.filter(pk=session.pk).update(authorization="ConcurrentTx")
    assert "This card is already charging at Via Po 3, so the charger stopped." in see(him, HERE)


def test_a_start_without_an_answer_names_the_nearest_free_one_with_its_price(him: Client, world: Driving) -> None:
    world.asked(command="timeout", status="refused")
    html = see(him, HERE)
    assert "The charger does not answer." in html
    beside = world.station.evses.get(evse_id=2).uid
    assert "The socket beside it is free" in html
    assert f'href="/c/{beside}/"' in html
    assert "€0.59" in html.partition("The socket beside it is free")[2]


def test_a_start_under_way_sends_nobody_elsewhere(him: Client, world: Driving) -> None:
    world.asked()
    assert "The socket beside it is free" not in see(him, HERE)


# ---- a running charge ----------------------------------------------------------------------------------------------


def test_power_energy_cost_time_and_battery(him: Client, world: Driving, clock: Any) -> None:
    charging(world)
    clock.move_to(minute(10.5))
    html = see(him, HERE)
    for shown in ("11.0 <small>kW</small>", "1.83 kWh", "€1.08", "10 min", "Battery 34 %", "<b>30 s</b> ago"):
        assert shown in html
    assert '<svg class="chart"' in html


def test_before_the_first_reading_it_says_that_it_is_early(him: Client, world: Driving) -> None:
    world.asked()
    world.begins()
    html = see(him, HERE)
    assert "Too early to say: the first reading is on its way." in html
    assert "Starting</span>" in html


def test_the_cost_follows_the_price_of_the_start(him: Client, world: Driving, clock: Any) -> None:
    session = charging(world)
    price(world.dario.operator, element("ENERGY", "5.00"), valid_from=minute(5))
    world.reads(session, 20, 3_667, power=11_000)
    clock.move_to(minute(20))
    assert "€2.16" in see(him, HERE)


def test_zero_power_for_three_minutes_is_an_alert_not_a_green_tick(him: Client, world: Driving, clock: Any) -> None:
    session = charging(world)
    for n in (11, 12, 13, 14):
        world.reads(session, n, 1_833, power=0)
    clock.move_to(minute(14.5))
    html = see(him, HERE)
    assert "0 kW for 3 min" in html
    assert "No energy is flowing." in html


def test_old_numbers_are_called_old(him: Client, world: Driving, clock: Any) -> None:
    charging(world)
    clock.move_to(minute(45))
    html = see(him, HERE)
    assert "Last reading 35 min ago" in html
    assert "late" in html.partition('class="age')[2].partition(">")[0]


def test_what_staying_will_cost_is_said_before(him: Client, dario: Driver, clock: Any) -> None:
    world = Driving(dario)
    price(dario.operator, element("ENERGY", "0.59"), element("PARKING_TIME", "6", min_parking_duration=900))
    charging(world)
    html = see(him, HERE)
    assert "When the car is full you have 15 min free" in html
    assert "staying costs €0.10/min" in html


def test_a_charge_begun_with_a_card_has_the_same_page_under_history(him: Client, world: Driving, dario: Driver) -> None:
    card = TokenFactory(operator=dario.operator, driver=dario)
    session = world.begins(token=card)
    world.reads(session, 5, 900, power=11_000)
    html = see(him, f"/history/{session.pk}/")
    assert "Card accepted" in html
    assert "0.90 kWh" in html
    assert f'href="/history/{session.pk}/stop/"' in html


def test_the_block_alone_answers_the_live_link(him: Client, world: Driving) -> None:
    session = charging(world)
    answer = him.get("/s/secret/", headers={"HX-Request": "true", "HX-Target": "ride"})
    html = answer.content.decode()
    assert f'data-live="start:secret session:{session.pk}"' in html
    assert "<html" not in html


def test_the_end_leads_to_the_receipt_for_page_and_block(him: Client, world: Driving) -> None:
    session = charging(world)
    world.ends(session, 30, 5_500)
    answer = him.get("/s/secret/")
    assert (answer.status_code, answer["Location"]) == (302, "/s/secret/done/")
    block = him.get("/s/secret/", headers={"HX-Request": "true", "HX-Target": "ride"})
    assert (block.status_code, block["HX-Redirect"]) == (200, "/s/secret/done/")


def test_done_before_the_end_leads_back(him: Client, world: Driving) -> None:
    charging(world)
    assert him.get("/s/secret/done/")["Location"] == "/s/secret/"


# ---- stop ----------------------------------------------------------------------------------------------------------


def test_the_question_says_what_stopping_costs(him: Client, world: Driving) -> None:
    charging(world)
    html = see(him, HERE)
    assert 'href="/s/secret/stop/" data-asks="stop-now"' in html
    assert "Stop and pay €1.08" in html
    asked = see(him, "/s/secret/stop/")
    assert 'You will pay about <b class="ink">€1.08</b>' in asked
    assert Command.objects.filter(kind="RequestStop").count() == 0


def test_stop_asks_the_station_and_shows_three_stages(him: Client, world: Driving, dario: Driver) -> None:
    session = charging(world)
    answer = him.post("/s/secret/stop/")
    assert (answer.status_code, answer["Location"]) == (302, "/s/secret/")
    stop = stop_of(session)
    assert stop.requested_by == dario.user
    shown = see(him, HERE).partition('id="stopping"')[2]
    assert '<li class="done">' in shown
    assert '<li class="now">' in shown
    Command.objects.filter(pk=stop.pk).update(status="accepted")
    shown = see(him, HERE).partition('id="stopping"')[2].partition("</ol>")[0]
    assert shown.count('<li class="done">') == 2
    assert '<li class="now"><span class="mark"></span>Stopped, cable free' in shown


def test_a_second_stop_asks_nothing_more(him: Client, world: Driving) -> None:
    charging(world)
    him.post("/s/secret/stop/")
    him.post("/s/secret/stop/")
    assert Command.objects.filter(kind="RequestStop").count() == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("rejected", "We cannot stop it from here. Stop it from the car or with the button on the charger."),
        ("timeout", "The charger does not answer. Stop it from the car or with the button on the charger."),
    ],
)
def test_a_refused_stop_says_how_else_and_that_the_wish_is_noted(
    him: Client, world: Driving, clock: Any, status: str, said: str
) -> None:
    session = charging(world)
    clock.move_to(minute(12))
    him.post("/s/secret/stop/")
    Command.objects.filter(pk=stop_of(session).pk).update(status=status)
    html = see(him, HERE)
    assert said in html
    assert "We have noted that you asked at 10:42." in html
    assert "Try to stop again" in html


def test_a_refused_stop_may_be_tried_again(him: Client, world: Driving) -> None:
    session = charging(world)
    him.post("/s/secret/stop/")
    Command.objects.filter(pk=stop_of(session).pk).update(status="rejected")
    him.post("/s/secret/stop/")
    assert Command.objects.filter(kind="RequestStop").count() == 2


def test_a_silent_station_cannot_be_stopped_from_here(him: Client, world: Driving) -> None:
    charging(world)
    ChargingStation.objects.update(online=False)
    answer = him.post("/s/secret/stop/", follow=True, headers={"accept-language": "en"})
    assert "The charger does not answer. Stop it from the car" in answer.content.decode()
    assert Command.objects.filter(kind="RequestStop").count() == 0


def test_what_has_ended_needs_no_stop(him: Client, world: Driving) -> None:
    session = charging(world)
    world.ends(session, 30, 5_500)
    assert him.post("/s/secret/stop/")["Location"] == "/s/secret/done/"
    assert Command.objects.filter(kind="RequestStop").count() == 0


# ---- whose ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/s/secret/", "/s/secret/stop/", "/s/secret/done/", "/history/{}/", "/history/{}/stop/"]
)
def test_nina_does_not_see_dario_s_charge(client: Client, world: Driving, nina: User, path: str) -> None:
    session = charging(world)
    client.force_login(nina)
    see(client, path.format(session.pk), 404)


@pytest.mark.parametrize("path", ["/s/secret/stop/", "/history/{}/stop/"])
def test_nina_cannot_stop_dario_s_charge(client: Client, world: Driving, nina: User, path: str) -> None:
    session = charging(world)
    client.force_login(nina)
    assert client.post(path.format(session.pk)).status_code == 404
    assert Command.objects.filter(kind="RequestStop").count() == 0


def test_olga_follows_dario_on_her_own_pages_only(client: Client, world: Driving, olga: User) -> None:
    charging(world)
    client.force_login(olga)
    see(client, HERE, 404)


def test_a_stranger_signs_in_first(client: Client, world: Driving) -> None:
    charging(world)
    assert client.get("/s/secret/")["Location"] == "/accounts/login/?next=/s/secret/"


def test_an_unknown_secret_is_a_404(him: Client, world: Driving) -> None:
    see(him, "/s/nothing/", 404)


# ---- the bar -------------------------------------------------------------------------------------------------------


def test_a_running_charge_is_one_tap_away_on_every_other_page(him: Client, world: Driving) -> None:
    charging(world)
    for path in ("/", "/cards/", "/invoices/", "/help/", "/privacy/"):
        html = see(him, path)
        assert '<a href="/s/secret/">' in html.partition('id="live-bar"')[2].partition("</aside>")[0]
        assert "11.0 kW · 1.83 kWh" in html
    assert "live-bar" not in see(him, HERE)


def test_the_bar_alone_answers_the_live_link_and_goes_with_the_charge(him: Client, world: Driving) -> None:
    session = charging(world)
    assert 'id="live-bar"' in see(him, "/bar/")
    world.ends(session, 30, 5_500)
    assert see(him, "/bar/").strip() == ""


def test_nina_has_no_bar_of_dario_s(client: Client, world: Driving, nina: User) -> None:
    charging(world)
    client.force_login(nina)
    assert "live-bar" not in see(client, "/cards/")
    client.logout()
    assert see(client, "/bar/").strip() == ""


def test_the_page_costs_a_fixed_number_of_queries(
    him: Client, world: Driving, django_assert_max_num_queries: Any
) -> None:
    session = charging(world)
    for n in range(11, 60):
        world.reads(session, n, 1_833 + 183 * (n - 10), power=11_000)
    session_prices.keep(session_ids=[session.pk])
    with django_assert_max_num_queries(21):
        see(him, HERE)
