"""A price is given to a place and to people for a time, ended and called off; what holds there otherwise goes on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from accounts.models import DriverGroup, Operator, User
from billing import pricing
from billing.models import Tariff, TariffAssignment
from billing.selectors import conflicts
from billing.services.prices import assigning
from cms.core.errors import Conflict, Invalid
from stations.models import Location
from tests.factories import LocationFactory, StationFactory
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


def test_an_end_that_waits_is_called_off(operator: Operator, place: Location, olga: User) -> None:
    own = assigning.assign(
        tariff=named(operator, "Own"), operator=operator, location=place, valid_until=NOON + 2 * DAY, by=olga
    )
    assert week(operator, place) == ["Own", "Own", "", "", ""]
    assigning.end(row=TariffAssignment.objects.get(tariff=None), by=olga)
    assert week(operator, place) == ["Own"] * 5
    assigning.end(row=own, at=NOON + DAY, by=olga)
    assert week(operator, place)[:2] == ["Own", ""]


@pytest.mark.parametrize("typed", ["IT*ABC", "it*abc", " ITABC ", "it-abc"])
def test_a_partner_is_written_as_ocpi_has_it(operator: Operator, olga: User, typed: str) -> None:
    row = assigning.assign(tariff=named(operator, "Partner"), operator=operator, partner=typed, by=olga)
    assert row.partner == "IT*ABC"


@pytest.mark.parametrize("typed", ["Enel", "IT*ABCD", "I1*ABC", "IT*A\u00c0C", "IT*AB\0"])
def test_what_is_no_party_is_refused(operator: Operator, olga: User, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        assigning.assign(tariff=named(operator, "Partner"), operator=operator, partner=typed, by=olga)
    assert (list(refused.value.fields), TariffAssignment.objects.count()) == (["partner"], 0)


def test_what_a_new_price_meets_is_named(operator: Operator, place: Location, olga: User) -> None:
    """Only what fits the same charges, in the order in which they are asked."""
    station, elsewhere = StationFactory(operator=operator, location=place), LocationFactory(operator=operator)
    taxi = DriverGroup.objects.create(operator=operator, name="Taxi")
    scopes: dict[str, dict[str, Any]] = {
        "Default": {},
        "Here": {"location": place},
        "There": {"location": elsewhere},
        "Station": {"station": station},
        "DC": {"power_type": "DC"},
        "Taxi": {"driver_group": taxi},
        "Passers-by": {"ad_hoc": True},
        "Partner": {"partner": "IT*ABC"},
    }
    for name, scope in scopes.items():
        assigning.assign(tariff=named(operator, name), operator=operator, by=olga, **scope)
    assigning.assign(tariff=named(operator, "Soon"), operator=operator, location=place, valid_from=NOON + DAY, by=olga)

    def met(**scope: Any) -> tuple[Any, Any, list[str], list[str]]:
        found = conflicts.of(TariffAssignment(operator=operator, **scope), NOON)
        names = [[str(row.tariff) for row in rows] for rows in (found.before, found.after)]
        return (
            found.replaces and str(found.replaces.tariff),
            found.followed_by and str(found.followed_by.tariff),
            *names,
        )

    assert met(location=place) == ("Here", "Soon", ["Taxi", "Partner", "Passers-by", "Station"], ["DC", "Default"])
    assert met(ad_hoc=True) == ("Passers-by", None, [], ["Station", "Here", "There", "DC", "Default"])
    assert met(station=station, power_type="AC_3_PHASE") == (
        None,
        None,
        ["Taxi", "Partner", "Passers-by"],
        ["Station", "Here", "Default"],
    )
    assert met(driver_group=DriverGroup(pk=99), location=elsewhere) == (
        None,
        None,
        [],
        ["Taxi", "There", "DC", "Default"],
    )
