"""The pay page with a key of Stripe's: its script is a stand-in that keeps to the documented interface (`stripe_standin.js`), and
what it sends to api.stripe.com is answered by localstripe. The page's own policy holds: what it does not allow is a complaint."""

import http.client
import json
import re
import urllib.parse
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from accounts.models import Driver
from billing.models import Payment, PaymentCustomer, PaymentMethod
from tests.browser.test_driver_pages import complaints  # noqa: F401 (fixture)
from tests.factories import DriverFactory, UserFactory
from tests.factories.billing import CDRFactory, PaymentMethodFactory
from tests.stripe.conftest import KEY, Provider, localstripe, provider  # noqa: F401 (fixtures)

STANDIN = (Path(__file__).parent / "stripe_standin.js").read_text()
FRAME = """<!doctype html><label>Card number <input autocomplete="cc-number"></label><script>
addEventListener("message", event => event.source.postMessage({number: document.querySelector("input").value}, "*"));
</script>"""
PAGE = "text/html; charset=utf-8"


class Stripe:
    """https://api.stripe.com and https://js.stripe.com, as the browser sees them."""

    def __init__(self, provider: Provider) -> None:  # noqa: F811
        self.provider = provider

    def script(self, route: Route) -> None:
        inner = "elements-inner" in route.request.url
        route.fulfill(body=FRAME if inner else STANDIN, content_type=PAGE if inner else "text/javascript")

    def api(self, route: Route) -> None:
        open_to_all = {"access-control-allow-origin": "*", "access-control-allow-headers": "authorization"}
        if route.request.method == "OPTIONS":
            return route.fulfill(status=204, headers=open_to_all)
        path = urllib.parse.urlsplit(route.request.url).path
        given = dict(urllib.parse.parse_qsl(route.request.post_data or ""))
        if path.endswith("/confirm"):
            status, body = self._confirm(path.removesuffix("/confirm"), given["number"])
        else:
            status, body = self._ask(route.request.method, path, **given)
        return route.fulfill(status=status, json=body, headers=open_to_all)

    def _confirm(self, intent: str, number: str) -> tuple[int, Any]:
        """A card that is declined leaves the intent waiting for another one, as Stripe does."""
        card = self.provider.card(number)
        customer = self._ask("GET", intent)[1]["customer"]
        status, body = self._ask("POST", f"/v1/payment_methods/{card}/attach", customer=customer)
        if status != 200:
            return status, {"error": {**body["error"], "type": "card_error", "message": "Your card was declined."}}
        if "setup_intents" in intent:
            return self._ask("POST", f"{intent}/confirm", payment_method=card)
        self._ask("POST", intent, payment_method=card)
        return self._ask("POST", f"{intent}/confirm")

    def _ask(self, method: str, path: str, **params: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.provider.port, timeout=20)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urllib.parse.urlencode(params) or None, headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, body


@pytest.fixture
def dario(transactional_db: None, provider: Provider, settings: Any, page: Page, live_server: Any) -> Driver:  # noqa: F811
    """Signed in, at an operator who is paid through Stripe."""
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test_colonnina"
    driver = DriverFactory(user=UserFactory(email="dario@driver.example", language="en"))
    client = Client()
    client.force_login(driver.user)
    signed_in = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([signed_in])  # type: ignore[list-item]
    page.set_extra_http_headers({"accept-language": "en"})
    stripe = Stripe(provider)
    page.route("https://js.stripe.com/**", stripe.script)
    page.route("https://api.stripe.com/**", stripe.api)
    return driver


@pytest.fixture
def give(page: Page) -> Callable[[str], None]:
    def give(number: str) -> None:
        page.frame_locator("iframe[title='Secure payment input frame']").get_by_label("Card number").fill(number)
        page.locator("form[data-stripe] button").click()

    return give


def test_a_card_is_saved_after_it_was_mistyped_and_declined(
    dario: Driver,
    page: Page,
    live_server: Any,
    give: Callable[[str], None],
    complaints: list[str],  # noqa: F811
) -> None:
    page.goto(f"{live_server.url}/payment/")
    page.get_by_role("button", name="Add a payment card").click()
    said, button = page.locator("[data-said]"), page.locator("form[data-stripe] button")
    expect(button).to_be_enabled()
    give("4242")
    expect(said).to_have_text("Your card number is incomplete.")
    give("4000000000000002")
    expect(said).to_have_text("Your card was declined.")
    expect(button).to_be_enabled()
    assert complaints[:] == ["Failed to load resource: the server responded with a status of 402 (Payment Required)"]
    give("4242424242424242")
    expect(page.get_by_text("Visa …4242 is saved.")).to_be_visible()
    assert PaymentMethod.objects.get().status == "active"
    assert page.url == f"{live_server.url}/payment/"


def test_a_saved_card_whose_bank_wants_to_hear_it_is_approved_on_our_page(
    dario: Driver,
    provider: Provider,  # noqa: F811
    page: Page,
    live_server: Any,
    give: Callable[[str], None],
    complaints: list[str],  # noqa: F811
) -> None:
    debt = CDRFactory(driver=dario, started_at=timezone.now() - timedelta(hours=3))
    customer = provider.ask("POST", "/v1/customers", name="Dario")["id"]
    PaymentCustomer.objects.create(operator=dario.operator, driver=dario, gateway="stripe", gateway_id=customer)
    card = provider.card("4000002500003155", customer=customer)
    PaymentMethodFactory(driver=dario, gateway="stripe", gateway_id=card, brand="visa", last4="3155")
    page.goto(f"{live_server.url}/payment/")
    page.get_by_role("button", name=re.compile("Pay with Visa")).click()
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator("[data-said]")).to_have_text("The provided PaymentMethod has failed authentication.")
    assert Payment.objects.get().status == "action_needed"
    page.reload()
    give("4242424242424242")
    expect(page.get_by_text("Paid. Thank you.")).to_be_visible()
    paid = Payment.objects.get()
    assert (paid.status, paid.captured, paid.cdr) == ("captured", debt.total_incl_vat, debt)
    assert complaints == []


def test_a_provider_that_is_away_is_said_and_not_hidden(dario: Driver, page: Page, live_server: Any) -> None:
    page.unroute("https://js.stripe.com/**")
    page.route("https://js.stripe.com/**", lambda route: route.abort())
    page.goto(f"{live_server.url}/payment/")
    page.get_by_role("button", name="Add a payment card").click()
    expect(page.locator("[data-said]")).to_contain_text("does not answer")
    expect(page.locator("form[data-stripe] button")).to_be_disabled()
