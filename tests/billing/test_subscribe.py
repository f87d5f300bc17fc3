"""A plan begins when it is paid, renews on its day, grows at once and shrinks at the month's end."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core import mail

from accounts.models import Driver, Operator, User
from billing.models import (
    Invoice,
    Payment,
    PaymentMethod,
    PlanVersion,
    Subscription,
    SubscriptionFee,
    SubscriptionPeriod,
)
from billing.payments import fake_gateway
from billing.services.cards import payments
from billing.services.recurring import choosing, collecting, plans, renewals, subscriptions, turning
from billing.tasks import subscriptions as tasks
from cms.core.errors import Conflict, Forbidden, Invalid
from tests.factories import plans as made

pytestmark = pytest.mark.django_db

JANUARY = datetime(2026, 1, 31, 10, tzinfo=UTC)


@pytest.fixture
def small(operator: Operator) -> PlanVersion:
    return made.plan(operator, "Adriatica 40", fee="14.90", kwh=40)


@pytest.fixture
def large(operator: Operator) -> PlanVersion:
    return made.plan(operator, "Adriatica 100", fee="29.90", kwh=100)


def now(*when: int) -> time_machine.travel:
    return time_machine.travel(datetime(*when, tzinfo=UTC), tick=False)  # type: ignore[arg-type]


def row(subscription: Subscription) -> Subscription:
    return Subscription.objects.get(pk=subscription.pk)


def test_a_plan_begins_when_its_first_fee_is_paid(dario: Driver, small: PlanVersion) -> None:
    with now(2026, 6, 15, 10):
        made.card(dario)
        fee = choosing.subscribe(driver=dario, version=small, by=dario.user)
    subscription, month = row(fee.subscription), SubscriptionPeriod.objects.get()
    assert subscription.status == "active"
    assert (month.start, month.end) == (date(2026, 6, 15), date(2026, 7, 15))
    assert month.begins_at == datetime(2026, 6, 15, 10, tzinfo=UTC)
    assert month.ends_at == datetime(2026, 7, 14, 22, tzinfo=UTC)
    assert month.energy == 40_000
    assert Payment.objects.get().amount == Decimal("14.90")
    assert fee.paid_at


def test_a_refused_card_begins_nothing(dario: Driver, small: PlanVersion) -> None:
    made.card(dario, says="insufficient_funds")
    fee = choosing.subscribe(driver=dario, version=small, by=dario.user)
    assert fee.dropped_at
    assert Subscription.objects.get().status == "ended"
    assert not SubscriptionPeriod.objects.exists()
    made.card(dario)
    assert choosing.subscribe(driver=dario, version=small, by=dario.user).paid_at


def test_without_a_card_and_without_the_driver_nothing_is_asked(dario: Driver, small: PlanVersion) -> None:
    with pytest.raises(Conflict, match="no card"):
        choosing.subscribe(driver=dario, version=small, by=dario.user)
    assert not Payment.objects.exists()


def test_the_bank_may_ask_first_and_the_plan_waits_for_its_answer(dario: Driver, small: PlanVersion) -> None:
    made.card(dario, asks="always")
    fee = choosing.subscribe(driver=dario, version=small, by=dario.user, return_url="https://here.example/plan/")
    assert fee.payment is not None
    assert (fee.payment.status, row(fee.subscription).status) == ("action_needed", "starting")
    again = choosing.subscribe(driver=dario, version=small, by=dario.user, return_url="https://here.example/plan/")
    assert again.payment == fee.payment
    fake_gateway.approve(fee.payment.gateway_id, yes=True)
    payments.refresh(payment=fee.payment)
    tasks.watch_payments([fee.payment.pk])
    tasks.watch_payments([fee.payment.pk])
    assert row(fee.subscription).status == "active"
    assert Payment.objects.count() == 1


def test_who_leaves_the_card_page_has_chosen_nothing(dario: Driver, small: PlanVersion) -> None:
    with now(2026, 6, 15, 10):
        made.card(dario, asks="always")
        fee = choosing.subscribe(driver=dario, version=small, by=dario.user, return_url="https://here.example/")
    with now(2026, 6, 16, 11):
        tasks.collect_fees()
        assert row(fee.subscription).status == "ended"
        assert fee.payment is not None
        fake_gateway.approve(fee.payment.gateway_id, yes=True)
        payments.refresh(payment=fee.payment)
        tasks.watch_payments([fee.payment.pk])
    payment = Payment.objects.get()
    assert (payment.captured, payment.refunded) == (Decimal("14.90"), Decimal("14.90"))
    assert row(fee.subscription).status == "ended"


def test_two_plans_at_once_are_refused(dario: Driver, small: PlanVersion, large: PlanVersion) -> None:
    made.subscription(dario, small)
    with pytest.raises(Conflict) as refused:
        choosing.subscribe(driver=dario, version=large, by=dario.user)
    assert refused.value.code == "subscription_exists"
    assert Payment.objects.count() == 1


def test_an_archived_plan_and_an_older_version_cannot_be_chosen(dario: Driver, small: PlanVersion) -> None:
    newer = plans.revise(plan=small.plan, terms=plans.Terms(Decimal("16.90"), Decimal(22)), by=None)
    with pytest.raises(Invalid):
        choosing.subscribe(driver=dario, version=small, by=dario.user)
    plans.archive(plan=newer.plan, by=None)
    with pytest.raises(Invalid):
        choosing.subscribe(driver=dario, version=newer, by=dario.user)
    assert not Subscription.objects.exists()


def test_nobody_chooses_for_another_operators_driver(dario: Driver, small: PlanVersion, carla: User) -> None:
    with pytest.raises(Forbidden):
        choosing.subscribe(driver=dario, version=small, by=carla)
    assert not Subscription.objects.exists()


def test_it_renews_on_the_last_day_of_short_months_and_keeps_its_day(dario: Driver, small: PlanVersion) -> None:
    with time_machine.travel(JANUARY, tick=False):
        made.subscription(dario, small)
    for today in ((2026, 2, 28), (2026, 3, 31), (2026, 4, 30), (2026, 5, 31)):
        with now(*today, 3):
            tasks.renew_subscriptions()
            tasks.renew_subscriptions()
    months = SubscriptionPeriod.objects.order_by("start").values_list("start", flat=True)
    assert [day.isoformat() for day in months] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert Payment.objects.filter(status="captured", amount=Decimal("14.90")).count() == 5


def test_a_server_that_was_away_bills_every_month_once(dario: Driver, small: PlanVersion) -> None:
    with time_machine.travel(JANUARY, tick=False):
        subscription = made.subscription(dario, small)
    with now(2026, 4, 2, 3):
        assert renewals.renew(subscription_id=subscription.pk) == 2
        assert renewals.renew(subscription_id=subscription.pk) == 0
    assert Payment.objects.count() == 3


def test_the_renewal_has_an_invoice_before_it_is_paid(dario: Driver, small: PlanVersion, operator: Operator) -> None:
    for name, value in {"billing_name": "Dario Greco", "address": "Via Roma 1", "city": "Rimini", "fiscal_code": "GRCDRA80A01H294W"}.items():  # fmt: skip
        setattr(dario, name, value)
    dario.save()
    with time_machine.travel(JANUARY, tick=False):
        made.subscription(dario, small)
    with now(2026, 2, 28, 3):
        tasks.renew_subscriptions()
        tasks.collect_fees()
    fee = SubscriptionFee.objects.get(kind="renewal")
    assert fee.invoice is not None
    assert fee.payment is not None
    assert fee.invoice.source == f"subscription-fee:{fee.pk}"
    assert (fee.invoice.total_incl_vat, fee.invoice.total_vat) == (Decimal("14.90"), Decimal("2.69"))
    line = fee.invoice.lines.get()
    assert (line.since, line.until) == (date(2026, 2, 28), date(2026, 3, 30))
    assert fee.payment.invoice == fee.invoice
    assert Invoice.objects.count() == 2  # the first month's came when it was paid


def test_killed_between_the_month_and_its_fee_the_sweep_collects_once(dario: Driver, small: PlanVersion) -> None:
    with time_machine.travel(JANUARY, tick=False):
        subscription = made.subscription(dario, small)
    with now(2026, 2, 28, 3):
        assert turning.turn(subscription_id=subscription.pk)
        assert Payment.objects.count() == 1
        tasks.collect_fees()
        tasks.collect_fees()
    assert Payment.objects.filter(status="captured").count() == 2


# ---- changing ---------------------------------------------------------------------------------------------------------


def test_a_larger_plan_costs_the_difference_for_the_days_that_are_left(
    dario: Driver, small: PlanVersion, large: PlanVersion
) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
    with now(2026, 6, 21, 10):
        told = choosing.quote(subscription=row(subscription), version=large)
        assert (told.at_once, told.due, told.days, told.of_days) == (True, Decimal("5.00"), 10, 30)
        assert told.energy == 20_000
        choosing.change(subscription=subscription, version=large, expected=told.due, by=dario.user)
    month = SubscriptionPeriod.objects.get()
    assert (month.energy, month.version) == (60_000, large)
    assert row(subscription).version == large
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [Decimal("5.00"), Decimal("14.90")]


def test_the_price_that_was_shown_is_the_price_or_nothing(
    dario: Driver, small: PlanVersion, large: PlanVersion
) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
    with now(2026, 6, 21, 10):
        told = choosing.quote(subscription=row(subscription), version=large)
    with now(2026, 6, 22, 10), pytest.raises(Conflict) as refused:
        choosing.change(subscription=subscription, version=large, expected=told.due, by=dario.user)
    assert refused.value.code == "price_changed"
    assert row(subscription).version == small
    assert Payment.objects.count() == 1


def test_yen_have_no_cents(dario: Driver, operator: Operator) -> None:
    """Nineteen of thirty days of a difference of 1000: 633.33 are 633."""
    Operator.objects.update(currency="JPY")
    operator.refresh_from_db()
    with pytest.raises(Invalid):
        made.plan(operator, "Half", fee="980.50")
    small, large = made.plan(operator, "S", fee="980", kwh=40), made.plan(operator, "L", fee="1980", kwh=100)
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
    with now(2026, 6, 12, 10):
        choosing.change(subscription=subscription, version=large, expected=Decimal(633), by=dario.user)
    assert [payment.captured for payment in Payment.objects.order_by("pk")] == [980, 633]
    assert row(subscription).version == large


def test_a_second_tap_is_the_same_payment(dario: Driver, small: PlanVersion, large: PlanVersion) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
        made.card(dario, asks="always")
        taps = [
            choosing.change(
                subscription=subscription, version=large, expected=Decimal("15.00"), by=dario.user,
                return_url="https://here.example/plan/",
            )
            for _ in range(2)
        ]  # fmt: skip
    assert taps[0] == taps[1]
    assert Payment.objects.filter(amount=Decimal("15.00")).count() == 1


def test_a_larger_plan_that_is_not_paid_changes_nothing(dario: Driver, small: PlanVersion, large: PlanVersion) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
        made.card(dario, says="insufficient_funds")
    with now(2026, 6, 21, 10):
        fee = choosing.change(subscription=subscription, version=large, expected=Decimal("5.00"), by=dario.user)
    assert fee is not None
    assert fee.dropped_at
    assert (row(subscription).version, row(subscription).status) == (small, "active")
    assert SubscriptionPeriod.objects.get().energy == 40_000


def test_a_smaller_plan_begins_with_the_next_month(dario: Driver, small: PlanVersion, large: PlanVersion) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, large)
        assert choosing.change(subscription=subscription, version=small, expected=Decimal(0), by=dario.user) is None
        assert row(subscription).version == large
    with now(2026, 7, 1, 3):
        tasks.renew_subscriptions()
    assert row(subscription).version == small
    assert SubscriptionPeriod.objects.order_by("-start")[0].energy == 40_000
    assert SubscriptionFee.objects.get(kind="renewal").amount == Decimal("14.90")


def test_choosing_the_plan_one_has_drops_a_planned_change(
    dario: Driver, small: PlanVersion, large: PlanVersion
) -> None:
    subscription = made.subscription(dario, large)
    choosing.change(subscription=subscription, version=small, expected=Decimal(0), by=dario.user)
    choosing.change(subscription=subscription, version=large, expected=Decimal(0), by=dario.user)
    assert row(subscription).next_version is None


def test_an_open_change_belongs_to_its_month(dario: Driver, small: PlanVersion, large: PlanVersion) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
        made.card(dario, asks="always")
    with now(2026, 6, 30, 10):
        fee = choosing.change(
            subscription=subscription,
            version=large,
            expected=Decimal("0.50"),
            by=dario.user,
            return_url="https://x.example/",
        )
    assert fee is not None
    assert fee.payment is not None
    with now(2026, 7, 1, 3):
        tasks.renew_subscriptions()
        fake_gateway.approve(fee.payment.gateway_id, yes=True)
        payments.refresh(payment=fee.payment)
        tasks.watch_payments([fee.payment.pk])
    late = Payment.objects.get(pk=fee.payment.pk)
    assert (late.captured, late.refunded) == (Decimal("0.50"), Decimal("0.50"))
    assert row(subscription).version == small


# ---- leaving ----------------------------------------------------------------------------------------------------------


def test_cancelled_it_works_to_the_end_of_the_month(dario: Driver, small: PlanVersion) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
        subscriptions.cancel(subscription=subscription, by=dario.user)
        subscriptions.cancel(subscription=subscription, by=dario.user)
    assert (row(subscription).status, row(subscription).cancel_on) == ("cancelled", date(2026, 7, 1))
    assert subscription.events.filter(kind="cancelled").count() == 1
    with now(2026, 6, 30, 21):
        tasks.renew_subscriptions()
        assert row(subscription).status == "cancelled"
    with now(2026, 6, 30, 23):  # one in the morning in Rome
        tasks.renew_subscriptions()
    assert row(subscription).status == "ended"
    assert Payment.objects.count() == 1


def test_who_leaves_before_it_began_gets_back_what_comes_all_the_same(dario: Driver, small: PlanVersion) -> None:
    made.card(dario, asks="always")
    fee = choosing.subscribe(driver=dario, version=small, by=dario.user, return_url="https://here.example/plan/")
    assert fee.payment is not None
    subscriptions.cancel(subscription=fee.subscription, by=dario.user)
    fake_gateway.approve(fee.payment.gateway_id, yes=True)
    payments.refresh(payment=fee.payment)
    tasks.watch_payments([fee.payment.pk])
    assert row(fee.subscription).status == "ended"
    assert Payment.objects.get().refunded == Decimal("14.90")


def test_it_can_be_brought_back_until_it_has_ended(dario: Driver, small: PlanVersion) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
        subscriptions.cancel(subscription=subscription, by=dario.user)
        subscriptions.reactivate(subscription=subscription, by=dario.user)
    assert (row(subscription).status, row(subscription).cancel_on) == ("active", None)
    subscriptions.end(subscription=subscription, by=None)
    with pytest.raises(Conflict):
        subscriptions.reactivate(subscription=subscription, by=dario.user)


def test_a_pause_costs_nothing_and_ends_by_itself(dario: Driver, small: PlanVersion) -> None:
    with time_machine.travel(JANUARY, tick=False):
        subscription = made.subscription(dario, small)
        subscriptions.pause(subscription=subscription, for_months=1, by=dario.user)
    assert row(subscription).pause_until == date(2026, 3, 31)
    with now(2026, 2, 28, 3):
        tasks.renew_subscriptions()
    assert row(subscription).status == "paused"
    with now(2026, 3, 31, 3):
        tasks.renew_subscriptions()
    assert row(subscription).status == "active"
    assert SubscriptionPeriod.objects.order_by("-start")[0].end == date(2026, 4, 30)
    assert Payment.objects.count() == 2


def test_before_a_pause_ends_the_driver_hears_of_it_once(dario: Driver, small: PlanVersion) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
        subscriptions.pause(subscription=subscription, for_months=1, by=dario.user)
    for day in (1, 27, 28, 29, 30):
        with now(2026, 7, day, 12):
            tasks.renew_subscriptions()
            tasks.renew_subscriptions()
            tasks.mail_plan_news()
    (letter,) = mail.outbox
    assert "14,90" in letter.body
    assert subscription.events.get(kind="pause_ends").at.day == 29
    with now(2026, 8, 1, 3):
        tasks.renew_subscriptions()
    assert row(subscription).status == "active"


def test_resumed_early_a_month_begins_that_day(dario: Driver, small: PlanVersion) -> None:
    with time_machine.travel(JANUARY, tick=False):
        subscription = made.subscription(dario, small)
        subscriptions.pause(subscription=subscription, for_months=3, by=dario.user)
    with now(2026, 3, 10, 3):
        tasks.renew_subscriptions()
        fee = subscriptions.resume(subscription=subscription, by=dario.user)
        assert fee is not None
        collecting.collect_renewal(fee_id=fee.pk)
    month = SubscriptionPeriod.objects.order_by("-start")[0]
    assert (month.start, month.end) == (date(2026, 3, 10), date(2026, 4, 10))


@pytest.mark.parametrize("months", [0, 4])
def test_a_pause_has_one_to_three_months(dario: Driver, small: PlanVersion, months: int) -> None:
    subscription = made.subscription(dario, small)
    with pytest.raises(Invalid):
        subscriptions.pause(subscription=subscription, for_months=months, by=dario.user)
    assert row(subscription).pause_from is None


def test_others_may_not_touch_it(dario: Driver, small: PlanVersion, carla: User) -> None:
    subscription = made.subscription(dario, small)
    for door in (subscriptions.cancel, subscriptions.end, subscriptions.resume):
        with pytest.raises(Forbidden):
            door(subscription=subscription, by=carla)
    assert row(subscription).status == "active"


# ---- what operators do ------------------------------------------------------------------------------------------------


def test_subscribers_are_moved_with_notice(dario: Driver, small: PlanVersion, anna: User) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
        newer = plans.revise(plan=small.plan, terms=plans.Terms(Decimal("16.90"), Decimal(22)), by=anna)
        with pytest.raises(Invalid):
            plans.move(plan=small.plan, version=newer, by=anna, on=date(2026, 6, 30))
        assert plans.move(plan=small.plan, version=newer, by=anna) == 1
        assert plans.move(plan=small.plan, version=newer, by=anna) == 0
        tasks.mail_plan_news()
        tasks.mail_plan_news()
    with now(2026, 7, 1, 3):
        tasks.renew_subscriptions()
    assert row(subscription).version == newer
    started, moved = mail.outbox
    assert "Adriatica 40" in started.subject
    assert "16.90" in moved.body or "16,90" in moved.body


@pytest.mark.parametrize("trick", ["stay", "cancel and keep", "choose a smaller one and stay"])
def test_what_the_operator_changes_with_notice_nobody_dodges(
    dario: Driver, operator: Operator, small: PlanVersion, trick: str
) -> None:
    with now(2026, 6, 1, 10):
        subscription = made.subscription(dario, small)
        tiny = made.plan(operator, "Adriatica 10", fee="4.90", kwh=10)
        newer = plans.revise(plan=small.plan, terms=plans.Terms(Decimal("16.90"), Decimal(22)), by=None)
        plans.move(plan=small.plan, version=newer, by=None)
        if trick == "cancel and keep":
            subscriptions.cancel(subscription=subscription, by=dario.user)
            subscriptions.reactivate(subscription=subscription, by=dario.user)
        else:
            if trick != "stay":
                choosing.change(subscription=subscription, version=tiny, expected=Decimal(0), by=dario.user)
            with pytest.raises(Invalid):
                choosing.change(subscription=subscription, version=small, expected=Decimal(0), by=dario.user)
    with now(2026, 7, 1, 3):
        tasks.renew_subscriptions()
    assert row(subscription).version == (tiny if trick.startswith("choose") else newer)


def test_a_plan_keeps_its_terms_in_versions(small: PlanVersion, anna: User, tom: User) -> None:
    same = plans.Terms(Decimal("14.90"), Decimal(22), included_energy=Decimal(40_000))
    assert plans.revise(plan=small.plan, terms=same, by=anna) == small
    with pytest.raises(Forbidden):
        plans.revise(plan=small.plan, terms=plans.Terms(Decimal(1), Decimal(22)), by=tom)
    assert small.plan.versions.count() == 1
    with pytest.raises(Invalid) as wrong:
        plans.create(operator=small.plan.operator, name="Adriatica 40", terms=same, by=anna)
    assert "name" in wrong.value.fields


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (plans.Terms(Decimal("-1"), Decimal(22)), "monthly_fee"),
        (plans.Terms(Decimal("1.005"), Decimal(22)), "monthly_fee"),
        (plans.Terms(Decimal(1), Decimal(100)), "vat_rate"),
        (plans.Terms(Decimal(1), Decimal(22), included_energy=Decimal(-1)), "included_energy"),
        (plans.Terms(Decimal(1), Decimal(22), included_seconds=10**9), "included_seconds"),
    ],
)
def test_terms_that_nobody_means_are_refused(operator: Operator, anna: User, terms: plans.Terms, field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        plans.create(operator=operator, name="Odd", terms=terms, by=anna)
    assert set(wrong.value.fields) == {field}
    assert not PlanVersion.objects.exists()


def test_a_removed_card_is_not_asked(dario: Driver, small: PlanVersion) -> None:
    with now(2026, 6, 1, 10):
        made.subscription(dario, small)
    PaymentMethod.objects.update(status="removed", is_default=False)
    with now(2026, 7, 1, 3):
        tasks.renew_subscriptions()
    assert Payment.objects.count() == 1
    assert Subscription.objects.get().status == "past_due"


def test_the_invoice_comes_when_the_driver_has_told_who_he_is(dario: Driver, small: PlanVersion) -> None:
    Operator.objects.update(
        legal_name="Rete Adriatica S.r.l.", vat_number="IT00743110157", address="Via Stalingrado 71", postal_code="40128",
        city="Bologna", province="BO", iban="IT60X0542811101000000123456",
    )  # fmt: skip
    made.subscription(dario, small)
    tasks.collect_fees()
    assert not Invoice.objects.exists()
    Driver.objects.filter(pk=dario.pk).update(
        billing_name="Dario Greco",
        address="Via Roma 1",
        postal_code="47921",
        city="Rimini",
        fiscal_code="GRCDRA80A01H294W",
    )
    tasks.collect_fees()
    tasks.collect_fees()
    assert Invoice.objects.get().total_incl_vat == Decimal("14.90")
