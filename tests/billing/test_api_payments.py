"""/payments/: to follow, and by role to collect, to let go, to give back."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Driver, Operator, Role
from billing.models import Payment, PaymentAct, Refund
from billing.services.cards import holds
from tests.factories.billing import PaymentMethodFactory

URL = "/api/v1/payments/"
pytestmark = [pytest.mark.any_database, pytest.mark.django_db]


@pytest.fixture
def hold(dario: Driver) -> Payment:
    card = PaymentMethodFactory(driver=dario)
    facts = {"operator": dario.operator, "driver": dario, "method": card, "currency": "EUR", "purpose": "charge"}
    return holds.place(amount=Decimal(40), key="hold-1", **facts)


@pytest.fixture
def paid(hold: Payment) -> Payment:
    return holds.capture(payment=hold, amount=Decimal("30.00"))


def do(client: APIClient, payment: Payment, verb: str, key: str = "once", **body: Any) -> Any:
    return client.post(f"{URL}{payment.pk}/{verb}/", body, format="json", headers={"Idempotency-Key": key})


def test_a_payment_says_what_it_is_for_and_what_became_of_it(api: APIClient, paid: Payment) -> None:
    shown = api.get(f"{URL}{paid.pk}/").json()
    told = ("status", "hold", "amount", "captured", "refunded", "currency", "driver", "gateway", "refunds")
    assert [shown[name] for name in told] == [
        "captured", True, "40.00", "30.00", "0.00", "EUR", "dario@driver.example", "fake", [],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "found"),
    [("status=captured", 1), ("status=failed", 0), ("purpose=charge", 1), ("driver=DARIO@driver.example", 1),
     ("created_before=2020-01-01T00:00:00Z", 0), ("gateway_id=fake_pay_x", 0)],
)  # fmt: skip
def test_payments_are_found_by_what_an_integrator_knows(api: APIClient, paid: Payment, wish: str, found: int) -> None:
    assert api.get(f"{URL}?{wish}").json()["count"] == found


def test_a_hold_is_collected_in_part_and_the_second_time_is_the_first(api: APIClient, hold: Payment) -> None:
    for _ in range(2):
        answer = do(api, hold, "capture", amount="12.20", reason="late")
        assert (answer.status_code, answer.json()["captured"]) == (200, "12.20")
    again = do(api, hold, "capture", amount="13", reason="more")
    assert (again.status_code, again.json()["code"]) == (409, "payment_state")
    act = PaymentAct.objects.get()
    assert (act.verb, act.by) == ("capture", None)
    assert act.reason.startswith("late · ")


def test_a_hold_is_let_go_and_the_second_time_is_the_first(api: APIClient, hold: Payment) -> None:
    for _ in range(2):
        assert do(api, hold, "release", reason="broken").json()["status"] == "released"
    assert do(api, hold, "capture", amount=1, reason="x").status_code == 409


def test_one_key_is_one_refund(api: APIClient, paid: Payment) -> None:
    for _ in range(2):
        answer = do(api, paid, "refund", amount=4, reason="slow")
        assert (answer.status_code, answer.json()["refunded"]) == (200, "4.00")
    other = do(api, paid, "refund", amount=5, reason="slow")
    assert (other.status_code, other.json()["code"]) == (409, "key_used")
    assert do(api, paid, "refund", "twice", amount="26.00", reason="all").json()["status"] == "refunded"
    assert [refund.amount for refund in Refund.objects.order_by("pk")] == [4, 26]


@pytest.mark.parametrize(
    ("key", "body"),
    [("", {"amount": 1, "reason": "x"}), ("k" * 61, {"amount": 1, "reason": "x"}), ("k", {"amount": 1}),
     ("k", {"amount": 0, "reason": "x"}), ("k", {"amount": "30.01", "reason": "x"}), ("k", {"amount": -1, "reason": "x"})],
)  # fmt: skip
def test_what_makes_no_sense_is_400_and_gives_nothing_back(
    api: APIClient, paid: Payment, key: str, body: dict[str, Any]
) -> None:
    assert do(api, paid, "refund", key, **body).status_code == 400
    assert not Refund.objects.exists()


def test_a_role_collects_and_gives_back_what_it_may(
    paid: Payment, operator: Operator, other_operator: Operator, api_client_for: Callable[..., APIClient]
) -> None:
    support, stranger = api_client_for(operator, Role.SUPPORT), api_client_for(other_operator, Role.OWNER)
    assert do(support, paid, "capture", amount=1, reason="x").status_code == 403
    assert do(stranger, paid, "refund", amount=1, reason="x").status_code == 404
    assert do(api_client_for(operator, Role.TECHNICIAN), paid, "refund", amount=1, reason="x").status_code == 403
    assert stranger.get(URL).json()["count"] == 0
    Payment.objects.update(amount=90, captured=90)
    for _ in range(2):
        assert do(support, paid, "refund", amount=30, reason="x").status_code != 403
    assert do(support, paid, "refund", "more", amount="20.01", reason="x").status_code == 403
    assert Refund.objects.count() == 1
