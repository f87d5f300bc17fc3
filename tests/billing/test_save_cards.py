"""Cards are saved at the provider, one is the default, and the one that pays cannot go."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Driver
from billing import tasks
from billing.models import CDR, Payment, PaymentCustomer, PaymentMethod
from billing.payments import declines, fake_cards, fake_gateway, minor_units
from billing.payments.gateway import Declined, State
from billing.services.cards import holds, methods, payments
from billing.services.debts import settling
from cms.core.errors import Conflict, Invalid, Unavailable
from tests.billing.till import Till
from tests.factories.billing import CDRFactory, PaymentMethodFactory

GOOD = "4242 4242 4242 4242"
TYPED: dict[str, Any] = {"exp_month": 12, "exp_year": 34, "cvc": "123"}
BACK = "https://charge.example/payment/"


def saved(driver: Driver, number: str = GOOD) -> PaymentMethod:
    method = methods.add(payer=driver, return_url=BACK)
    fake_gateway.enter(method.setup_id, number, **TYPED)
    return methods.refresh(method=method)


def test_a_card_is_typed_at_the_provider_and_looks_like_itself(dario: Driver, till: Till) -> None:
    method = methods.add(payer=dario, return_url=BACK)
    assert (method.status, method.gateway_id) == ("pending", "")
    assert method.action_url == f"/pay/card/{method.setup_id}/"
    fake_gateway.enter(method.setup_id, GOOD, **TYPED)
    for _ in range(2):
        method = methods.refresh(method=method)
    assert (method.status, method.brand, method.last4, method.exp_month, method.exp_year) == (
        "active",
        "visa",
        "4242",
        12,
        2034,
    )
    assert (method.is_default, method.action_url, method.client_secret) == (True, "", "")
    assert PaymentCustomer.objects.count() == 1


def test_the_first_is_the_default_until_another_is_chosen(dario: Driver, till: Till) -> None:
    first, second = saved(dario), saved(dario, "5555555555554444")
    assert methods.default_of(dario) == first
    methods.make_default(method=second)
    assert methods.default_of(dario) == second
    methods.remove(method=second)
    assert methods.default_of(dario) == first
    assert list(PaymentMethod.objects.usable()) == [first]
    with pytest.raises(Conflict):
        methods.make_default(method=second)


def test_a_card_that_pays_a_running_charge_cannot_go(dario: Driver, card: PaymentMethod, till: Till) -> None:
    payment = holds.place(
        operator=dario.operator,
        amount=Decimal(10),
        currency="EUR",
        key="a",
        purpose="charge",
        method=card,
        driver=dario,
    )
    with pytest.raises(Conflict) as refused:
        methods.remove(method=card)
    assert (refused.value.code, methods.default_of(dario)) == ("method_in_use", card)
    holds.release(payment=payment)
    methods.remove(method=card)
    assert methods.default_of(dario) is None


def test_a_new_card_pays_what_is_owed(dario: Driver, till: Till, django_capture_on_commit_callbacks: Any) -> None:
    cdr: CDR = CDRFactory(driver=dario)
    assert settling.settle(cdr_id=cdr.pk) is None
    with django_capture_on_commit_callbacks(execute=True):
        saved(dario)
    assert (till.balance, Payment.objects.get().cdr) == (Decimal("12.20"), cdr)


@pytest.mark.parametrize("number", ["4000000000000002", "4000000000009995", "4000000000000069"])
def test_a_refused_card_is_not_saved_and_another_may_follow(dario: Driver, till: Till, number: str) -> None:
    method = methods.add(payer=dario, return_url=BACK)
    with pytest.raises(Declined) as no:
        fake_gateway.enter(method.setup_id, number, **TYPED)
    assert no.value.text == declines.sentence(no.value.reason)
    assert methods.refresh(method=method).status == "pending"
    fake_gateway.enter(method.setup_id, GOOD, **TYPED)
    assert methods.refresh(method=method).status == "active"


@pytest.mark.parametrize(
    ("number", "how", "field"),
    [
        ("4242424242424241", {}, "number"),
        ("", {}, "number"),
        (GOOD, {"exp_year": 20}, "expiry"),
        (GOOD, {"exp_month": 13}, "expiry"),
        (GOOD, {"cvc": "12"}, "cvc"),
        (GOOD, {"cvc": "abc"}, "cvc"),
    ],
)
def test_what_is_typed_wrong_is_said_beside_its_field(
    dario: Driver, till: Till, number: str, how: dict[str, Any], field: str
) -> None:
    method = methods.add(payer=dario, return_url=BACK)
    with pytest.raises(Invalid) as wrong:
        fake_gateway.enter(method.setup_id, number, **{**TYPED, **how})
    assert list(wrong.value.fields) == [field]


def on_page(dario: Driver) -> Payment:
    return holds.place(
        operator=dario.operator,
        amount=Decimal(40),
        currency="EUR",
        key="adhoc-1-1",
        purpose="adhoc",
        return_url=BACK,
    )


def test_a_bank_asks_and_the_customer_says_yes(dario: Driver, till: Till) -> None:
    payment = on_page(dario)
    assert (payment.status, payment.action_url) == ("action_needed", f"/pay/card/{payment.gateway_id}/")
    assert fake_gateway.enter(payment.gateway_id, "4000002760003184", **TYPED) == State.ACTION_NEEDED
    assert fake_gateway.asked(payment.gateway_id).approving
    fake_gateway.approve(payment.gateway_id, yes=True)
    payment = payments.refresh(payment=payment)
    assert (payment.status, payment.action_url) == ("authorized", "")
    assert payment.expires_at is not None


def test_a_bank_asks_and_the_customer_says_no(dario: Driver, till: Till) -> None:
    payment = on_page(dario)
    fake_gateway.enter(payment.gateway_id, "4000002760003184", **TYPED)
    fake_gateway.approve(payment.gateway_id, yes=False)
    payment = payments.refresh(payment=payment)
    assert (payment.status, payment.error_code) == ("action_needed", "payment_intent_authentication_failure")
    fake_gateway.enter(payment.gateway_id, GOOD, **TYPED)
    assert payments.refresh(payment=payment).status == "authorized"


def test_a_page_that_was_left_open_is_let_go(dario: Driver, till: Till) -> None:
    payment = on_page(dario)
    assert holds.release(payment=payment).status == "released"
    with pytest.raises(Conflict):
        fake_gateway.enter(payment.gateway_id, GOOD, **TYPED)


def test_a_card_whose_bank_always_asks_is_declined_off_session(dario: Driver, till: Till) -> None:
    method = methods.add(payer=dario, return_url=BACK)
    fake_gateway.enter(method.setup_id, "4000002760003184", **TYPED)
    fake_gateway.approve(method.setup_id, yes=True)
    method = methods.refresh(method=method)
    facts = {"operator": dario.operator, "currency": "EUR", "purpose": "charge", "driver": dario}
    payment = payments.charge(amount=Decimal(5), key="b", method=method, **facts)
    assert (payment.status, payment.error_code) == ("failed", "authentication_required")


def test_a_charge_of_nothing_is_refused_before_anybody_is_asked(dario: Driver, card: PaymentMethod, till: Till) -> None:
    facts = {"operator": dario.operator, "currency": "EUR", "purpose": "charge", "driver": dario}
    with pytest.raises(Invalid):
        payments.charge(amount=Decimal("0.004"), key="c", method=card, **facts)
    assert (Payment.objects.count(), till.asked) == (0, [])


def test_the_sweep_learns_what_nobody_came_back_to_say(dario: Driver, till: Till) -> None:
    payment, method = on_page(dario), methods.add(payer=dario, return_url=BACK)
    fake_gateway.enter(payment.gateway_id, GOOD, **TYPED)
    fake_gateway.enter(method.setup_id, GOOD, **TYPED)
    Payment.objects.update(updated_at=timezone.now() - timedelta(minutes=1))
    PaymentMethod.objects.update(created_at="2026-01-01T00:00Z")
    tasks.finish_payment_steps()
    payment.refresh_from_db()
    method.refresh_from_db()
    assert (payment.status, method.status) == ("authorized", "active")


def test_a_page_that_was_left_open_for_a_day_is_given_up(dario: Driver, till: Till) -> None:
    payment = on_page(dario)
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert payments.due() == [payment.pk]
        tasks.finish_payment_steps()
        assert payments.due() == []
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        tasks.finish_payment_steps()
        assert payments.due() == []
    payment.refresh_from_db()
    assert payment.status == "released"


def test_a_saved_card_of_somebody_else_stays_as_it_was(dario: Driver, card: PaymentMethod, till: Till) -> None:
    other = PaymentMethodFactory()
    methods.remove(method=card)
    other.refresh_from_db()
    assert (other.status, other.is_default) == ("active", True)


def test_a_provider_that_is_away_leaves_no_half_card(dario: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise Unavailable("no answer")

    monkeypatch.setattr(fake_gateway.FakeGateway, "save_card", away)
    with pytest.raises(Unavailable):
        methods.add(payer=dario, return_url=BACK)
    assert not PaymentMethod.objects.exists()


# ---- words and sums, without a database ------------------------------------------------------------------------------


def test_every_magic_card_has_its_words() -> None:
    for behaviour in fake_cards.BEHAVIOURS.values():
        for reason in filter(None, (behaviour.saving, behaviour.paying)):
            assert reason in declines.DECLINES


def test_a_thief_does_not_learn_that_the_card_is_known() -> None:
    assert {declines.sentence(reason) for reason in ("lost_card", "stolen_card", "fraudulent")} == {
        declines.sentence("generic_decline")
    }
    assert declines.meaning("stolen_card") == "Reported as stolen."


@pytest.mark.parametrize(
    ("value", "currency", "units"), [("10.505", "EUR", 1051), ("499.5", "JPY", 500), ("1.2345", "KWD", 1235)]
)
def test_providers_count_in_the_smallest_unit(value: str, currency: str, units: int) -> None:
    assert minor_units.of(Decimal(value), currency) == units
    assert minor_units.amount(units, currency) == minor_units.rounded(Decimal(value), currency)
