"""What a plan includes is used up by charges in the order in which they are rated, and given back with their credits."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import time_machine

from accounts.models import Driver, Operator
from billing.models import CDR, AllowanceUse, PaymentMethod, Subscription, SubscriptionPeriod, TariffVersion
from billing.services.charges import rating
from billing.services.recurring import allowances, choosing, turning, usage
from sessions_app.models import ChargingSession
from tests.factories import LocationFactory, OperatorFactory, StationFactory
from tests.factories import plans as made

pytestmark = pytest.mark.django_db

Ended = Callable[..., ChargingSession]

JUNE = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture
def subscription(
    dario: Driver, operator: Operator, price: Callable[..., TariffVersion], card: PaymentMethod
) -> Subscription:
    """40 kWh a month since 1 June, beyond them 0,55 €/kWh."""
    price()
    with time_machine.travel(JUNE, tick=False):
        return made.subscription(dario, made.plan(operator, kwh=40))


def rated(session: ChargingSession) -> CDR:
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    return cdr


def left() -> Decimal:
    return usage.meters(SubscriptionPeriod.objects.all())[SubscriptionPeriod.objects.get().pk].energy_left


def test_included_energy_costs_nothing_until_it_is_used_up(subscription: Subscription, ended: Ended) -> None:
    first, second, third = (rated(ended(started_at=JUNE + timedelta(days=day))) for day in (1, 2, 3))
    assert (first.total_incl_vat, second.total_incl_vat, third.total_incl_vat) == (0, 0, Decimal("11.00"))
    assert left() == 0


def test_a_charge_across_the_limit_pays_for_the_rest(subscription: Subscription, ended: Ended) -> None:
    rated(ended(started_at=JUNE + timedelta(days=1), energy=Decimal(30_000)))
    assert rated(ended(started_at=JUNE + timedelta(days=2))).total_incl_vat == Decimal("5.50")


def test_of_charges_rated_together_the_first_is_served_first(subscription: Subscription, ended: Ended) -> None:
    sessions = [ended(started_at=JUNE + timedelta(days=day), energy=Decimal(30_000)) for day in (1, 2)]
    rating.rate_many([session.pk for session in sessions])
    totals = CDR.objects.order_by("session_id").values_list("total_incl_vat", flat=True)
    assert list(totals) == [0, Decimal("11.00")]


def test_a_credit_gives_back_what_was_taken(subscription: Subscription, ended: Ended) -> None:
    cdr = rated(ended(started_at=JUNE + timedelta(days=1)))
    assert left() == 20_000
    rating.credit(cdr=cdr, by=None)
    assert left() == 40_000
    assert AllowanceUse.objects.count() == 2


def test_rated_anew_a_charge_takes_only_what_it_needs_now(subscription: Subscription, ended: Ended) -> None:
    session = ended(started_at=JUNE + timedelta(days=1), energy=Decimal(40_000))
    rated(session)
    ChargingSession.objects.filter(pk=session.pk).update(energy=Decimal(10_000))
    assert rated(session).total_incl_vat == 0
    assert left() == 30_000


def test_told_twice_a_use_counts_once(subscription: Subscription, ended: Ended) -> None:
    cdr = rated(ended(started_at=JUNE + timedelta(days=1)))
    use = allowances.Use(cdr.pk, SubscriptionPeriod.objects.get().pk, Decimal(20_000), 0)
    usage.take([use])
    assert left() == 20_000


def test_a_charge_belongs_to_the_month_in_which_it_began(subscription: Subscription, ended: Ended) -> None:
    with time_machine.travel(datetime(2026, 7, 1, 8, tzinfo=UTC), tick=False):
        assert turning.turn(subscription_id=subscription.pk)
    june, july = SubscriptionPeriod.objects.order_by("start")
    across = ended(started_at=datetime(2026, 6, 30, 21, 59, tzinfo=UTC), minutes=180)
    after = ended(started_at=datetime(2026, 6, 30, 22, 0, tzinfo=UTC))
    before = ended(started_at=JUNE - timedelta(minutes=1))
    found = allowances.of_sessions([across, after, before])
    assert {pk: one.period_id for pk, one in found.items()} == {across.pk: june.pk, after.pk: july.pk}


def test_it_counts_at_the_plans_places_only(dario: Driver, operator: Operator, ended: Ended, station: Any) -> None:
    elsewhere = StationFactory(operator=operator, location=LocationFactory(operator=operator))
    version = made.plan(operator, locations=[station.location])
    with time_machine.travel(JUNE, tick=False):
        made.subscription(dario, version)
    here, there = ended(started_at=JUNE), ended(started_at=JUNE, station=elsewhere)
    assert set(allowances.of_sessions([here, there])) == {here.pk}


def test_it_is_the_drivers_own_at_that_operator(subscription: Subscription, ended: Ended) -> None:
    stranger = StationFactory(operator=OperatorFactory())
    nobody, elsewhere = ended(started_at=JUNE, driver=None), ended(started_at=JUNE, station=stranger)
    discarded = ended(started_at=JUNE, discarded=True)
    assert allowances.of_sessions([nobody, elsewhere, discarded]) == {}


def test_minutes_are_included_too(dario: Driver, operator: Operator, ended: Ended) -> None:
    version = made.plan(operator, kwh=0, included_seconds=3600)
    with time_machine.travel(JUNE, tick=False):
        made.subscription(dario, version)
    session = ended(started_at=JUNE)
    found = allowances.of_sessions([session])[session.pk]
    assert (found.energy_wh, found.seconds) == (Fraction(0), 3600)


def test_many_charges_cost_three_queries(
    subscription: Subscription, ended: Ended, django_assert_num_queries: Any
) -> None:
    sessions = [ended(started_at=JUNE + timedelta(hours=hour)) for hour in range(6)]
    with django_assert_num_queries(3):
        allowances.of_sessions(sessions)


def test_drivers_are_told_once_at_80_and_once_at_100_percent(subscription: Subscription, ended: Ended) -> None:
    told = []
    for day, wh in enumerate((31_999, 1, 1_000, 6_999, 1, 5_000), start=1):
        with time_machine.travel(JUNE + timedelta(days=day, hours=2), tick=False):
            rated(ended(started_at=JUNE + timedelta(days=day), energy=Decimal(wh)))
        told.append(
            ",".join(
                subscription.events.filter(kind__startswith="warned").order_by("pk").values_list("kind", flat=True)
            )
        )
    assert told == ["", *["warned_80"] * 3, *["warned_80,warned_100"] * 2]


def test_nobody_is_told_of_a_month_that_is_over(subscription: Subscription, ended: Ended) -> None:
    with time_machine.travel(JUNE + timedelta(days=40), tick=False):
        rated(ended(started_at=JUNE + timedelta(days=1), energy=Decimal(40_000)))
    assert not subscription.events.filter(kind__startswith="warned").exists()


def test_a_charge_keeps_the_plan_under_which_it_began(
    dario: Driver, operator: Operator, subscription: Subscription, ended: Ended
) -> None:
    larger = made.plan(operator, "Adriatica 200", fee="49.90", kwh=200)
    before, after = ended(started_at=JUNE + timedelta(days=9)), ended(started_at=JUNE + timedelta(days=11))
    with time_machine.travel(JUNE + timedelta(days=10), tick=False):
        told = choosing.quote(subscription=subscription, version=larger)
        choosing.change(subscription=subscription, version=larger, expected=told.due, by=None)
        assert allowances.plan_now(operator_id=operator.pk, driver_id=dario.pk) == larger.plan_id
    plans = allowances.plans_of([before, after, ended(started_at=JUNE - timedelta(days=1))])
    assert plans == {before.pk: subscription.version.plan_id, after.pk: larger.plan_id}
