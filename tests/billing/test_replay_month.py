"""The last 30 days at another price: the real charges, priced again from their own readings."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.core.cache import cache

from accounts.models import Operator
from billing import pricing
from billing.models import CDR, TariffVersion
from billing.selectors import replay
from billing.services.charges import rating
from billing.services.prices import tariffs
from billing.tariffs import terms
from billing.tariffs.terms import Terms
from sessions_app.models import ChargingSession
from tests.billing.conftest import Told, charge_then_park
from tests.factories import LocationFactory
from tests.factories.billing import element

pytestmark = pytest.mark.any_database

START = datetime(2026, 6, 15, 15, 30, tzinfo=UTC)  # 17:30 in Italy
NOW = START + timedelta(days=5)
Price = Callable[..., TariffVersion]
Ended = Callable[..., ChargingSession]


@pytest.fixture(autouse=True)
def forgetful() -> None:
    cache.clear()


def draft(*elements: dict[str, Any], **facts: Any) -> TariffVersion:
    return TariffVersion(elements=tariffs.dumps(list(elements)), **facts)


def rated(session: ChargingSession) -> CDR:
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    return cdr


def test_the_same_price_changes_no_cent(price: Price, ended: Ended, operator: Operator, told: Told) -> None:
    version = price(elements=[element("ENERGY", "0.55"), element("PARKING_TIME", "6", min_parking_duration=900)])
    for minutes in (20, 47, 61):
        session = ended(started_at=START, energy=Decimal(12_345), minutes=minutes + 40)
        told[session.pk] = charge_then_park(START, 12_345, minutes, 40)
        rated(session)
    found = replay.of(version, operator=operator, tariff=version.tariff, now=NOW)
    assert (found.found, found.looked, found.difference, found.counts[3]) == (3, 3, 0, 3)
    assert found.old == sum(CDR.objects.values_list("total_incl_vat", flat=True))


def test_an_evening_price_is_asked_of_the_evening_alone(
    price: Price, ended: Ended, operator: Operator, told: Told
) -> None:
    """20 kWh in an hour from 17:30, of which 10 kWh before 18:00."""
    version = price(elements=[element("ENERGY", "0.50")])
    rated(ended(started_at=START, energy=Decimal(20_000), minutes=60))
    dearer = draft(element("ENERGY", "0.70", start_time="18:00"), element("ENERGY", "0.50"))
    found = replay.of(dearer, operator=operator, tariff=version.tariff, now=NOW)
    assert (found.old, found.new, found.difference) == (Decimal("10.00"), Decimal("12.00"), Decimal("2.00"))
    assert found.counts == [0, 0, 0, 0, 0, 1, 0]  # 20 % is not more than 20 %
    assert [(c.old, c.new, c.share) for c in found.dearest] == [(Decimal("10.00"), Decimal("12.00"), Decimal("0.2"))]


def test_the_farthest_changes_stand_first(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    for kwh in (10, 30, 20):
        rated(ended(started_at=START, energy=Decimal(kwh * 1000)))
    cheaper = replay.of(draft(element("ENERGY", "0.30")), operator=operator, tariff=version.tariff, now=NOW)
    assert [change.difference for change in cheaper.cheapest] == [Decimal("-6.00"), Decimal("-4.00"), Decimal("-2.00")]
    assert (cheaper.dearest, cheaper.cheaper, cheaper.counts[0]) == ([], 3, 3)


def test_what_was_free_and_would_cost_something_is_much_dearer(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0")])
    rated(ended(started_at=START, energy=Decimal(10_000)))
    found = replay.of(draft(element("ENERGY", "0.10")), operator=operator, tariff=version.tariff, now=NOW)
    assert (found.much_dearer, found.share, found.dearest[0].share) == (1, None, None)


def test_a_plan_goes_on_including_what_it_included(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    session = ended(started_at=START, energy=Decimal(20_000))
    cdr = rated(session)
    kept = [Terms(allowance_wh=Fraction(15_000), label="Plan", source="period:1")]
    granted = terms.apply(*_priced(version, session), kept)
    CDR.objects.filter(pk=cdr.pk).update(terms=terms.dumps(kept, granted), total_incl_vat=Decimal("2.50"))
    found = replay.of(draft(element("ENERGY", "0.60")), operator=operator, tariff=version.tariff, now=NOW)
    assert (found.old, found.new) == (Decimal("2.50"), Decimal("3.00"))  # the 5 kWh that were paid for


def test_above_the_limit_an_even_sample_stands_for_all(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    for _n in range(6):
        rated(ended(started_at=START, energy=Decimal(10_000)))
    found = replay.of(draft(element("ENERGY", "0.60")), operator=operator, tariff=version.tariff, now=NOW, most=3)
    assert (found.found, found.looked, found.sample, found.difference) == (6, 3, True, Decimal("6.00"))


def test_only_charges_that_somebody_would_pay_count(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    long_ago = rated(ended(started_at=START - timedelta(days=40)))
    credited = rated(ended(started_at=START))
    rating.credit(cdr=credited, by=None)
    waived = rated(ended(started_at=START))
    CDR.objects.filter(pk=waived.pk).update(flags="waived")
    francs = rated(ended(started_at=START))
    CDR.objects.filter(pk=francs.pk).update(currency="CHF")
    counted = rated(ended(started_at=START))
    found = replay.of(draft(element("ENERGY", "0.60")), operator=operator, tariff=version.tariff, now=NOW)
    assert long_ago.pk < counted.pk
    assert (found.found, [change.session_id for change in found.dearest]) == (1, [counted.session_id])


def test_a_new_tariff_is_tried_on_a_place(price: Price, ended: Ended, operator: Operator) -> None:
    price(elements=[element("ENERGY", "0.50")])
    here = LocationFactory(operator=operator)
    mine, _elsewhere = ended(started_at=START, energy=Decimal(10_000), location=here), rated(ended(started_at=START))
    rated(mine)
    found = replay.of(draft(element("ENERGY", "0.60")), operator=operator, place=here, now=NOW)
    assert (found.found, found.difference) == (1, Decimal("1.00"))


def _priced(version: TariffVersion, session: ChargingSession) -> Any:
    parsed = pricing.parsed(version)
    return parsed, pricing.priced_by(parsed, pricing.periods_of(session), pricing.zone_of(session))
