"""The driver's pages in a real browser: 320 px and a desk, by day and by night, in both languages, at 200 % zoom, and within
the 100 kB that a slow phone is asked to load."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, Request

from accounts.models import Driver
from billing.models import Payment
from billing.payments import fake_gateway
from billing.services.cards import adhoc
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from tests.browser.test_operator_pages import STICKS_OUT
from tests.cms.driving import MORNING, UID, Driving, place, price, stand
from tests.factories import DriverFactory, TokenFactory, UserFactory
from tests.factories.billing import element

PHONE = 320
LOOKS = {"phone by day, Italian": (PHONE, "light", "it"), "desk by night, English": (1280, "dark", "en")}
Look = Callable[[str], list[str]]


@pytest.fixture
def world(transactional_db: None) -> Driving:
    """Dario charges on one socket, has charged before, and asked for a start that failed."""
    cache.clear()
    dario = DriverFactory(user=UserFactory(email="dario@driver.example", first_name="Dario"), operator__party_id="ADR")
    world = Driving(dario)
    stay = element("PARKING_TIME", "6", min_parking_duration=900)
    price(
        dario.operator, element("ENERGY", "0.69", start_time="17:00", end_time="20:00"), element("ENERGY", "0.59"), stay
    )
    stand(world.location, ["Unavailable"], uid="IT*ADR*E0043*1", identity="CP-0043")
    stand(world.location, ["Available"], uid="IT*ADR*E0044*1", identity="CP-0044", online=False)
    TokenFactory(operator=dario.operator, driver=dario, label="Portachiavi dell’auto aziendale numero due")
    so_far = (timezone.now() - MORNING).total_seconds() / 60
    for days in (1, 40):
        world.charged(18_640, minutes=132, begun=so_far - days * 1440)
    world.asked(command="rejected", status="refused", public_token="refused")
    world.asked(evse_id=2, expires_at=timezone.now() + timedelta(minutes=2))
    running = world.begins(so_far - 20, evse=2)
    world.says(
        *(
            world.teller.update(
                so_far - minute, running.transaction_id, 1200 + 180 * (20 - minute), evse=2, power=11_000, soc=60
            )
            for minute in range(19, 0, -1)
        )
    )
    world.status("Available")
    ChargingStation.objects.filter(online=True).update(last_seen=timezone.now())
    return world


@pytest.fixture
def him(world: Driving, page: Page, live_server: Any) -> Driver:
    client = Client()
    client.force_login(world.dario.user)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    return world.dario


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the console says. The live link is not served by Django's test server; a 404 page is a 404."""
    said: list[str] = []

    def note(text: str) -> None:
        if "/live/" not in text and "404 (Not Found)" not in text:
            said.append(text)

    page.on("console", lambda message: note(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: note(str(error)))
    return said


@pytest.fixture
def look(page: Page, live_server: Any) -> Look:
    """Opens a page; says what sticks out and what axe finds."""

    def look(path: str) -> list[str]:
        page.goto(live_server.url + path)
        found = [f"{path} sticks out: {what}" for what in page.evaluate(STICKS_OUT)]
        for violation in Axe().run(page).response["violations"]:
            nodes = ", ".join(node["html"][:120] for node in violation["nodes"][:3])
            found.append(f"{path} {violation['id']}: {nodes}")
        return found

    return look


def main_paths() -> list[str]:
    ended = ChargingSession.objects.ended().earliest("pk")
    location = ChargingStation.objects.get(identity="CP-0042").location
    assert location is not None
    return [
        "/?lat=44.5&lon=11.35",
        f"/l/{location.pk}/",
        f"/c/{UID}/",
        "/s/secret/",
        f"/history/{ended.pk}/",
        "/history/",
        "/cards/",
    ]


def other_paths() -> list[str]:
    """Other states of the same pages, and those with little on them."""
    return [
        "/?q=nowhere",
        f"/c/{UID[:-1]}2/",
        "/c/IT*ADR*E0043*1/",
        "/c/IT*ADR*E0044*1/",
        "/c/ITADREOO421/",
        "/s/secret/stop/",
        "/s/refused/",
        "/invoices/",
        "/payment/",
        f"/help/?code={UID}",
        "/privacy/",
    ]


@pytest.mark.parametrize("name", LOOKS)
def test_every_page_fits_and_nothing_complains(
    page: Page, him: Driver, look: Look, complaints: list[str], live_server: Any, name: str
) -> None:
    width, theme, language = LOOKS[name]
    page.set_viewport_size({"width": width, "height": 720})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    shown = main_paths() + (other_paths() if width == PHONE else [])
    found = [trouble for path in shown for trouble in look(path)]
    assert not found, "\n".join(found)
    assert complaints == []


def test_a_stranger_sees_the_same_without_signing_in(
    page: Page, world: Driving, look: Look, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    card_page = _held(world).action_url
    assert [trouble for path in ("/", f"/c/{UID}/", "/help/", card_page) for trouble in look(path)] == []
    fake_gateway.enter(card_page.split("/")[-2], "4000002760003184", exp_month=12, exp_year=2040, cvc="123")
    assert look(card_page) == []  # the bank asks
    assert complaints == []


def _held(world: Driving) -> Payment:
    """A stranger is about to give a card."""
    charge = adhoc.begin(evse=world.evse, language="it", shown={"sentence": "0,59 €/kWh, IVA inclusa"})
    return adhoc.pay(charge=charge, return_url="/")


def test_at_200_percent_nothing_is_cut_off(page: Page, him: Driver, live_server: Any) -> None:
    """WCAG 1.4.4: text twice as large on a phone of 390 px."""
    page.set_viewport_size({"width": 390, "height": 844})
    troubles = []
    for path in main_paths():
        page.goto(live_server.url + path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        troubles += [f"{path} sticks out: {what}" for what in page.evaluate(STICKS_OUT)]
    assert not troubles, "\n".join(troubles)


@pytest.mark.parametrize("path", [f"/c/{UID}/", "/s/secret/"])
def test_the_button_at_the_foot_stays_in_sight_and_hides_no_end_of_the_page(
    page: Page, him: Driver, live_server: Any, path: str
) -> None:
    page.set_viewport_size({"width": 320, "height": 568})
    page.goto(live_server.url + path)
    box = "document.querySelector('%s').getBoundingClientRect()"
    foot, end = box % ".driver-foot", box % ":has(+ .driver-foot)"
    assert page.evaluate(f"Math.round({foot}.bottom)") == 568
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate(f"{end}.bottom <= {foot}.top")


@pytest.mark.parametrize("path", ["/", f"/c/{UID}/", "/s/secret/"])
def test_targets_are_large_enough_for_a_thumb(page: Page, him: Driver, live_server: Any, path: str) -> None:
    """Buttons and links that stand alone: 44 px in the direction that counts (WCAG 2.5.8 asks for 24)."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + path)
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, a.btn, .pill, .list-tap, summary.bar-btn, .bar-btn")]
          .filter(node => node.checkVisibility() && node.offsetHeight && node.offsetHeight < 44 && !node.closest(".sr, .toasts"))
          .filter(node => !node.classList.contains("sr")).map(node => node.outerHTML.slice(0, 80))"""
    )
    assert small == []


@pytest.mark.parametrize("path", ["/", f"/c/{UID}/"])
def test_the_first_visit_stays_under_100_kb_and_asks_no_other_host(
    page: Page, world: Driving, live_server: Any, path: str
) -> None:
    """As a browser gets it from whitenoise: static files compressed, the page itself not. With a full page of places."""
    for n in range(20):
        there = place(world.dario.operator, f"Parcheggio numero {n}", (f"{38 + n / 3:.3f}", f"{8 + n / 3:.3f}"))
        stand(there, ["Available", "Charging"])
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    page.goto(live_server.url + path)
    page.wait_for_load_state("networkidle")
    assert {request.url.partition("://")[2].partition("/")[0] for request in asked} == {
        live_server.url.partition("://")[2]
    }
    weight = sum(_weight(request) for request in asked)
    assert weight < 100_000, weight


def _weight(request: Request) -> int:
    answer = request.response()
    assert answer is not None
    body = answer.body()
    return len(gzip.compress(body, 9)) if "/static/" in request.url else len(body)


def test_streets_come_only_after_a_tap(page: Page, world: Driving, live_server: Any, complaints: list[str]) -> None:
    asked: list[str] = []
    page.route("**/tile.openstreetmap.org/**", lambda route: (asked.append(route.request.url), route.abort()))
    page.goto(f"{live_server.url}/?lat=44.5&lon=11.35")
    assert page.locator(".sketch .pin").count() == 1
    assert asked == []
    page.click("text=Mostra le strade" if page.locator("text=Mostra le strade").count() else "text=Show streets")
    page.wait_for_selector(".map-pin")
    page.wait_for_timeout(200)
    assert asked != []
    assert [said for said in complaints if "Failed to load resource" not in said] == []


def test_the_position_is_asked_for_only_after_a_tap(page: Page, world: Driving, live_server: Any) -> None:
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 44.512345, "longitude": 11.352345})
    page.goto(live_server.url)
    assert "lat" not in page.url
    page.click("[data-here]")
    page.wait_for_url("**lat=44.512&lon=11.352**")
    assert page.locator("#found li").count() == 1


def test_without_permission_the_search_box_is_the_way(page: Page, world: Driving, live_server: Any) -> None:
    page.add_init_script("navigator.geolocation.getCurrentPosition = (found, failed) => failed({ code: 1 })")
    page.goto(live_server.url)
    page.click("[data-here]")
    assert page.inner_text("#here-says") != ""
    assert page.evaluate("document.activeElement.type") == "search"


def test_stop_asks_in_a_dialog_that_can_be_left(
    page: Page, him: Driver, live_server: Any, complaints: list[str]
) -> None:
    page.goto(f"{live_server.url}/s/secret/")
    page.click("[data-asks]")
    assert page.is_visible("#stop-now")
    page.click("#stop-now a[data-closes]")
    assert not page.is_visible("#stop-now")
    assert page.url.endswith("/s/secret/")
    assert complaints == []


def test_everything_works_without_javascript(browser: Any, him: Driver, page: Page, live_server: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(live_server.url)
    plain.click("button.pill >> nth=1")
    assert "plug=" in plain.url
    plain.goto(f"{live_server.url}/s/secret/")
    plain.click("[data-asks]")
    assert plain.url.endswith("/s/secret/stop/")
    plain.click("button.primary")
    assert plain.locator("#stopping").count() == 1
    context.close()
