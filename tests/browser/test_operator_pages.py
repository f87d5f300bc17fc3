"""The operators' pages in a real browser, on a phone of 320 px and on a desk, by day and by night: nothing sticks out, nothing is
complained about, axe finds nothing, and they work without the live link."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import Membership, Operator, Role, User
from stations.diagnostics import faults
from stations.models import ChargingStation, ConnectionPeriod, Frame, StatusChange, Variable
from tests.cms import driving
from tests.factories import OperatorFactory, UserFactory

SIZES = {"phone": (320, 640), "desk": (1280, 900)}
PATHS = (
    "/ops/",
    "/ops/stations/",
    "/ops/stations/CP-0042/",
    "/ops/stations/CP-0042/?tab=messages",
    "/ops/stations/CP-0042/?tab=config",
    "/ops/stations/CP-0042/?tab=maintenance",
    "/ops/stations/CP-0042/?tab=setup",
    "/ops/stations/CP-0042/?ask=reset",
    "/ops/stations/new/",
    "/ops/locations/",
    "/ops/locations/new/",
    "/ops/incidents/",
    "/ops/billing/payments/",
    "/ops/billing/reconciliation/",
    "/ops/tariffs/new/?start=night",
    "/ops/search/?q=CP",
    "/ops/more/",
    "/offline/",
)


# what reaches beyond the right edge, where the page as a whole can be scrolled sideways
STICKS_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter(node => !node.closest(".tabs, .pills") && node.getBoundingClientRect().right > innerWidth + 1).map(node => node.outerHTML.slice(0, 90)).slice(0, 4)"""


@pytest.fixture
def network(transactional_db: None) -> Operator:
    """A station with a fault, a history of an hour, messages and settings."""
    cache.clear()
    now = timezone.now()
    operator: Operator = OperatorFactory(slug="rete-adriatica", name="Rete Adriatica", party_id="ADR")
    unit: ChargingStation = driving.stand(
        driving.place(operator), ("Charging", "Faulted"), identity="CP-0042", uid="IT*ADR*E0042*1"
    )
    ConnectionPeriod.objects.create(
        station=unit, epoch=1, version="1.6", gateway="g", connected_at=now - timedelta(hours=1)
    )
    for minutes, status in ((60, "Available"), (40, "Charging"), (5, "Finishing")):
        at = now - timedelta(minutes=minutes)
        StatusChange.objects.create(station=unit, evse_id=1, connector_id=1, status=status, at=at, received_at=at)
    for number in range(12):
        Frame.objects.create(
            station=unit,
            epoch=1,
            at=now - timedelta(minutes=number),
            outgoing=False,
            kind=2,
            message_id=str(number),
            action="Heartbeat",
            raw=f'[2,"{number}","Heartbeat",{{}}]',
            answer=f'[3,"{number}",{{"currentTime":"2026-05-01T08:30:00Z"}}]',
        )
    for name in ("HeartbeatInterval", "SupportedFeatureProfilesOfAnUncommonlyLongName"):
        Variable.objects.create(station=unit, name=name, value="Core," * 20, readonly=False, updated_at=now)
    faults.report(
        station_id=unit.pk, kind="faulted", evse_id=2, connector_id=1, code="PowerSwitchFailure E-117", at=now
    )
    return operator


@pytest.fixture
def olga_in(network: Operator, page: Page, live_server) -> User:
    """Signed in, in the page's browser."""
    olga: User = UserFactory(email="olga@rete.example", first_name="Olga", last_name="Conti")
    Membership.objects.create(user=olga, operator=network, role=Role.OWNER)
    client = Client()
    client.force_login(olga)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    return olga


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """The console's errors and warnings. The live link is not served by Django's test server, the tiles by nobody."""
    said: list[str] = []

    def note(text: str) -> None:
        if "/live/" not in text and "ERR_NAME_NOT_RESOLVED" not in text:
            said.append(text)

    page.on("console", lambda message: note(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: note(str(error)))
    return said


@pytest.mark.parametrize(("size", "theme", "paths"), [("phone", "light", PATHS), ("desk", "dark", PATHS[:4])])
def test_pages_fit_and_nothing_complains(
    page: Page, live_server, olga_in: User, complaints: list[str], size: str, theme: str, paths: tuple[str, ...]
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    found: list[str] = []
    for path in paths:
        answer = page.goto(live_server.url + path)
        assert answer is not None
        assert answer.status == 200, path
        found += [f"{path} sticks out: {what}" for what in page.evaluate(STICKS_OUT)]
        for violation in Axe().run(page).response["violations"]:
            nodes = ", ".join(node["html"][:120] for node in violation["nodes"][:3])
            found.append(f"{path} {violation['id']}: {nodes}")
    assert found == []
    assert complaints == []


def test_the_map_draws_its_pins_without_tiles(page: Page, live_server, olga_in: User, complaints: list[str]) -> None:
    page.goto(f"{live_server.url}/ops/map/")
    page.wait_for_selector(".map-pin.faulted")
    assert page.inner_text(".map-pin.faulted") == "0/2"
    page.wait_for_selector("path.land.home", state="attached")
    assert complaints == []


def test_keys_dialogs_and_theme(page: Page, live_server, olga_in: User, complaints: list[str]) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{live_server.url}/ops/stations/CP-0042/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("CP-0042")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ops/stations/CP-0042/")
    page.click("a[data-opens=ask-reset]")
    assert page.is_visible("#ask-reset")
    page.keyboard.press("Escape")
    assert not page.is_visible("#ask-reset")
    page.click("[data-theme-next]")
    assert page.evaluate("document.documentElement.dataset.theme") in ("dark", "light")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") in ("dark", "light")
    assert complaints == []


def test_without_javascript_the_buttons_still_ask(browser, live_server, olga_in: User, page: Page) -> None:
    cookies = page.context.cookies()
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    context.add_cookies(cookies)
    plain = context.new_page()
    plain.goto(f"{live_server.url}/ops/stations/CP-0042/")
    plain.click("text=Reset >> nth=0")
    plain.click("dialog[open] button.primary")
    assert plain.locator("#commands .steps").count() == 1
    context.close()


def test_without_a_network_one_page_remains(page: Page, live_server, olga_in: User) -> None:
    page.goto(f"{live_server.url}/ops/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.context.set_offline(True)
    try:
        page.goto(f"{live_server.url}/ops/stations/")
        assert "Sei senza rete." in page.inner_text("h1")
    finally:
        page.context.set_offline(False)
