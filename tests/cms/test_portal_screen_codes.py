"""Stations whose QR code changes on their screen: who may pay there, and who has to scan again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from billing.models import AdhocCharge
from cms.core.errors import Forbidden, Invalid
from stations import totp
from stations.models import DynamicCode
from stations.services import dynamic_codes
from tests.cms.driving import MORNING, UID, Driving, see

pytestmark = pytest.mark.django_db
HERE = f"/c/{UID}/"
SECRET = "abc123"


@pytest.fixture(autouse=True)
def morning() -> Iterator[Any]:
    cache.clear()  # tries are counted there
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


@pytest.fixture
def screen(world: Driving, olga: User) -> DynamicCode:
    world.status("Preparing")
    return dynamic_codes.set_up(station=world.station, by=olga, secret=SECRET, validity_s=60, length=8)


def shown(seconds: int = 0) -> str:
    return totp.code(totp.Settings(SECRET, 60, 8), (int(MORNING.timestamp()) + seconds) // 60)


def tap(client: Client) -> Any:
    return client.post(f"{HERE}pay/", headers={"accept-language": "en"})


def test_the_sticker_asks_to_scan_the_screen_and_pays_nothing(client: Client, screen: DynamicCode) -> None:
    html = see(client, HERE)
    assert "Scan the code on the screen" in html
    assert "Pay and start" not in html
    assert tap(client)["Location"] == HERE
    assert AdhocCharge.objects.count() == 0


@pytest.mark.parametrize("seconds", [-60, 0, 60])
def test_the_code_of_now_or_beside_it_opens_the_way(client: Client, screen: DynamicCode, seconds: int) -> None:
    answer = client.get(HERE, {"totp": shown(seconds)})
    assert (answer.status_code, answer["Location"]) == (302, HERE)  # no address keeps the code
    assert "Pay and start" in see(client, HERE)
    assert tap(client)["Location"].startswith("/pay/")


@pytest.mark.parametrize("code", ["wrong", "", "x" * 5000, shown(-180), shown(600), "\u00e8\u00e8\u00e8"])
def test_a_wrong_or_old_code_opens_nothing(client: Client, screen: DynamicCode, code: str) -> None:
    assert client.get(HERE, {"totp": code}).status_code == 200
    assert tap(client)["Location"] == HERE
    assert AdhocCharge.objects.count() == 0


def test_two_taps_at_once_with_one_code_are_one(client: Client, screen: DynamicCode) -> None:
    """The second is on its way before the phone has heard of the first: only the page knows that they belong together."""
    client.get(HERE, {"totp": shown()})
    key = client.get(HERE).context["secret"]
    same_phone = Client()
    same_phone.cookies["scanned"] = client.cookies["scanned"].value
    places = {phone.post(f"{HERE}pay/", {"key": key})["Location"] for phone in (client, same_phone)}
    assert places == {f"/pay/{AdhocCharge.objects.get().public_token}/"} == {f"/pay/{key}/"}


def test_of_two_with_the_same_code_one_pays(client: Client, screen: DynamicCode) -> None:
    other = Client()
    for phone in (client, other):
        phone.get(HERE, {"totp": shown()})
    assert tap(client)["Location"].startswith("/pay/")
    assert other.get(HERE).context["scan_again"]
    assert not client.get(HERE).context["scan_again"]  # on its way back to the card
    refused = tap(other)
    assert refused.status_code == 409
    assert "This code has been used already." in refused.content.decode()
    assert AdhocCharge.objects.count() == 1
    assert Client().get(HERE, {"totp": shown()}).status_code == 200


def test_a_scan_counts_for_ten_minutes(client: Client, screen: DynamicCode, morning: Any) -> None:
    client.get(HERE, {"totp": shown()})
    morning.move_to(MORNING + timedelta(minutes=11))
    assert tap(client)["Location"] == HERE


def test_a_scan_counts_for_its_own_socket(client: Client, screen: DynamicCode, world: Driving) -> None:
    client.get(HERE, {"totp": shown()})
    beside = world.station.evses.get(evse_id=2).uid
    assert client.post(f"/c/{beside}/pay/")["Location"] == f"/c/{beside}/"


def test_drivers_with_an_account_need_no_screen(him: Client, screen: DynamicCode) -> None:
    assert ">Start</button>" in see(him, HERE)


def test_the_secret_is_sealed_and_what_the_station_must_be_told_is_shown(screen: DynamicCode) -> None:
    assert SECRET not in screen.secret
    told = {setting.variable: setting.value for setting in dynamic_codes.settings_for(screen)}
    assert told == {
        "URLTemplate": "http://localhost:8000/c/{roamingevseid}?totp={totp}",
        "SharedSecret": SECRET,
        "ValidityTime": "60",
        "Length": "8",
    }


def test_a_secret_that_cannot_be_read_any_more_opens_nothing(
    client: Client, screen: DynamicCode, settings: Any
) -> None:
    settings.SECRET_KEY = "another one"
    assert client.get(HERE, {"totp": shown()}).status_code == 200
    assert (
        client.get(HERE, {"totp": totp.code(totp.Settings("", 60, 8), int(MORNING.timestamp()) // 60)}).status_code
        == 200
    )


@pytest.mark.parametrize("wrong", [{"validity_s": 5}, {"length": 3}, {"length": 33}, {"secret": "x" * 256}])
def test_impossible_settings_change_nothing(world: Driving, olga: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        dynamic_codes.set_up(station=world.station, by=olga, **wrong)
    assert DynamicCode.objects.count() == 0


def test_support_sets_up_no_codes(world: Driving, tom: User) -> None:
    with pytest.raises(Forbidden):
        dynamic_codes.set_up(station=world.station, by=tom)
    assert DynamicCode.objects.count() == 0


# ---- the operator's side -----------------------------------------------------------------------------------------------


def browser(person: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def test_the_operator_sets_a_code_up_and_takes_it_back(world: Driving, olga: User, tom: User) -> None:
    client, path = browser(olga), f"/ops/stations/{world.station.identity}/code/"
    client.post(path, {"validity_s": "30", "length": "6", "secret": ""})
    code = DynamicCode.objects.get()
    assert (code.validity_s, code.length) == (30, 6)
    html = see(client, f"/ops/stations/{world.station.identity}/?tab=setup")
    assert "http://localhost:8000/c/{roamingevseid}?totp={totp}" in html
    assert "SharedSecret" in html
    assert "SharedSecret" not in see(browser(tom), f"/ops/stations/{world.station.identity}/?tab=setup")
    client.post(path, {"off": "1"})
    assert DynamicCode.objects.count() == 0


def test_a_stranger_or_a_role_without_the_right_sets_nothing_up(world: Driving, carla: User, tom: User) -> None:
    path = f"/ops/stations/{world.station.identity}/code/"
    assert browser(carla).post(path, {"validity_s": "30", "length": "6"}).status_code == 404
    assert browser(tom).post(path, {"validity_s": "30", "length": "6"}).status_code == 403
    assert DynamicCode.objects.count() == 0


@pytest.mark.parametrize("given", [{"validity_s": "x", "length": "6"}, {"validity_s": "5", "length": "6"}, {}])
def test_nonsense_changes_nothing(world: Driving, olga: User, given: dict[str, str]) -> None:
    browser(olga).post(f"/ops/stations/{world.station.identity}/code/", given)
    assert DynamicCode.objects.count() == 0
