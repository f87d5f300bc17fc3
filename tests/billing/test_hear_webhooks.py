"""What Stripe tells: signed or not kept, stored once, applied by a task, in any order. The events are in tests/data/stripe."""

import hashlib
import hmac
import json
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Driver, User
from billing import tasks
from billing.models import Payment, PaymentMethod, Payout, PayoutItem, Refund, WebhookEvent
from billing.payments import gateway
from billing.payments.gateway import Card, Contest, Intent, Movement, PaidOut, Setup, State
from billing.payments.stripe_gateway import StripeGateway
from billing.services.cards import webhooks
from cms.core.errors import Unavailable
from tests.conftest import DATA
from tests.factories.billing import PaymentMethodFactory

SECRET = "whsec_only_for_tests"
ELEVEN = Decimal("11.00")


class Stripe(StripeGateway):
    """Says what a test wants it to say."""

    def __init__(self) -> None:
        self.intents: dict[str, Intent] = {}
        self.contested = "needs_response"
        self.away = False

    def retrieve(self, *, intent: str) -> Intent:
        if self.away:
            raise Unavailable("no answer")
        return self.intents[intent]

    def setup(self, *, reference: str) -> Setup:
        return Setup(reference, State.CAPTURED, card=Card("pm_1Recorded", brand="visa", last4="4242"))

    def contest(self, *, reference: str) -> Contest:
        return Contest(reference, "fraudulent", self.contested)

    def payouts(self, **_: Any) -> list[PaidOut]:
        at = WebhookEvent.objects.get().occurred_at
        return [PaidOut("po_1Recorded", Decimal("10.58"), "EUR", "paid", at)]

    def movements(self, **_: Any) -> list[Movement]:
        at = WebhookEvent.objects.get().occurred_at
        row = ("payment", "pi_3Recorded", ELEVEN, Decimal("0.42"), Decimal("10.58"), "EUR", at, "po_1Recorded")
        return [Movement("txn_3Recorded", *row)]


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Stripe:
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    one = Stripe()
    monkeypatch.setattr(gateway, "of", lambda name: one)
    return one


@pytest.fixture
def payment(dario: Driver) -> Payment:
    return Payment.objects.create(
        operator=dario.operator,
        driver=dario,
        amount=ELEVEN,
        captured=ELEVEN,
        currency="EUR",
        gateway="stripe",
        gateway_id="pi_3Recorded",
        idempotency_key="adhoc-1-1",
        status=Payment.Status.CAPTURED,
    )


def recorded(kind: str, **changes: Any) -> bytes:
    content = json.loads((DATA / "stripe" / f"{kind}.json").read_text())
    return json.dumps({**content, **changes}).encode()


def told(body: bytes, *, secret: str = SECRET, at: int | None = None) -> Any:
    moment = at or int(time.time())
    signature = hmac.new(secret.encode(), b"%d.%s" % (moment, body), hashlib.sha256).hexdigest()
    return Client().post(
        "/webhooks/stripe/",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": f"t={moment},v1={signature}"},
    )


def intent(state: State = State.CAPTURED, **facts: Any) -> Intent:
    return Intent("pi_3Recorded", state, ELEVEN, "EUR", **facts)


def applied(kind: str, **changes: Any) -> WebhookEvent:
    assert told(recorded(kind, **changes)).status_code == 200
    return webhooks.apply(event_id=WebhookEvent.objects.latest("pk").pk)


@pytest.mark.parametrize(
    "how", [{"secret": "whsec_of_somebody_else"}, {"at": 1}, {"body": b"not json"}, {"body": b"[]"}, {"body": b"\xff"}]
)
def test_what_stripe_has_not_signed_is_refused_and_not_kept(
    stripe: Stripe, payment: Payment, how: dict[str, Any]
) -> None:
    answer = told(how.pop("body", recorded("charge.refunded")), **how)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert not WebhookEvent.objects.exists()


def test_what_is_larger_than_any_event_is_not_read(stripe: Stripe, payment: Payment) -> None:
    assert told(b"x" * ((1 << 20) + 1)).status_code == 413
    assert not WebhookEvent.objects.exists()


def test_without_a_secret_nothing_is_believed(stripe: Stripe, settings: Any, db: None) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert told(recorded("charge.refunded"), secret="").status_code == 400
    assert not WebhookEvent.objects.exists()


def test_an_event_is_stored_once_and_applied_by_a_task(
    stripe: Stripe, payment: Payment, django_capture_on_commit_callbacks: Any
) -> None:
    stripe.intents["pi_3Recorded"] = intent(captured=ELEVEN, refunded=Decimal("4.00"))
    with django_capture_on_commit_callbacks(execute=True) as announced:
        assert [told(recorded("charge.refunded")).status_code for _ in range(2)] == [200, 200]
    event = WebhookEvent.objects.get()
    assert (event.event_id, event.status, event.tries, event.object_id) == (
        "evt_1RecordedRefunded",
        "applied",
        1,
        "pi_3Recorded",
    )
    payment.refresh_from_db()
    assert (payment.status, payment.refunded) == ("captured", Decimal("4.00"))
    assert len(announced) >= 1


def test_an_event_of_an_unknown_kind_is_kept_and_ignored(stripe: Stripe, payment: Payment) -> None:
    event = applied("customer.updated")
    assert (event.status, event.payload != "") == ("ignored", True)
    payment.refresh_from_db()
    assert payment.status == "captured"


def test_an_event_about_somebody_elses_payment_is_ignored(stripe: Stripe, db: None) -> None:
    assert applied("payment_intent.amount_capturable_updated").status == "ignored"


def test_events_that_overtake_each_other_end_in_the_state_that_is_true(stripe: Stripe, payment: Payment) -> None:
    Payment.objects.update(status="authorized", captured=0)
    stripe.intents["pi_3Recorded"] = intent(captured=ELEVEN)
    for number in range(2):  # "capturable" comes again after it was captured
        applied("payment_intent.amount_capturable_updated", id=f"evt_{number}")
    payment.refresh_from_db()
    assert (payment.status, payment.captured) == ("captured", ELEVEN)


def test_the_customer_approved_and_the_page_was_closed(stripe: Stripe, payment: Payment) -> None:
    Payment.objects.update(status="action_needed", captured=0, later=True)
    stripe.intents["pi_3Recorded"] = intent(State.AUTHORIZED)
    applied("payment_intent.amount_capturable_updated")
    payment.refresh_from_db()
    assert (payment.status, payment.captured) == ("authorized", 0)


def test_a_card_is_saved_though_nobody_came_back(stripe: Stripe, dario: Driver) -> None:
    method = PaymentMethodFactory(
        driver=dario, gateway="stripe", status="pending", is_default=False, gateway_id="", setup_id="seti_1Recorded"
    )
    assert applied("setup_intent.succeeded").status == "applied"
    method.refresh_from_db()
    assert (method.status, method.gateway_id, method.is_default) == (PaymentMethod.Status.ACTIVE, "pm_1Recorded", True)


def test_a_dispute_is_noted_and_its_end_as_well(stripe: Stripe, payment: Payment) -> None:
    applied("charge.dispute.created")
    payment.refresh_from_db()
    assert (payment.status, payment.dispute) == ("disputed", "fraudulent needs_response")
    stripe.contested = "won"
    applied("charge.dispute.closed")
    payment.refresh_from_db()
    assert (payment.status, payment.dispute, payment.captured) == ("captured", "fraudulent won", ELEVEN)


def test_news_of_a_dispute_that_come_after_its_end_do_not_open_it_again(stripe: Stripe, payment: Payment) -> None:
    stripe.contested = "won"
    applied("charge.dispute.closed")
    applied("charge.dispute.created")
    payment.refresh_from_db()
    assert (payment.status, payment.dispute) == ("captured", "fraudulent won")


@pytest.mark.parametrize("state", ["warning_needs_response", "warning_closed", "prevented"])
def test_where_the_bank_took_no_money_it_is_only_noted(stripe: Stripe, payment: Payment, state: str) -> None:
    stripe.contested = state
    applied("charge.dispute.created")
    payment.refresh_from_db()
    assert (payment.status, payment.dispute) == ("captured", f"fraudulent {state}")


def test_a_refund_that_the_bank_sent_back_is_no_refund(stripe: Stripe, payment: Payment) -> None:
    Payment.objects.update(refunded=Decimal("4.00"))
    facts = {"operator": payment.operator, "gateway_id": "re_3Recorded", "idempotency_key": "refund-1"}
    refund = Refund.objects.create(payment=payment, amount=Decimal("4.00"), status="done", **facts)
    for number in range(2):
        applied("refund.failed", id=f"evt_{number}")
    payment.refresh_from_db()
    refund.refresh_from_db()
    assert (payment.refunded, refund.status, refund.error) == (0, "failed", "expired_or_canceled_card")


def test_a_payout_brings_its_movements(stripe: Stripe, payment: Payment) -> None:
    assert applied("payout.paid").status == "applied"
    assert Payout.objects.get().amount == Decimal("10.58")
    item = PayoutItem.objects.get()
    assert (item.payment, item.payout, item.operator) == (payment, Payout.objects.get(), payment.operator)


def test_an_event_that_breaks_us_is_tried_a_few_times_and_then_left_for_a_person(
    stripe: Stripe, payment: Payment
) -> None:
    assert told(recorded("charge.refunded")).status_code == 200  # the provider knows no such payment: our bug
    for _ in range(webhooks.TRIES + 2):
        WebhookEvent.objects.update(updated_at=timezone.now() - timedelta(hours=1))
        tasks.payments.apply_waiting_webhooks()
    event = WebhookEvent.objects.get()
    assert (event.status, event.tries) == ("failed", webhooks.TRIES)
    stripe.intents["pi_3Recorded"] = intent(captured=ELEVEN, refunded=ELEVEN)
    assert webhooks.replay(event=event).status == "applied"


def test_a_provider_that_is_away_is_asked_again(stripe: Stripe, payment: Payment) -> None:
    stripe.away = True
    assert told(recorded("charge.refunded")).status_code == 200
    event = WebhookEvent.objects.get()
    tasks.payments.apply_webhooks([event.pk])
    event.refresh_from_db()
    assert (event.status, event.tries) == ("received", 1)
    stripe.away = False
    stripe.intents["pi_3Recorded"] = intent(captured=ELEVEN, refunded=ELEVEN)
    WebhookEvent.objects.update(updated_at=event.received_at.replace(year=2020))
    assert webhooks.due() == [event.pk]
    tasks.payments.apply_waiting_webhooks()
    payment.refresh_from_db()
    assert (payment.status, payment.refunded) == ("refunded", ELEVEN)
    assert webhooks.due() == []


def test_events_are_forgotten_when_they_are_of_no_more_use(stripe: Stripe, payment: Payment) -> None:
    applied("customer.updated")
    told(recorded("charge.refunded"))
    assert webhooks.forget_old() == 0
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert webhooks.forget_old() == 1
    assert WebhookEvent.objects.get().status == "received"


def test_an_administrator_replays_an_event(stripe: Stripe, payment: Payment, olga: User) -> None:
    event = applied("charge.dispute.created")
    Payment.objects.update(status="captured", dispute="")
    User.objects.filter(pk=olga.pk).update(is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(User.objects.get(pk=olga.pk))
    page = reverse("admin:billing_webhookevent_changelist")
    browser.post(page, {"action": "replay", "_selected_action": [event.pk]})
    payment.refresh_from_db()
    assert (payment.status, payment.dispute) == ("disputed", "fraudulent needs_response")


def test_the_card_of_a_stranger_is_kept_for_the_receipt(stripe: Stripe, payment: Payment) -> None:
    Payment.objects.update(status="action_needed", captured=0, later=True)
    stripe.intents["pi_3Recorded"] = intent(State.AUTHORIZED, card=Card("pm_1", brand="mastercard", last4="4444"))
    applied("payment_intent.amount_capturable_updated")
    payment.refresh_from_db()
    assert (payment.status, payment.method, payment.card) == ("authorized", None, "Mastercard …4444")
