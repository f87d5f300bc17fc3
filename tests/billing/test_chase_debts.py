"""What was not paid is tried again as the ladder says; whoever pays is left in peace at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail

from accounts.models import Driver, Operator, User
from billing.models import (
    CDR,
    DunningCase,
    Payment,
    PaymentMethod,
    Subscription,
    SubscriptionFee,
    TariffVersion,
    WalletEntry,
    WalletPolicy,
)
from billing.payments import fake_gateway
from billing.payments.gateway import Order
from billing.services.charges import rating
from billing.services.debts import chasing, credit_check, dunning, ladder, settling
from billing.services.prepaid import top_ups, wallet_upkeep, wallets
from billing.tasks import subscriptions as tasks
from cms.core.errors import Conflict, Forbidden, Invalid
from sessions_app.models import ChargingSession
from tests.factories import plans as made
from tests.factories.billing import CDRFactory

pytestmark = pytest.mark.django_db

JULY = datetime(2026, 7, 1, 6, tzinfo=UTC)


def at(days: int, hours: int = 0) -> time_machine.travel:
    return time_machine.travel(JULY + timedelta(days=days, hours=hours), tick=False)


@pytest.fixture
def case(dario: Driver, operator: Operator) -> DunningCase:
    """July's fee of 29,90 € was refused on the 1st."""
    with time_machine.travel(datetime(2026, 6, 1, 6, tzinfo=UTC), tick=False):
        made.subscription(dario, made.plan(operator))
    made.card(dario, says="insufficient_funds")
    with at(0):
        tasks.renew_subscriptions()
    return DunningCase.objects.get()


@pytest.fixture
def refused(
    price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], dario: Driver
) -> Callable[..., CDR]:
    """A charge of 11,00 € on the 1st of July that the card refuses."""

    def make(says: str = "insufficient_funds", **facts: Any) -> CDR:
        price()
        made.card(dario, says=says)
        with at(0):
            cdr = rating.rate(session_id=ended(started_at=JULY, **facts).pk)
            assert cdr is not None
            settling.settle(cdr_id=cdr.pk)
        return cdr

    return make


def kinds(case: DunningCase) -> list[str]:
    return list(case.steps.order_by("pk").values_list("kind", flat=True))


def fresh(case: DunningCase) -> DunningCase:
    return DunningCase.objects.get(pk=case.pk)


def climb(*days: int) -> None:
    for day in days:
        with at(day, 1):
            tasks.climb_ladders()
            tasks.climb_ladders()
            tasks.collect_fees()


def test_a_refused_fee_opens_a_case_with_days_to_come(case: DunningCase) -> None:
    assert (case.amount, case.status, case.step) == (Decimal("29.90"), "open", 0)
    assert case.next_at == JULY + timedelta(days=1)
    assert case.grace_until == JULY + timedelta(days=7)
    assert Subscription.objects.get().status == "past_due"
    assert case.steps.get().text == "insufficient_funds"


def test_the_ladder_is_climbed_to_its_end(case: DunningCase, dario: Driver) -> None:
    climb(1, 2, 3, 7, 13, 14, 20)
    assert kinds(case) == ["opened", "retry", "retry", "stopped", "retry", "retry", "exhausted"]
    assert Payment.objects.filter(status="failed").count() == 5
    assert fresh(case).status == "exhausted"
    assert Subscription.objects.get().status == "ended"
    assert dario.pk in credit_check.refusals([dario.pk])


def test_within_the_grace_charging_goes_on(case: DunningCase, dario: Driver) -> None:
    climb(6)
    assert dario.pk not in credit_check.refusals([dario.pk])
    climb(7)
    assert credit_check.refusals([dario.pk])[dario.pk].code == "payment_overdue"


def test_any_payment_recovers_at_once(case: DunningCase, dario: Driver) -> None:
    climb(1, 7)
    made.card(dario)
    climb(8, 14)
    assert fresh(case).status == "recovered"
    assert (Subscription.objects.get().status, fresh(case).stopped_at) == ("active", None)
    assert dario.pk not in credit_check.refusals([dario.pk])
    assert Payment.objects.filter(status="captured").count() == 2
    assert kinds(case)[-1] == "recovered"


def test_a_new_card_pays_the_debt_without_waiting(case: DunningCase, dario: Driver) -> None:
    card = made.card(dario)
    with at(0, 2):
        tasks.retry_debts([card.pk])
        tasks.retry_debts([card.pk])
    assert fresh(case).status == "recovered"
    assert SubscriptionFee.objects.get(kind="renewal").paid_at
    assert Payment.objects.filter(status="captured").count() == 2


def test_without_any_card_the_ladder_says_so(case: DunningCase) -> None:
    PaymentMethod.objects.update(status="removed", is_default=False)
    climb(1)
    assert case.steps.order_by("-pk")[0].text == "no_method"
    assert Payment.objects.filter(status="failed").count() == 1


def test_on_hold_nothing_is_tried_and_nobody_is_stopped(case: DunningCase, anna: User, dario: Driver) -> None:
    climb(7)
    with at(7, 2):
        dunning.pause(case=case, reason="waits for a new card", by=anna)
    assert dario.pk not in credit_check.refusals([dario.pk])
    climb(8, 14)
    assert Payment.objects.filter(status="failed").count() == 2
    with at(15):
        dunning.resume(case=case, by=anna)
    climb(15)
    assert kinds(case) == ["opened", "stopped", "retry", "paused", "resumed", "stopped", "retry"]


@pytest.mark.parametrize("door", [dunning.pause, dunning.close])
def test_a_reason_and_the_right_are_needed(
    case: DunningCase, door: Callable[..., DunningCase], anna: User, tom: User, carla: User
) -> None:
    with pytest.raises(Invalid):
        door(case=case, reason=" ", by=anna)
    for stranger in (tom, carla):
        with pytest.raises(Forbidden):
            door(case=case, reason="because", by=stranger)
    assert fresh(case).status == "open"


def test_written_off_the_subscription_ends_and_nobody_is_stopped(case: DunningCase, anna: User, dario: Driver) -> None:
    climb(7)
    with at(7, 3):
        dunning.close(case=case, reason="moved abroad", by=anna)
    climb(14)
    assert (fresh(case).status, Subscription.objects.get().status) == ("closed", "ended")
    assert dario.pk not in credit_check.refusals([dario.pk])
    with pytest.raises(Conflict):
        dunning.pause(case=case, reason="again", by=anna)


def test_an_operator_builds_an_own_ladder(operator: Operator, anna: User, dario: Driver) -> None:
    ladder.decide(operator=operator, ladder="2, 5", grace_days=0, end_after=False, by=anna)
    with time_machine.travel(datetime(2026, 6, 1, 6, tzinfo=UTC), tick=False):
        made.subscription(dario, made.plan(operator))
    made.card(dario, says="generic_decline")
    with at(0):
        tasks.renew_subscriptions()
    climb(0, 1, 2, 5, 9)
    case = DunningCase.objects.get()
    assert kinds(case) == ["opened", "stopped", "retry", "retry", "exhausted"]
    assert Subscription.objects.get().status == "past_due"


def test_no_second_month_is_asked_for_while_one_is_owed(operator: Operator, anna: User, case: DunningCase) -> None:
    ladder.decide(operator=operator, ladder="40", grace_days=60, end_after=False, by=anna)
    with at(31):
        tasks.renew_subscriptions()
        tasks.renew_subscriptions()
    assert Subscription.objects.get().status == "ended"
    assert SubscriptionFee.objects.count() == 2
    assert fresh(case).status == "open"


@pytest.mark.parametrize("days", ["", "soon", "3,1", "0,1", "1,1", "1,200", "1,2,3,4,5,6,7,8,9"])
def test_a_ladder_that_leads_nowhere_is_refused(operator: Operator, anna: User, days: str) -> None:
    with pytest.raises(Invalid) as wrong:
        ladder.decide(operator=operator, ladder=days, grace_days=7, end_after=True, by=anna)
    assert set(wrong.value.fields) == {"ladder"}
    assert ladder.policy(operator).ladder == "1,3,7,14"


def test_debtors_are_told_of_each_step_once(case: DunningCase, dario: Driver) -> None:
    type(dario.user).objects.filter(pk=dario.user_id).update(language="en")
    with at(0, 1):
        tasks.mail_plan_news()
        tasks.mail_plan_news()
    assert [one.subject for one in mail.outbox] == ["We could not collect €29.90"]
    assert "not enough money" in mail.outbox[0].body
    assert "8 Jul" in mail.outbox[0].body


def test_a_charge_that_was_refused_is_chased_too(
    price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], dario: Driver
) -> None:
    price()
    made.card(dario, says="insufficient_funds")
    with at(0):
        cdr = rating.rate(session_id=ended(started_at=JULY).pk)
        assert cdr is not None
        payment = settling.settle(cdr_id=cdr.pk)
        assert payment is not None
        tasks.watch_payments([payment.pk])
        tasks.watch_payments([payment.pk])
    case = DunningCase.objects.get()
    assert (case.cdr, case.amount) == (cdr, Decimal("11.00"))
    climb(1)
    assert kinds(case) == ["opened", "retry"]
    made.card(dario)
    climb(3)
    assert fresh(case).status == "recovered"
    assert CDR.objects.unpaid().count() == 0


def test_a_card_that_will_never_do_is_not_asked_again_but_its_driver_is(refused: Callable[..., CDR]) -> None:
    refused("expired_card")
    climb(0, 1, 3, 7, 14)
    case = DunningCase.objects.get()
    assert kinds(case) == ["opened", "reminded", "reminded", "stopped", "reminded", "reminded", "exhausted"]
    assert {step.text for step in case.steps.filter(kind="reminded")} == {"expired_card"}
    assert Payment.objects.count() == 1


def test_a_worker_that_dies_on_a_rung_does_not_ask_the_bank_twice(
    refused: Callable[..., CDR], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused()
    climb(0)
    with at(1, 1), monkeypatch.context() as broken:
        broken.setattr(dunning, "tried", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            chasing.advance(case_id=DunningCase.objects.get().pk)
    climb(1, 2)
    assert (kinds(DunningCase.objects.get()), Payment.objects.count()) == (["opened", "retry"], 2)


def test_cents_that_no_card_can_pay_chase_nobody(refused: Callable[..., CDR]) -> None:
    cdr = refused("amount_too_small", energy=Decimal(400))
    climb(0, 1, 8)
    assert not DunningCase.objects.exists()
    assert (Payment.objects.count(), settling.open_amount(cdr)) == (1, Decimal("0.22"))


def test_a_case_of_what_a_hold_left_open_is_about_that_much(
    price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], dario: Driver
) -> None:
    price()
    card = made.card(dario, says="insufficient_funds")
    session = ended(started_at=JULY)
    with at(0):
        Payment.objects.create(
            operator=dario.operator, driver=dario, session=session, method=card, amount=10, currency="EUR", gateway="fake",
            gateway_id=fake_gateway.FakeGateway().place(Order(Decimal(10), "EUR", method="x", later=True), key="h").reference,
            later=True, status="authorized", idempotency_key="h",
        )  # fmt: skip
        cdr = rating.rate(session_id=session.pk)
        assert cdr is not None
        settling.settle(cdr_id=cdr.pk)
    climb(0)
    assert DunningCase.objects.get().amount == Decimal("1.00")


def test_a_wallet_s_automatic_top_up_climbs_the_same_ladder_and_stops_nobody(dario: Driver) -> None:
    WalletPolicy.objects.create(operator=dario.operator, enabled=True)
    made.card(dario)
    with at(0):
        wallets.credit(driver=dario, amount=Decimal(9), kind=WalletEntry.Kind.VOUCHER, key="v")
        wallet = top_ups.set_automatic(driver=dario, below=Decimal(10), amount=Decimal(20))
        made.card(dario, says="insufficient_funds")
        for _ in range(3):
            wallet_upkeep.moved(wallet_id=wallet.pk)
    case = DunningCase.objects.get()
    assert (case.wallet, case.amount, kinds(case), Payment.objects.count()) == (wallet, Decimal(20), ["opened"], 1)
    with at(0, 3):
        wallets.pay(cdr=CDRFactory(driver=dario, incl=Decimal(2)))
        wallet_upkeep.moved(wallet_id=wallet.pk)
    climb(0, 1, 8)
    assert kinds(case) == ["opened", "retry", "retry"]
    assert (Payment.objects.count(), fresh(case).stopped_at) == (3, None)
    new = made.card(dario)
    with at(9):
        tasks.retry_debts([new.pk])
        tasks.climb_ladders()
    assert (fresh(case).status, wallets.balance(driver=dario)) == ("recovered", Decimal(27))
    with at(20):
        made.card(dario, says="insufficient_funds")
        wallets.pay(cdr=CDRFactory(driver=dario, incl=Decimal(20)))
        wallet_upkeep.moved(wallet_id=wallet.pk)
    assert (fresh(case).status, kinds(case)[-1]) == ("open", "opened")


def test_a_credited_charge_is_owed_by_nobody(refused: Callable[..., CDR]) -> None:
    cdr = refused()
    climb(0)
    with at(0, 2):
        rating.credit(cdr=cdr, by=None)
    with at(1, 1):
        chasing.advance(case_id=DunningCase.objects.get().pk)
    assert DunningCase.objects.get().status == "recovered"
    assert Payment.objects.filter(status="failed").count() == 1


def test_what_a_wallet_has_paid_stops_nobody_any_longer(refused: Callable[..., CDR], dario: Driver) -> None:
    cdr = refused()
    climb(0, 1, 3, 7, 14, 15)
    case = DunningCase.objects.get()
    assert (case.status, dario.pk in credit_check.refusals([dario.pk])) == ("exhausted", True)
    Payment.objects.create(
        operator=cdr.operator, driver=dario, cdr=cdr, amount=11, captured=11, currency="EUR", gateway="wallet",
        status="captured", idempotency_key="wallet",
    )  # fmt: skip
    climb(16)
    assert fresh(case).status == "recovered"
    assert dario.pk not in credit_check.refusals([dario.pk])
