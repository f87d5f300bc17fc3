"""A price is given to a place and to people for a time, ended and called off; what holds there otherwise goes on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import DriverGroup, Operator, User
from billing import pricing
from billing.models import Tariff, TariffAssignment
from billing.services.prices import assigning
from cms.core.errors import Conflict, Invalid
from stations.models import Location
from tests.factories import LocationFactory
from tests.factories.billing import TariffFactory, TariffVersionFactory

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def place(operator: Operator) -> Location:
    found: Location = LocationFactory(operator=operator)
    return found


def named(operator: Operator, name: str) -> Tariff:
    tariff: Tariff = TariffVersionFactory(tariff=TariffFactory(operator=operator, name=name)).tariff
    return tariff


def week(operator: Operator, place: Location) -> list[str]:
    """Whose price it is at noon, today and on the days after."""
    found = [
        pricing.tariff_for(operator_id=operator.pk, location_id=place.pk, at=NOON + n * DAY + timedelta(minutes=1))
        for n in range(5)
    ]
    return [version.tariff.name if version else "" for version in found]


def test_a_price_for_a_time_gives_back_what_held_before(operator: Operator, place: Location, olga: User) -> None:
    here = {"operator": operator, "location": place, "by": olga}
    assigning.assign(tariff=named(operator, "Default"), operator=operator, by=olga)
    assigning.assign(tariff=named(operator, "Fair"), valid_from=NOON + DAY, valid_until=NOON + 3 * DAY, **here)
    assert week(operator, place) == ["Default", "Fair", "Fair", "Default", "Default"]
    assigning.assign(tariff=named(operator, "Own"), **here)
    assert week(operator, place) == ["Own", "Fair", "Fair", "Default", "Default"]


def test_what_held_in_the_same_scope_goes_on_afterwards(operator: Operator, place: Location, olga: User) -> None:
    here = {"operator": operator, "location": place, "by": olga}
    assigning.assign(tariff=named(operator, "Own"), **here)
    assigning.assign(tariff=named(operator, "Fair"), valid_from=NOON + DAY, valid_until=NOON + 3 * DAY, **here)
    assert week(operator, place) == ["Own", "Fair", "Fair", "Own", "Own"]


def test_what_takes_over_before_the_end_stays(operator: Operator, place: Location, olga: User) -> None:
    here = {"operator": operator, "location": place, "by": olga}
    assigning.assign(tariff=named(operator, "Winter"), valid_from=NOON + 2 * DAY, **here)
    assigning.assign(tariff=named(operator, "Fair"), valid_until=NOON + 4 * DAY, **here)
    assert week(operator, place) == ["Fair", "Fair", "Winter", "Winter", "Winter"]


def test_a_price_ends_now_later_or_before_it_begins(operator: Operator, place: Location, olga: User) -> None:
    here = {"operator": operator, "location": place, "by": olga}
    assigning.assign(tariff=named(operator, "Default"), operator=operator, by=olga)
    own = assigning.assign(tariff=named(operator, "Own"), **here)
    later = assigning.assign(tariff=named(operator, "Fair"), valid_from=NOON + 3 * DAY, **here)
    assigning.end(row=own, at=NOON + 2 * DAY, by=olga)
    assert week(operator, place) == ["Own", "Own", "Default", "Fair", "Fair"]
    assigning.end(row=later, by=olga)
    assert week(operator, place) == ["Own", "Own", "Default", "Default", "Default"]
    assigning.end(row=own, by=olga)
    rows = TariffAssignment.objects.count()
    assigning.end(row=own, by=olga)
    assert (week(operator, place), TariffAssignment.objects.count()) == (["Default"] * 5, rows)


def test_nobody_ends_what_somebody_else_has_chosen_meanwhile(operator: Operator, place: Location, olga: User) -> None:
    here = {"operator": operator, "location": place, "by": olga}
    own = assigning.assign(tariff=named(operator, "Own"), **here)
    assigning.assign(tariff=named(operator, "Newer"), **here)
    with pytest.raises(Conflict) as refused:
        assigning.end(row=own, by=olga)
    assert (refused.value.code, week(operator, place)) == ("assignment_over", ["Newer"] * 5)


def test_an_end_stands_after_the_beginning(operator: Operator, place: Location, olga: User) -> None:
    fair = named(operator, "Fair")
    with pytest.raises(Invalid) as refused:
        assigning.assign(tariff=fair, operator=operator, valid_from=NOON + DAY, valid_until=NOON + DAY, by=olga)
    assert list(refused.value.fields) == ["valid_until"]
    row = assigning.assign(tariff=fair, operator=operator, valid_from=NOON + DAY, by=olga)
    for wrong in (NOON - DAY, NOON + DAY / 2):
        with pytest.raises(Invalid):
            assigning.end(row=row, at=wrong, by=olga)
    assert TariffAssignment.objects.count() == 1


def test_a_group_and_a_partner_have_their_prices_at_once(operator: Operator, place: Location, olga: User) -> None:
    taxi = DriverGroup.objects.create(operator=operator, name="Taxi")
    assigning.assign(tariff=named(operator, "Taxi"), operator=operator, driver_group=taxi, by=olga)
    assigning.assign(tariff=named(operator, "Partner"), operator=operator, partner="IT*ABC", by=olga)
    people = {
        "Taxi": pricing.Who(1, frozenset({taxi.pk})),
        "Partner": pricing.Who(partner="IT*ABC"),
        "": pricing.Who(partner="DE*XYZ"),
    }
    for name, who in people.items():
        version = pricing.tariff_for(operator_id=operator.pk, location_id=place.pk, at=NOON, who=who)
        assert (version.tariff.name if version else "") == name
