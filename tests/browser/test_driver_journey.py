"""The driver's way from the search to the receipt, on a real server, with a simulated station at the other end of the wire."""

import asyncio
import re
import threading
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Driver
from accounts.services import people
from stations.models import EVSE, Connector
from stations.simulator.clock import SteppedClock
from stations.simulator.hardware import Spec
from stations.simulator.station import Station
from tests.scenarios import site as sites
from tests.scenarios.conftest import live_server_process, start_live_server  # noqa: F401 (fixtures)
from tests.scenarios.live import LiveServer
from tests.scenarios.site import PASSWORD, Site

pytestmark = pytest.mark.wire
PATIENCE_MS = 20_000


class Rig:
    """A simulated station on a loop of its own, moved by the test."""

    def __init__(self, site: Site, version: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        url = site.url.removesuffix(f"/{site.identity}")
        spec = Spec(identity=site.identity, url=url, version=version, password=PASSWORD)
        self.station = Station(spec)

    def do(self, action: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(30)

    def turn_back(self, minutes: int) -> None:
        """From here on its clock stands still but for what is charged: half an hour of charging takes no time."""
        self.station.clock = SteppedClock(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes))

    def close(self) -> None:
        self.do(self.station.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.fixture
def site(live_server_process: LiveServer) -> Site:  # noqa: F811
    with live_server_process.orm():
        built = sites.build(live_server_process)
        people.confirm(Driver.objects.get(pk=built.driver_id).user)
    return built


@pytest.fixture(params=["1.6", "2.0.1"])
def rig(site: Site, request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig = Rig(site, request.param)
    rig.do(rig.station.connect())
    yield rig
    rig.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Errors of the console: among them what the content-security policy refused."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def nbsp(text: str) -> re.Pattern[str]:
    """The text with any space for its spaces."""
    return re.compile(re.escape(text).replace(r"\ ", r"\s+"))


def sign_in(page: Page, site: Site, email: str) -> None:
    """By the code that is mailed: no password to remember at a charger."""
    page.fill("input[name=login]", email)
    page.click("form:has(input[name=login]) >> button:has(use[href='#mail'])")
    page.wait_for_selector("input[name=code]")
    code = sites.until(lambda: [found for mail in site.mails() if (found := _code(mail))], "a code by mail")[-1]
    page.fill("input[name=code]", code)
    page.click("form:has(input[name=code]) button[type=submit] >> nth=0")


def _code(mail: str) -> str | None:
    found = re.search(r"^    ([A-Z0-9-]{6,})\s*$", mail, re.MULTILINE)
    return found[1] if found else None


def test_find_scan_sign_in_start_follow_stop_receipt(page: Page, site: Site, rig: Rig, complaints: list[str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    with site.live.orm():
        evse = sites.until(lambda: EVSE.objects.filter(station=site.station_id, evse_id=1).first(), "an EVSE")
        sites.until(lambda: Connector.objects.filter(evse=evse, status="Available").exists(), "a free connector")

    page.goto(site.live.http)
    page.click("a.list-tap[href*='/l/']:has-text('Bologna') >> nth=-1")
    page.goto(f"{site.live.http}/c/{evse.short_code.lower()}")
    assert page.url == f"{site.live.http}/c/{evse.uid}/"
    expect(page.locator("h1")).to_have_text(evse.uid)
    expect(page.locator(".price")).to_contain_text("0.55")

    page.click(".driver-foot a[href*='login']")
    expect(page.locator("main")).to_contain_text(evse.uid)
    sign_in(page, site, f"driver-{site.identity.lower()}@driver.example")
    page.wait_for_url(f"**/c/{evse.uid}/")

    rig.do(rig.station.plug_in(1))
    expect(page.locator(".tag.ok")).to_be_visible(timeout=PATIENCE_MS)  # without a reload
    rig.turn_back(26)
    page.click(".driver-foot button.primary")
    page.wait_for_url("**/s/**")

    expect(page.locator(".steps.four li").nth(2)).to_have_class("seen", timeout=PATIENCE_MS)
    rig.do(rig.station.charge(kwh=7.5, minutes=25, number=1))
    expect(page.locator("[data-flash=kwh]")).to_have_text(nbsp("7,50 kWh"), timeout=PATIENCE_MS)
    expect(page.locator("[data-flash=cost]")).to_have_text(nbsp("4,13 €"))
    expect(page.locator(".steps.four li.seen")).to_have_count(4)
    expect(page.locator("svg.chart")).to_be_visible()

    page.click("[data-asks]")
    expect(page.locator("#stop-now button.primary")).to_contain_text(nbsp("4,13 €"))
    page.click("#stop-now button.primary")
    page.wait_for_url("**/done/", timeout=PATIENCE_MS)

    expect(page.locator(".total dd")).to_have_text(
        nbsp("4,13 €"), timeout=PATIENCE_MS
    )  # rated meanwhile, without a reload
    with page.expect_download() as download:
        page.evaluate(
            "link => { link.download = 'receipt.pdf'; link.click() }", page.query_selector("a[href$='receipt.pdf']")
        )
    with open(download.value.path(), "rb") as file:
        assert file.read(5) == b"%PDF-"
    sites.until(lambda: any("4,13" in mail and ".pdf" in mail for mail in site.mails()), "the receipt by mail")

    with site.live.orm():
        (session,) = site.sessions()
        (cdr,) = site.cdrs()
        assert (session.energy, cdr.total_incl_vat, session.driver_id) == (
            Decimal(7500),
            Decimal("4.13"),
            site.driver_id,
        )
    page.goto(f"{site.live.http}/history/")
    expect(page.locator("h1")).to_contain_text(nbsp("4,13 €"))
    assert complaints == []


def test_a_start_without_a_car_waits_and_a_late_cable_begins_it(page: Page, site: Site, rig: Rig) -> None:
    """No cable is seen, the driver starts all the same: the page says what it waits for, counts, and goes on by itself."""
    with site.live.orm():
        evse = sites.until(lambda: EVSE.objects.filter(station=site.station_id, evse_id=1).first(), "an EVSE")
    page.goto(f"{site.live.http}/accounts/login/?next=/c/{evse.uid}/")
    sign_in(page, site, f"driver-{site.identity.lower()}@driver.example")
    page.wait_for_url(f"**/c/{evse.uid}/")
    expect(page.locator(".driver-foot button.primary")).to_have_count(0)
    expect(page.locator(".driver-foot button[aria-disabled=true]")).to_be_visible()
    page.click(".driver-foot button[type=submit]")
    page.wait_for_url("**/s/**")
    expect(page.locator(".steps.four li").nth(1)).to_have_class("seen", timeout=PATIENCE_MS)
    expect(page.locator(".steps.four li").nth(2)).to_have_class("now")
    left = int(page.get_attribute("[data-left]", "data-left") or 0)
    expect(page.locator(f"[data-left='{left - 1}']")).to_contain_text(str(left - 1))
    rig.do(rig.station.plug_in(1))
    expect(page.locator(".steps.four li").nth(2)).to_have_class("seen", timeout=PATIENCE_MS)


@pytest.mark.parametrize("rig", ["1.6"], indirect=True)
def test_scan_pay_start_follow_stop_receipt_without_an_account(
    page: Page, site: Site, rig: Rig, complaints: list[str]
) -> None:
    """A stranger with a card: price, hold, start, energy, stop, and the money that was not used is free again."""
    page.set_viewport_size({"width": 390, "height": 844})
    strangers: list[str] = []
    page.on("request", lambda asked: strangers.append(asked.url) if not asked.url.startswith(site.live.http) else None)
    with site.live.orm():
        evse = sites.until(lambda: EVSE.objects.filter(station=site.station_id, evse_id=1).first(), "an EVSE")
        sites.until(lambda: Connector.objects.filter(evse=evse, status="Available").exists(), "a free connector")
    page.goto(f"{site.live.http}/c/{evse.uid}/")
    expect(page.locator(".lines")).to_contain_text("€40.00")  # what will be held, before anything else
    rig.do(rig.station.plug_in(1))
    expect(page.locator(".tag.ok")).to_be_visible(timeout=PATIENCE_MS)
    rig.turn_back(26)
    page.click(".driver-foot button.primary")

    page.wait_for_url("**/pay/card/**")
    page.click("[data-card='4000 0027 6000 3184']")
    page.click("[data-card-form] button.primary")
    page.click("button[value=yes]")
    page.wait_for_url("**/s/**")
    secret = page.url
    expect(page.locator(".steps.four li").nth(2)).to_have_class("seen", timeout=PATIENCE_MS)
    rig.do(rig.station.charge(kwh=7.5, minutes=25, number=1))
    expect(page.locator("[data-flash=kwh]")).to_have_text(nbsp("7.50 kWh"), timeout=PATIENCE_MS)

    page.goto(f"{site.live.http}/c/{evse.uid}/")  # the phone finds its charge again
    page.click(".driver-foot a.primary")
    assert page.url == secret
    page.wait_for_load_state("networkidle")
    page.click("[data-asks]")
    page.click("#stop-now button.primary")
    page.wait_for_url("**/done/", timeout=PATIENCE_MS)
    expect(page.locator(".total dd")).to_have_text("€4.13", timeout=PATIENCE_MS)
    expect(page.locator("#receipt")).to_contain_text("€35.87", timeout=PATIENCE_MS)  # of 40 held
    assert complaints == []
    assert strangers == []
