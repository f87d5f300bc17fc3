"""What localstripe does not know, against recorded answers of Stripe: the headers and parameters that a live key sends."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
import responses

from billing.payments.gateway import Declined, Order, State
from billing.payments.stripe_gateway import StripeGateway
from cms.core.errors import Unavailable

API = "https://api.stripe.com/v1"
INTENT: dict[str, Any] = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 4000,
    "amount_received": 0,
    "capture_method": "manual",
    "client_secret": "pi_1_secret_x",
    "created": 1782000000,
    "currency": "eur",
    "last_payment_error": None,
    "latest_charge": "ch_1",
    "metadata": {"key": "a", "ours": "a"},
    "next_action": None,
    "payment_method": "pm_1",
    "status": "requires_capture",
}


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def stripe(settings: Any) -> StripeGateway:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = "sk_test_whole", ""
    return StripeGateway()


def sent(wire: responses.RequestsMock, place: int = -1) -> dict[str, str]:
    """The form of a request, one value each."""
    body = wire.calls[place].request.body
    text = body.decode() if isinstance(body, bytes) else str(body or "")
    return {name: values[0] for name, values in parse_qs(text).items()}


def test_a_hold_names_its_key_and_everything_a_live_account_wants(
    wire: responses.RequestsMock, stripe: StripeGateway
) -> None:
    wire.post(f"{API}/payment_intents", json=INTENT)
    order = Order(Decimal(40), "EUR", customer="cus_1", method="pm_1", later=True, reference="a")
    held = stripe.place(order, key="a")
    assert (held.state, held.amount) == (State.AUTHORIZED, Decimal(40))
    assert wire.calls[0].request.headers["Idempotency-Key"] == "a"
    assert sent(wire) == {
        "amount": "4000",
        "currency": "eur",
        "capture_method": "manual",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "confirm": "true",
        "off_session": "true",
        "metadata[key]": "a",
        "metadata[ours]": "a",
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
        "payment_method_options[card][request_incremental_authorization]": "if_available",
    }


def test_a_hold_is_raised(wire: responses.RequestsMock, stripe: StripeGateway) -> None:
    wire.post(f"{API}/payment_intents/pi_1/increment_authorization", json={**INTENT, "amount": 6000})
    assert stripe.can_increment
    raised = stripe.increment(intent="pi_1", amount=Decimal(60), currency="EUR", key="a-raise-1")
    assert (raised.amount, sent(wire)) == (Decimal(60), {"amount": "6000"})


def test_a_refusal_carries_the_banks_reason_and_the_payment(
    wire: responses.RequestsMock, stripe: StripeGateway
) -> None:
    error = {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
        "payment_intent": {"id": "pi_1", "object": "payment_intent"},
    }
    wire.post(f"{API}/payment_intents", json={"error": error}, status=402)
    with pytest.raises(Declined) as no:
        stripe.place(Order(Decimal(40), "EUR", method="pm_1"), key="a")
    assert (no.value.reason, no.value.reference) == ("insufficient_funds", "pi_1")
    assert no.value.text == "There is not enough money on the card for this amount."


def test_with_the_customer_there_a_refusal_asks_for_another_card(
    wire: responses.RequestsMock, stripe: StripeGateway
) -> None:
    error = {"type": "card_error", "code": "card_declined", "payment_intent": {"id": "pi_1"}}
    wire.post(f"{API}/payment_intents", json={"error": error}, status=402)
    waits = {**INTENT, "status": "requires_payment_method", "last_payment_error": {"decline_code": "expired_card"}}
    wire.get(f"{API}/payment_intents/pi_1", json=waits)
    asked = stripe.place(Order(Decimal(40), "EUR", method="pm_1", return_url="https://a.example/"), key="a")
    assert (asked.state, asked.error_code, asked.client_secret) == (
        State.ACTION_NEEDED,
        "expired_card",
        "pi_1_secret_x",
    )
    assert sent(wire, 0).keys().isdisjoint({"return_url", "off_session"}), "asked on our page, not at another address"


def test_what_was_received_and_went_back_is_what_stripe_says(
    wire: responses.RequestsMock, stripe: StripeGateway
) -> None:
    charge = {"id": "ch_1", "object": "charge", "amount_refunded": 250}
    wire.get(
        f"{API}/payment_intents/pi_1",
        json={**INTENT, "status": "succeeded", "amount_received": 740, "latest_charge": charge},
    )
    found = stripe.retrieve(intent="pi_1")
    assert (found.state, found.captured, found.refunded) == (State.CAPTURED, Decimal("7.40"), Decimal("2.50"))


def test_the_bank_says_how_long_it_holds(wire: responses.RequestsMock, stripe: StripeGateway) -> None:
    details = {"card": {"capture_before": 1782400000}}
    charge = {"id": "ch_1", "object": "charge", "payment_method_details": details}
    wire.get(f"{API}/payment_intents/pi_1", json={**INTENT, "latest_charge": charge})
    assert stripe.retrieve(intent="pi_1").expires_at == datetime.fromtimestamp(1782400000, UTC)


@pytest.mark.parametrize("status", [401, 429, 500])
def test_trouble_at_the_provider_is_no_refusal(
    wire: responses.RequestsMock, stripe: StripeGateway, status: int
) -> None:
    wire.post(f"{API}/refunds", json={"error": {"type": "api_error", "message": "no"}}, status=status)
    with pytest.raises(Unavailable):
        stripe.refund(intent="pi_1", amount=Decimal(1), currency="EUR", key="r")


def test_a_phones_wallet_is_told_apart(wire: responses.RequestsMock, stripe: StripeGateway) -> None:
    card = {"brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2031, "wallet": {"type": "apple_pay"}}
    setup = {"id": "seti_1", "object": "setup_intent", "status": "succeeded", "payment_method": "pm_1"}
    wire.get(f"{API}/setup_intents/seti_1", json={**setup, "client_secret": "x", "last_setup_error": None})
    wire.get(
        f"{API}/payment_methods/pm_1", json={"id": "pm_1", "object": "payment_method", "type": "card", "card": card}
    )
    saved = stripe.setup(reference="seti_1").card
    assert saved is not None
    assert (saved.wallet, saved.exp_year) == ("apple_pay", 2031)


def test_each_payout_tells_what_it_is_made_of(wire: responses.RequestsMock, stripe: StripeGateway) -> None:
    payout = {
        "id": "po_1",
        "object": "payout",
        "amount": 1058,
        "arrival_date": 1782086400,
        "created": 1782000000,
        "currency": "eur",
        "status": "paid",
    }
    source = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "metadata": {"ours": "a"}}
    paid = {
        "id": "txn_1",
        "object": "balance_transaction",
        "amount": 1100,
        "created": 1782000000,
        "currency": "eur",
        "fee": 42,
        "net": 1058,
        "source": source,
        "type": "charge",
    }
    out = {**paid, "id": "txn_2", "type": "payout", "source": "po_1"}
    waiting = {**paid, "id": "txn_3", "type": "refund", "amount": -400, "fee": 0, "net": -400, "source": {"id": "re_1"}}

    def listed(rows: list[dict[str, Any]]) -> str:
        return json.dumps({"object": "list", "data": rows, "has_more": False, "url": "/v1/x"})

    wire.get(f"{API}/payouts", body=listed([payout]))
    wire.get(f"{API}/balance_transactions", body=listed([out, paid]))
    wire.get(f"{API}/balance_transactions", body=listed([paid, waiting]))
    moved = list(stripe.movements(since=datetime(2026, 6, 1, tzinfo=UTC)))
    assert [(one.reference, one.kind, one.source, one.payout, one.net) for one in moved] == [
        ("txn_1", "payment", "pi_1", "po_1", Decimal("10.58")),
        ("txn_3", "refund", "re_1", "", Decimal("-4.00")),
    ]
    assert (moved[0].fee, moved[0].ours) == (Decimal("0.42"), "a")
