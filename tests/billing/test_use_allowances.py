"""What a plan includes is used up by charges in the order in which they are rated, and given back with their credits."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import time_machine

from accounts.models import Driver, Operator
from billing.models import (
    CDR,
    AllowanceUse,
    PaymentMethod,
    Promotion,
    Redemption,
    Subscription,
    SubscriptionPeriod,
    TariffVersion,
)
from billing.services.charges import rating, rerating
from billing.services.recurring import allowances, choosing, turning, usage
from billing.tariffs.periods import Period, State
from sessions_app.models import ChargingSession
from tests.billing.conftest import Told, charge_then_park
from tests.factories import LocationFactory, OperatorFactory, StationFactory
from tests.factories import plans as made
from tests.factories.billing import element

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


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_charges_rated_together_cost_what_they_cost_one_by_one(
    dario: Driver, operator: Operator, ended: Ended, told: Told, price: Callable[..., TariffVersion], together: bool
) -> None:
    """A charge takes neither its parked time nor energy that costs nothing, and no code where nothing is left to pay: what one leaves
    is the next one's, exactly."""
    price(elements=[element("ENERGY", "0.50", max_kwh=10), element("TIME", "6")])
    with time_machine.travel(JUNE, tick=False):
        made.subscription(dario, made.plan(operator, kwh=16, included_seconds=5400))
        code = Promotion.objects.create(
            operator=operator,
            code="ONE",
            kind="amount",
            value=Decimal(1),
            currency="EUR",
            charges_each=1,
            valid_from=JUNE,
        )
        Redemption.objects.create(promotion=code, driver=dario)
    days = (JUNE + timedelta(days=day) for day in (1, 2, 3))
    free, first, second = (ended(started_at=at, minutes=150, energy=Decimal(20_001)) for at in days)
    ChargingSession.objects.filter(pk=free.pk).update(energy=0)
    told[free.pk] = [Period(free.started_at, free.started_at + timedelta(minutes=150), State.PARKING)]
    for session in (first, second):
        told[session.pk] = charge_then_park(session.started_at, 20_001, 60, 90)
    ids = [second.pk, free.pk, first.pk]
    rating.rate_many(ids) if together else [rating.rate(session_id=pk) for pk in sorted(ids)]

    totals = dict(CDR.objects.values_list("session_id", "total_incl_vat"))
    # 4 kWh and half an hour are beyond the plan, less 1 € of the code
    assert totals == {free.pk: 0, first.pk: 0, second.pk: Decimal("4.00")}
    uses = AllowanceUse.objects.order_by("cdr__session_id").values_list("energy", "seconds")
    assert list(uses) == [(10_000, 3600), (6_000, 1800)]
    assert list(rerating.verify(CDR.objects.all())) == []


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
    months = allowances.of_sessions([across, after, before])
    found = {one.pk: left and left.period_id for one in (across, after, before) for left in [months.left(one.pk)]}
    assert found == {across.pk: june.pk, after.pk: july.pk, before.pk: None}


def test_it_counts_at_the_plans_places_only(dario: Driver, operator: Operator, ended: Ended, station: Any) -> None:
    elsewhere = StationFactory(operator=operator, location=LocationFactory(operator=operator))
    version = made.plan(operator, locations=[station.location])
    with time_machine.travel(JUNE, tick=False):
        made.subscription(dario, version)
    here, there = ended(started_at=JUNE), ended(started_at=JUNE, station=elsewhere)
    months = allowances.of_sessions([here, there])
    assert (months.left(here.pk) is not None, months.left(there.pk)) == (True, None)


def test_it_is_the_drivers_own_at_that_operator(subscription: Subscription, ended: Ended) -> None:
    stranger = StationFactory(operator=OperatorFactory())
    nobody, elsewhere = ended(started_at=JUNE, driver=None), ended(started_at=JUNE, station=stranger)
    discarded = ended(started_at=JUNE, discarded=True)
    months = allowances.of_sessions([nobody, elsewhere, discarded])
    assert [months.left(one.pk) for one in (nobody, elsewhere, discarded)] == [None] * 3


def test_minutes_are_included_too(dario: Driver, operator: Operator, ended: Ended) -> None:
    version = made.plan(operator, kwh=0, included_seconds=3600)
    with time_machine.travel(JUNE, tick=False):
        made.subscription(dario, version)
    session = ended(started_at=JUNE)
    found = allowances.of_sessions([session]).left(session.pk)
    assert found is not None
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
