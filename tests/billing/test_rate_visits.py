"""A visit that the station cut in two charges (quirk 48) costs what it would have cost uncut."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing import pricing
from billing.models import CDR, TariffVersion
from billing.selectors import explanations
from billing.services.charges import rating, rerating
from billing.tariffs import trace
from billing.tariffs.periods import Period, State
from sessions_app.models import ChargingSession
from tests.billing.conftest import Told
from tests.factories.billing import element

Ended = Callable[..., ChargingSession]
Price = Callable[..., TariffVersion]
Visit = Callable[..., list[ChargingSession]]

pytestmark = pytest.mark.django_db

AT = datetime(2026, 5, 4, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
PARKED = {"type": "PARKING_TIME", "price": Decimal(6), "vat": 22, "step_size": 1, "max_amount": Decimal(5)}


@pytest.fixture
def visit(ended: Ended, told: Told) -> Visit:
    """`visit(2_000, 0, 4_000)`: charges of an hour each, one after the other, with these Wh; without energy a car only stays."""

    def make(*energies: int, **facts: Any) -> list[ChargingSession]:
        sessions = []
        for hour, wh in enumerate(energies):
            start, end = AT + hour * HOUR, AT + (hour + 1) * HOUR
            session = ended(energy=Decimal(wh), started_at=start, stopped_at=end, id_tag="04A1B2C3", **facts)
            told[session.pk] = [Period(start, end, State.CHARGING if wh else State.PARKING, Decimal(wh))]
            sessions.append(session)
        return sessions

    return make


def totals() -> list[Decimal]:
    return list(CDR.objects.standing().order_by("started_at").values_list("total_incl_vat", flat=True))


def proved() -> bool:
    return list(rerating.verify(CDR.objects.all())) == []


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["in order", "the last first"])
def test_a_minimum_price_is_paid_once(price: Price, visit: Visit, order: tuple[int, ...]) -> None:
    price(elements=[element("ENERGY", "0.50")], min_price=Decimal(5))
    sessions = visit(2_000, 1_000, 12_000)
    for place in order:
        rating.rate(session_id=sessions[place].pk)
    assert totals() == [5, 0, Decimal("2.50")]  # 7.50 in all, of which 5 were paid first
    assert proved()
    second, third = (trace.loads(cdr.trace).lines[-1] for cdr in CDR.objects.order_by("started_at")[1:])
    assert [(line.kind, line.amount) for line in (second, third)] == [
        ("paid_before", Decimal("-0.50")),
        ("paid_before", Decimal("-3.50")),
    ]


def test_a_maximum_price_is_reached_by_all_together(price: Price, visit: Visit) -> None:
    price(elements=[element("ENERGY", "0.50"), element("FLAT", "1")], max_price=Decimal(8))
    rating.rate_many([session.pk for session in visit(10_000, 10_000, 10_000)])
    assert totals() == [6, 2, 0]
    assert proved()


def test_a_capped_fee_is_capped_for_the_visit(price: Price, visit: Visit) -> None:
    price(elements=[element("ENERGY", "0.50"), {"price_components": [PARKED]}])
    *_before, second = sessions = visit(2_000, 0, 0)
    assert pricing.running_costs([second])[second.pk].incl_vat == 0
    rating.rate_many([session.pk for session in sessions])
    assert totals() == [1, 5, 0]
    assert "of it was charged before in this visit" in trace.loads(CDR.objects.get(session=second).trace).lines[-1].why
    assert proved()


def test_running_it_shows_what_it_will_be_billed(price: Price, visit: Visit) -> None:
    price(elements=[element("ENERGY", "0.50")], min_price=Decimal(5))
    one, two = visit(2_000, 4_000)
    before = pricing.running_costs([two])[two.pk].incl_vat
    rating.rate(session_id=one.pk)
    assert (before, pricing.running_costs([two])[two.pk].incl_vat) == (0, 0)


def test_a_first_charge_that_cost_nothing_leaves_the_start_fee_to_the_next(price: Price, visit: Visit) -> None:
    price(elements=[element("ENERGY", "0.50"), element("FLAT", "1")])
    refused, charged = visit(0, 2_000)
    ChargingSession.objects.filter(pk=refused.pk).update(authorization="Invalid")
    rating.rate_many([refused.pk, charged.pk])
    assert totals() == [0, 2]
    assert proved()


def test_what_follows_is_rated_anew_when_the_first_changes(price: Price, visit: Visit, told: Told) -> None:
    price(elements=[element("ENERGY", "0.50"), element("FLAT", "1")], min_price=Decimal(5))
    one, two = visit(2_000, 4_000)
    rating.rate_many([one.pk, two.pk])
    assert totals() == [5, 0]
    ChargingSession.objects.filter(pk=one.pk).update(energy=Decimal(9_000))
    told[one.pk] = [Period(AT, AT + HOUR, State.CHARGING, Decimal(9_000))]
    assert rating.rate_many([one.pk]) == 4  # two credits, two records
    assert totals() == [Decimal("5.50"), 2]
    assert proved()
    ChargingSession.objects.filter(pk=one.pk).update(discarded=True)
    rating.rate(session_id=one.pk)
    assert totals() == [0, 5]
    assert proved()
    assert rating.rate_many([one.pk, two.pk]) == 0


def test_a_first_charge_that_is_heard_of_late_changes_the_next(price: Price, visit: Visit) -> None:
    price(elements=[element("ENERGY", "0.50"), element("FLAT", "1")])
    one, two = visit(2_000, 4_000)
    ChargingSession.objects.filter(pk=one.pk).update(status="active", stopped_at=None)
    rating.rate(session_id=two.pk)
    assert totals() == [3]
    ChargingSession.objects.filter(pk=one.pk).update(
        status="completed", stopped_at=AT + HOUR, stopped_received_at=AT + 5 * HOUR
    )
    rating.rate(session_id=one.pk)
    assert totals() == [2, 2]
    assert proved()


def test_the_derivation_says_what_the_visit_paid(price: Price, visit: Visit) -> None:
    price(elements=[element("ENERGY", "0.50")], min_price=Decimal(5))
    one, two = visit(2_000, 12_000)
    rating.rate_many([one.pk, two.pk])
    two.refresh_from_db()
    told = explanations.of(two, "en").lines[-1]
    assert (told.title, told.amount) == ("Already paid in this visit", Decimal(-4))
    assert [(step.label, step.value) for step in told.steps[1:-1]] == [
        ("Due with the charges before", "€7.00"),
        ("Charged before", "€5.00"),
    ]
