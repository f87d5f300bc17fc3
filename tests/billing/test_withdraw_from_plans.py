"""Fourteen days to leave a contract that was made at a distance: it ends at once, and what was not had goes back."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core import mail

from accounts.models import Driver, Operator, User
from billing.models import AllowanceUse, Payment, Refund, Subscription, SubscriptionPeriod, TariffVersion
from billing.services.charges import rating, terms
from billing.services.recurring import crediting, subscriptions, usage, withdrawing
from billing.tasks import subscriptions as tasks
from cms.core.errors import Conflict, Forbidden
from sessions_app.models import ChargingSession
from sessions_app.selectors import ChargingPeriod
from tests.billing.till import Till
from tests.factories import StationFactory
from tests.factories import plans as made
from tests.factories.billing import CDRFactory, EndedSessionFactory

pytestmark = pytest.mark.django_db

JUNE = datetime(2026, 6, 1, 10, tzinfo=UTC)


def on(*when: int) -> time_machine.travel:
    return time_machine.travel(datetime(*when, tzinfo=UTC), tick=False)  # type: ignore[arg-type]


@pytest.fixture
def subscription(dario: Driver, operator: Operator) -> Iterator[Subscription]:
    """100 kWh for 29,90 € since the 1st of June."""
    with time_machine.travel(JUNE, tick=False):
        yield made.subscription(dario, made.plan(operator))


def use(dario: Driver, wh: int) -> None:
    AllowanceUse.objects.create(
        period=SubscriptionPeriod.objects.get(), cdr=CDRFactory(driver=dario), energy=Decimal(wh)
    )


def charging(dario: Driver, wh: int) -> ChargingSession:
    station = StationFactory(operator=dario.operator)
    session: ChargingSession = EndedSessionFactory(
        station=station, driver=dario, started_at=JUNE, energy=Decimal(wh), status="active", stopped_at=None,
        stopped_received_at=None, meter_stop=None,
    )  # fmt: skip
    return session


def status(subscription: Subscription) -> str:
    return Subscription.objects.get(pk=subscription.pk).status


def test_what_was_used_is_paid_and_the_rest_goes_back(subscription: Subscription, dario: Driver) -> None:
    use(dario, 25_000)
    told = withdrawing.offer(subscription)
    assert told is not None
    assert (told.last_day.isoformat(), told.paid, told.had, told.back) == (
        "2026-06-15", Decimal("29.90"), Decimal("7.48"), Decimal("22.42"),
    )  # fmt: skip
    withdrawing.withdraw(subscription=subscription, expected=told.back, by=dario.user)
    assert status(subscription) == "ended"
    assert Payment.objects.get().refunded == Decimal("22.42")
    tasks.mail_plan_news()
    _begun, left = mail.outbox
    assert "22,42" in left.body
    with pytest.raises(Conflict) as late:
        withdrawing.withdraw(subscription=subscription, expected=told.back, by=dario.user)
    assert late.value.code == "too_late"
    assert Refund.objects.count() == 1


def test_a_charge_that_runs_takes_nothing_more_of_it(subscription: Subscription, dario: Driver) -> None:
    running = charging(dario, 30_000)
    assert terms.for_sessions([running], lock=False).of(running.pk)
    withdrawing.withdraw(subscription=subscription, expected=Decimal("29.90"), by=dario.user)
    assert not terms.for_sessions([running], lock=False).of(running.pk)


def test_what_was_rated_before_still_proves_itself(
    price: Callable[..., TariffVersion],
    ended: Callable[..., ChargingSession],
    subscription: Subscription,
    dario: Driver,
) -> None:
    """0.55 €/kWh: 20 of 100 kWh were included."""
    price()
    cdr = rating.rate(session_id=ended(driver=dario, started_at=JUNE + timedelta(minutes=1)).pk)
    assert cdr is not None
    assert cdr.total_incl_vat == 0
    withdrawing.withdraw(subscription=subscription, expected=Decimal("23.92"), by=dario.user)
    assert terms.contradictions([cdr]) == {}


def test_a_plan_that_includes_nothing_is_paid_by_the_day(dario: Driver, operator: Operator) -> None:
    with time_machine.travel(JUNE, tick=False):
        subscription = made.subscription(dario, made.plan(operator, fee="30.00", kwh=0))
    with on(2026, 6, 3, 10):
        told = withdrawing.offer(subscription)
    assert told is not None
    assert told.had == Decimal("3.00")


def test_the_amount_that_was_shown_goes_back_or_nothing_happens(subscription: Subscription, dario: Driver) -> None:
    use(dario, 25_000)
    with pytest.raises(Conflict) as other:
        withdrawing.withdraw(subscription=subscription, expected=Decimal("29.90"), by=dario.user)
    assert (other.value.code, status(subscription)) == ("price_changed", "active")
    assert not Refund.objects.exists()


@pytest.mark.parametrize(("day", "may"), [(15, True), (16, False)])
def test_the_fourteenth_day_is_the_last(subscription: Subscription, day: int, may: bool) -> None:
    with on(2026, 6, day, 12):
        assert (withdrawing.offer(subscription) is not None) == may


def test_who_buys_as_a_business_has_no_such_right(subscription: Subscription) -> None:
    subscription.driver.vat_number = "IT00743110157"
    assert withdrawing.offer(subscription) is None


def test_only_the_driver_and_the_operators_people_may(subscription: Subscription, carla: User, tom: User) -> None:
    with pytest.raises(Forbidden):
        withdrawing.withdraw(subscription=subscription, expected=Decimal("29.90"), by=carla)
    assert status(subscription) == "active"
    withdrawing.withdraw(subscription=subscription, expected=Decimal("29.90"), by=tom)
    assert status(subscription) == "ended"


def test_where_the_provider_is_away_the_money_goes_back_later(dario: Driver, operator: Operator, till: Till) -> None:
    with time_machine.travel(JUNE, tick=False):
        subscription = made.subscription(dario, made.plan(operator))
        till.away = True
        (refund,) = withdrawing.withdraw(subscription=subscription, expected=Decimal("29.90"), by=dario.user)
        assert (status(subscription), refund.status) == ("ended", "pending")
        till.away = False
        crediting.refunds.finish(refund)
    assert Payment.objects.get().refunded == Decimal("29.90")


def test_minutes_run_out_while_a_charge_runs_too(
    dario: Driver, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hours are included; parking is none of them."""
    with time_machine.travel(JUNE, tick=False):
        subscription = made.subscription(dario, made.plan(operator, kwh=0, included_seconds=7200))
        running = charging(dario, 5_000)
        for minutes, kinds in ((95, []), (96, ["warned_80"]), (121, ["warned_80", "warned_100"])):
            end = JUNE + timedelta(minutes=minutes)
            stretches = [
                ChargingPeriod(JUNE, end, "CHARGING", Decimal(5_000), None),
                ChargingPeriod(end, end + timedelta(hours=9), "PARKING", Decimal(0), None),
            ]
            monkeypatch.setattr(
                usage.selectors, "charging_periods_by_session", lambda _all, s=stretches: {running.pk: s}
            )
            usage.watch()
            told = subscription.events.filter(kind__startswith="warned").order_by("pk")
            assert list(told.values_list("kind", flat=True)) == kinds


def test_who_charges_hears_of_it_while_it_runs(subscription: Subscription, dario: Driver) -> None:
    """Not only with the bill: 70 kWh are used, the charge that runs takes ten, then thirty."""
    use(dario, 70_000)
    running = charging(dario, 9_000)
    usage.watch()
    assert not subscription.events.filter(kind__startswith="warned").exists()
    for energy in (10_000, 11_000, 31_000, 32_000):
        ChargingSession.objects.filter(pk=running.pk).update(energy=energy)
        usage.watch()
    assert list(subscription.events.filter(kind__startswith="warned").order_by("pk").values_list("kind", flat=True)) == [
        "warned_80", "warned_100",
    ]  # fmt: skip
    assert subscriptions.cancel(subscription=subscription, by=None).status == "cancelled"
