"""Our gateway against localstripe, a real process that speaks Stripe's HTTP."""

import queue
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from django.utils import timezone

from billing.payments import stripe_objects
from billing.payments.gateway import BadSignature, Declined, Order, State, Unknown
from billing.payments.stripe_gateway import StripeGateway
from cms.core.errors import Unavailable

from .conftest import Provider

TEN = Decimal("10.00")


def customer(stripe: StripeGateway, key: str) -> str:
    return stripe.customer(reference="driver-1", name="Dario", email="dario@driver.example", key=key)


def order(stripe: StripeGateway, provider: Provider, key: str, number: str = "4242424242424242", **more: Any) -> Order:
    payer = customer(stripe, f"customer-{key}")
    facts = {"later": True, "method": provider.card(number, customer=payer), "reference": key, **more}
    return Order(TEN, "EUR", customer=payer, **facts)


def test_a_hold_is_captured_in_part_and_the_rest_is_let_go(stripe: StripeGateway, provider: Provider) -> None:
    held = stripe.place(order(stripe, provider, "a"), key="a")
    assert (held.state, held.amount, held.captured) == (State.AUTHORIZED, TEN, 0)
    assert held.expires_at is not None
    assert held.expires_at > timezone.now() + timedelta(days=6)
    for _ in range(2):
        taken = stripe.capture(intent=held.reference, amount=Decimal("7.40"), currency="EUR", key="a-capture")
        assert (taken.state, taken.captured, taken.refunded) == (State.CAPTURED, Decimal("7.40"), 0)
    assert stripe.retrieve(intent=held.reference).captured == Decimal("7.40")


def test_a_hold_is_let_go_twice_and_it_is_boring(stripe: StripeGateway, provider: Provider) -> None:
    held = stripe.place(order(stripe, provider, "b"), key="b")
    for key in ("b-release", "b-release", "b-again"):
        assert stripe.release(intent=held.reference, key=key).state == State.RELEASED


def test_the_same_key_is_one_payment(stripe: StripeGateway, provider: Provider) -> None:
    wish = order(stripe, provider, "c", later=False)
    assert stripe.place(wish, key="c") == stripe.place(wish, key="c")
    mine = [one for one in provider.all("payment_intents") if one["metadata"].get("key") == "c"]
    assert len(mine) == 1


def test_what_became_of_a_key_is_found_after_it_was_forgotten(stripe: StripeGateway, provider: Provider) -> None:
    held = stripe.place(order(stripe, provider, "d"), key="d")
    provider.proxy.forget_keys()
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert stripe.find(key="d", since=since) == held
    assert stripe.find(key="never", since=since) is None


def test_a_refund_in_parts(stripe: StripeGateway, provider: Provider) -> None:
    paid = stripe.place(order(stripe, provider, "e", later=False), key="e")
    assert (paid.state, paid.captured) == (State.CAPTURED, TEN)
    for _ in range(2):
        given = stripe.refund(intent=paid.reference, amount=Decimal("4.00"), currency="EUR", key="e-refund")
    assert (given.amount, given.failed) == (Decimal("4.00"), False)
    assert stripe.find_refund(intent=paid.reference, key="e-refund") == given
    assert stripe.find_refund(intent=paid.reference, key="other") is None
    after = stripe.retrieve(intent=paid.reference)
    assert (after.captured, after.refunded) == (TEN, Decimal("4.00"))


def test_a_declined_card_says_why(stripe: StripeGateway, provider: Provider) -> None:
    with pytest.raises(Declined) as no:
        stripe.place(order(stripe, provider, "f", "4000000000000341"), key="f")
    assert (no.value.reason, no.value.text) == (
        "card_declined",
        "Your bank refused the card. Use another one, or ask your bank.",
    )


def test_nobody_is_there_to_approve(stripe: StripeGateway, provider: Provider) -> None:
    with pytest.raises(Declined) as no:
        stripe.place(order(stripe, provider, "g", "4000002500003155"), key="g")
    assert no.value.reason == "authentication_required"
    assert stripe.retrieve(intent=no.value.reference).state == State.RELEASED


def test_somebody_approves(stripe: StripeGateway, provider: Provider) -> None:
    asked = stripe.place(order(stripe, provider, "h", "4000002500003155", return_url="https://a.example/"), key="h")
    assert asked.state == State.ACTION_NEEDED
    assert asked.client_secret.startswith(asked.reference)
    path = f"/v1/payment_intents/{asked.reference}/_authenticate"
    provider.ask("POST", path, client_secret=asked.client_secret, success="true")
    assert stripe.retrieve(intent=asked.reference).state == State.AUTHORIZED


def test_without_a_card_the_page_asks_for_one(stripe: StripeGateway, provider: Provider) -> None:
    asked = stripe.place(Order(TEN, "EUR", return_url="https://a.example/", later=True), key="i")
    assert (asked.state, asked.error_code) == (State.ACTION_NEEDED, "")
    assert stripe.release(intent=asked.reference, key="i-release").state == State.RELEASED


def test_a_card_is_saved(stripe: StripeGateway, provider: Provider) -> None:
    setup = stripe.save_card(customer=customer(stripe, "customer-j"), return_url="https://a.example/", key="j")
    assert (setup.state, setup.card) == (State.ACTION_NEEDED, None)
    provider.ask("POST", f"/v1/setup_intents/{setup.reference}/confirm", payment_method=provider.card())
    saved = stripe.setup(reference=setup.reference)
    assert saved.state == State.CAPTURED
    assert saved.card is not None
    assert (saved.card.brand, saved.card.last4, saved.card.exp_year) == ("visa", "4242", 2034)
    stripe.forget_card(card=saved.card.reference)


def test_unknown_is_unknown(stripe: StripeGateway, provider: Provider) -> None:
    with pytest.raises(Unknown):
        stripe.retrieve(intent="pi_never")


@pytest.mark.parametrize("trouble", ["unplugged", "deaf"])
def test_no_answer_means_that_nobody_knows(
    stripe: StripeGateway, provider: Provider, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = order(stripe, provider, f"k-{trouble}", later=False)
    setattr(provider.proxy, trouble, True)
    with pytest.raises(Unavailable):
        stripe.place(wish, key=f"k-{trouble}")
    setattr(provider.proxy, trouble, False)
    assert stripe.place(wish, key=f"k-{trouble}").state == State.CAPTURED
    mine = [one for one in provider.all("payment_intents") if one["metadata"].get("key") == f"k-{trouble}"]
    assert len(mine) == 1


def test_the_account_tells_its_movements(stripe: StripeGateway, provider: Provider) -> None:
    paid = stripe.place(order(stripe, provider, "l", later=False), key="l")
    charge = provider.ask("GET", f"/v1/payment_intents/{paid.reference}")["latest_charge"]["id"]
    moved = {one.source: one for one in stripe.movements(since=timezone.now() - timedelta(days=1))}[charge]
    assert (moved.kind, moved.gross, moved.net, moved.currency) == ("payment", TEN, TEN, "EUR")
    provider.ask("POST", "/v1/payouts", amount="1000", currency="eur", status="paid")
    (out,) = stripe.payouts(since=timezone.now() - timedelta(days=1))
    assert (out.amount, out.currency, out.status) == (TEN, "EUR", "paid")


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("10.50", "EUR", 1050),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1230),
        ("700", "ISK", 70_000),
        ("10.50", "HUF", 1050),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(amount: str, currency: str, units: int) -> None:
    assert stripe_objects.units(Decimal(amount), currency) == units
    assert abs(stripe_objects.amount(units, currency) - Decimal(amount)) < Decimal("0.005")


class Letterbox(BaseHTTPRequestHandler):
    """Takes what localstripe sends and keeps the signature with the body."""

    kept: ClassVar[queue.Queue[tuple[bytes, str]]] = queue.Queue()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.kept.put((body, self.headers["Stripe-Signature"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_an_event_that_localstripe_signs_is_believed(stripe: StripeGateway, provider: Provider, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET = "whsec_of_localstripe"
    box = ThreadingHTTPServer(("127.0.0.1", 0), Letterbox)
    threading.Thread(target=box.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    address = f"http://127.0.0.1:{box.server_address[1]}/"
    kinds = {"events[]": "payment_intent.succeeded"}
    provider.ask("POST", "/_config/webhooks/ours", url=address, secret="whsec_of_localstripe", **kinds)
    paid = stripe.place(order(stripe, provider, "m", later=False), key="m")
    about = ""
    while about != paid.reference:  # those of earlier tests come as well
        body, signature = Letterbox.kept.get(timeout=20)
        event = stripe.parse_event(body=body, signature=signature)
        about = event.about
    box.shutdown()
    assert event.kind == "payment_intent.succeeded"
    with pytest.raises(BadSignature):
        stripe.parse_event(body=body + b" ", signature=signature)
