"""/ops/billing/payments/ and /ops/billing/reconciliation/: what came in, what is held, and who may do what about it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db.models import Value
from django.db.models.functions import Replace
from django.test import Client
from django.utils import timezone

from accounts.models import Driver, Operator, User
from billing.models import FakeProviderRecord, Payment, PaymentAct, Payout, PayoutItem, Refund
from billing.payments import fake_gateway
from billing.services.cards import holds, payments
from tests.conftest import member

pytestmark = pytest.mark.django_db
GOOD = "4242424242424242"


def entered(payment: Payment, number: str = GOOD) -> Payment:
    fake_gateway.enter(payment.gateway_id, number, exp_month=12, exp_year=2040, cvc="123")
    return payments.refresh(payment=payment)


@pytest.fixture
def hold(dario: Driver) -> Payment:
    placed = holds.place(
        operator=dario.operator,
        amount=Decimal(40),
        currency="EUR",
        key="hold-1",
        purpose="charge",
        driver=dario,
        return_url="/",
    )
    return entered(placed)


@pytest.fixture
def captured(hold: Payment) -> Payment:
    return holds.capture(payment=hold, amount=Decimal("12.20"))


def browser(person: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def see(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return str(answer.content.decode()).replace("\u00a0", " ").replace("&nbsp;", " ")


def do(client: Client, payment: Payment, name: str, **said: Any) -> Any:
    return client.post(f"/ops/billing/payments/{payment.pk}/{name}/", {"key": "form1", **said})


# ---- reading ---------------------------------------------------------------------------------------------------------


def test_the_list_says_what_came_in_and_what_is_held(anna: User, captured: Payment, dario: Driver) -> None:
    other = holds.place(
        operator=dario.operator, amount=Decimal(25), currency="EUR", key="hold-2", purpose="adhoc", return_url="/"
    )
    entered(other)
    html = see(browser(anna), "/ops/billing/payments/")
    assert "€12.20 collected." in html
    assert "€25.00 held." in html
    assert "without an account" in html
    assert html.index("without an account") < html.index("€40.00")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=dario@driver", True),
        ("search=12,20", True),
        ("search=hold-1", True),
        ("search=nobody", False),
        ("view=held", False),
        ("view=captured", True),
        ("view=nonsense&purpose=nonsense&month=nonsense", True),
        ("purpose=adhoc", False),
        ("month=2020-01", False),
        ("search=%00", True),
        ("search=99999999999999999999", False),
    ],
)
def test_a_payment_is_found_by_what_people_have_in_hand(anna: User, captured: Payment, query: str, found: bool) -> None:
    html = see(browser(anna), f"/ops/billing/payments/?{query}")
    assert (f"/ops/billing/payments/{captured.pk}/" in html) == found


def test_old_holds_stand_out(anna: User, hold: Payment) -> None:
    assert "older than 24 h" not in see(browser(anna), "/ops/billing/payments/")
    Payment.objects.update(created_at=timezone.now() - timedelta(hours=25))
    html = see(browser(anna), "/ops/billing/payments/")
    assert "1 hold is older than 24 h (€40.00)." in html
    assert "Held for more than 24 h." in see(browser(anna), f"/ops/billing/payments/{hold.pk}/")


def test_the_story_of_a_payment_is_told_in_order(anna: User, captured: Payment) -> None:
    html = see(browser(anna), f"/ops/billing/payments/{captured.pk}/").partition("What happened")[2]
    assert html.index("Hold") < html.index("Capture")
    assert captured.gateway_id in html


def test_the_list_costs_the_same_for_one_and_for_many(
    anna: User, captured: Payment, dario: Driver, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        holds.place(
            operator=dario.operator,
            amount=Decimal(5),
            currency="EUR",
            key=f"h-{number}",
            purpose="charge",
            driver=dario,
        )
    client = browser(anna)
    with django_assert_max_num_queries(14):
        client.get("/ops/billing/payments/")


def test_strangers_and_roles_without_money_see_nothing(carla: User, captured: Payment, operator: Operator) -> None:
    assert "€12.20" not in see(browser(carla), "/ops/billing/payments/")
    see(browser(carla), f"/ops/billing/payments/{captured.pk}/", 404)
    technician = member(operator, "luca@rete.example", "technician")
    see(browser(technician), "/ops/billing/payments/", 403)
    see(browser(technician), "/ops/billing/reconciliation/", 403)


# ---- doing -----------------------------------------------------------------------------------------------------------


def test_a_part_of_a_hold_is_collected_and_who_did_it_is_kept(anna: User, hold: Payment) -> None:
    see(browser(anna), f"/ops/billing/payments/{hold.pk}/capture/")
    assert do(browser(anna), hold, "capture", amount="7,50", reason="Counted by hand").status_code == 302
    hold.refresh_from_db()
    assert (hold.status, hold.captured) == ("captured", Decimal("7.50"))
    act = PaymentAct.objects.get()
    assert (act.verb, act.amount, act.by, act.reason) == ("capture", Decimal("7.50"), anna, "Counted by hand")


def test_a_hold_is_let_go(anna: User, hold: Payment) -> None:
    do(browser(anna), hold, "release", reason="Never charged")
    hold.refresh_from_db()
    assert hold.status == "released"


def test_a_part_is_given_back_once(anna: User, captured: Payment) -> None:
    for _ in range(2):
        assert do(browser(anna), captured, "refund", amount="2.20", reason="Slow charger").status_code == 302
    refund = Refund.objects.get()
    assert (refund.amount, refund.by, refund.reason) == (Decimal("2.20"), anna, "Slow charger")
    assert PaymentAct.objects.count() == 1
    assert "Slow charger" in see(browser(anna), f"/ops/billing/payments/{captured.pk}/")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("capture", {"amount": "41", "reason": "x"}),
        ("capture", {"amount": "0", "reason": "x"}),
        ("capture", {"amount": "x", "reason": "x"}),
        ("capture", {"amount": "5", "reason": " "}),
        ("release", {"reason": ""}),
    ],
)
def test_what_does_not_make_sense_is_said_and_nothing_moves(
    anna: User, hold: Payment, name: str, said: dict[str, str]
) -> None:
    assert do(browser(anna), hold, name, **said).status_code == 400
    hold.refresh_from_db()
    assert (hold.status, PaymentAct.objects.count()) == ("authorized", 0)


def test_more_than_came_in_is_not_given_back(anna: User, captured: Payment) -> None:
    assert do(browser(anna), captured, "refund", amount="12.21", reason="x").status_code == 400
    assert (Refund.objects.count(), PaymentAct.objects.count()) == (0, 0)


def test_support_gives_back_within_its_limit_and_collects_nothing(tom: User, hold: Payment) -> None:
    assert do(browser(tom), hold, "capture", amount="5", reason="x").status_code == 403
    assert do(browser(tom), hold, "release", reason="x").status_code == 403
    holds.capture(payment=hold, amount=Decimal(40))
    assert do(browser(tom), hold, "refund", amount="40", reason="Angry").status_code == 302
    assert Refund.objects.get().by == tom


def test_what_is_past_is_past(anna: User, captured: Payment) -> None:
    answer = do(browser(anna), captured, "release", reason="x")
    assert answer.status_code == 302
    captured.refresh_from_db()
    assert (captured.status, PaymentAct.objects.count()) == ("captured", 0)
    assert do(browser(anna), captured, "explode").status_code == 404


def test_a_payment_that_got_stuck_is_asked_for_again(anna: User, dario: Driver) -> None:
    placed = holds.place(
        operator=dario.operator,
        amount=Decimal(5),
        currency="EUR",
        key="h",
        purpose="charge",
        driver=dario,
        return_url="/",
    )
    fake_gateway.enter(placed.gateway_id, GOOD, exp_month=12, exp_year=2040, cvc="123")
    do(browser(anna), placed, "retry")
    placed.refresh_from_db()
    assert placed.status == "authorized"


# ---- reconciliation ----------------------------------------------------------------------------------------------------


def paid_out(operator: Operator, payment: Payment | None, *, gross: str, amount: str | None = None) -> PayoutItem:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    payout = Payout.objects.create(
        gateway="fake", gateway_id="po_1", amount=Decimal(amount or gross), currency="EUR", status="paid", paid_at=at
    )
    return PayoutItem.objects.create(
        operator=operator,
        payout=payout,
        gateway="fake",
        gateway_id="txn_1",
        kind="payment",
        source_id=payment.gateway_id if payment else "pay_unknown",
        gross=Decimal(gross),
        fee=Decimal(0),
        net=Decimal(gross),
        currency="EUR",
        booked_at=at,
        payment=payment,
    )


def test_what_agrees_is_not_shown(anna: User, captured: Payment, operator: Operator) -> None:
    paid_out(operator, captured, gross="12.20")
    html = see(browser(anna), "/ops/billing/reconciliation/")
    assert "Payouts and payments agree." in html
    assert captured.gateway_id not in html


def test_another_amount_stands_out_with_the_difference(anna: User, captured: Payment, operator: Operator) -> None:
    paid_out(operator, captured, gross="12.00")
    html = see(browser(anna), "/ops/billing/reconciliation/")
    assert "1 thing does not agree." in html
    assert "The amounts differ." in html
    assert f'href="/ops/billing/payments/{captured.pk}/"' in html
    assert "-€0.20" in html or "−€0.20" in html


def test_money_that_is_nobody_s_stands_out(anna: User, operator: Operator) -> None:
    paid_out(operator, None, gross="9.00")
    assert "The provider moved money that is nobody’s here." in see(browser(anna), "/ops/billing/reconciliation/")


def test_a_payout_that_is_not_its_sum_stands_out(anna: User, captured: Payment, operator: Operator) -> None:
    paid_out(operator, captured, gross="12.20", amount="11.00")
    assert "The payout is not the sum of its movements." in see(browser(anna), "/ops/billing/reconciliation/")


def test_another_operator_s_payouts_are_not_mine(carla: User, operator: Operator) -> None:
    paid_out(operator, None, gross="9.00")
    assert "has not been read yet" in see(browser(carla), "/ops/billing/reconciliation/")


def test_the_account_can_be_read_at_once(anna: User, tom: User, captured: Payment) -> None:
    assert browser(tom).post("/ops/billing/reconciliation/read/").status_code == 403
    assert PayoutItem.objects.count() == 0
    assert browser(anna).post("/ops/billing/reconciliation/read/").status_code == 302
    assert PayoutItem.objects.get().payment == captured


def test_a_hold_that_ran_out_is_no_collected_payment(hold: Payment, anna: User) -> None:
    FakeProviderRecord.objects.filter(reference=hold.gateway_id).update(
        state=Replace("state", Value('"status": "authorized"'), Value('"status": "released"'))
    )
    answer = do(browser(anna), hold, "capture", amount="12", reason="late")
    hold.refresh_from_db()
    assert (hold.status, hold.captured) == ("released", 0)
    said = browser(anna).get(answer["Location"]).content.decode()
    assert "Collected." not in said
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["The payment is past that."]


def test_a_refund_that_the_provider_refuses_is_not_on_its_way(captured: Payment, anna: User) -> None:
    FakeProviderRecord.objects.filter(reference=captured.gateway_id).update(
        state=Replace("state", Value('"refunded": "0"'), Value('"refunded": "12.20"'))
    )
    answer = do(browser(anna), captured, "refund", amount="5", reason="slow")
    assert [str(message) for message in get_messages(answer.wsgi_request)] == ["It has been given back already."]
    assert Refund.objects.get().status == "failed"
    captured.refresh_from_db()
    assert captured.refunded == 0


def test_one_form_is_one_refund_and_never_of_another_amount(captured: Payment, anna: User) -> None:
    for amount in ("5", "5", "6"):
        do(browser(anna), captured, "refund", amount=amount, reason="slow")
    assert Refund.objects.get().amount == 5
    assert PaymentAct.objects.filter(verb="refund").count() == 1
