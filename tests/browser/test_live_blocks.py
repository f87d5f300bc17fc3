"""What happens to a live block under the reader's finger: a click ends where it began."""

from typing import Any

from playwright.sync_api import Page

from accounts.models import Driver
from tests.browser.test_driver_pages import him, world  # noqa: F401 (fixtures)
from tests.cms.driving import UID

NEWS = "htmx.trigger('#landing', 'live')"
BUTTON = ".driver-foot a.btn, .driver-foot button[type=submit]"


def test_news_wait_while_a_button_is_pressed(page: Page, him: Driver, live_server: Any) -> None:  # noqa: F811
    page.goto(f"{live_server.url}/c/{UID}/")
    button = page.wait_for_selector(BUTTON)
    assert button is not None
    button.hover()
    page.mouse.down()
    with page.expect_response(f"**/c/{UID}/"):
        page.evaluate(NEWS)
    assert button.evaluate("node => node.isConnected")
    with page.expect_navigation():
        page.mouse.up()


def test_news_come_when_nothing_is_pressed(page: Page, him: Driver, live_server: Any) -> None:  # noqa: F811
    page.goto(f"{live_server.url}/c/{UID}/")
    button = page.wait_for_selector(BUTTON)
    assert button is not None
    page.evaluate(NEWS)
    button.wait_for_element_state("hidden")
