"""Prices are made, changed by new versions, given to places, and put away; running sessions keep theirs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import Operator, User
from billing import pricing
from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.services.prices import assigning, tariffs
from cms.core.errors import Conflict, Forbidden, Invalid
from stations.models import Location
from tests.factories import LocationFactory
from tests.factories.billing import element

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
ENERGY = [element("ENERGY", "0.55")]


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def location(operator: Operator) -> Location:
    place: Location = LocationFactory(operator=operator)
    return place


@pytest.fixture
def city(operator: Operator, olga: User) -> Tariff:
    return tariffs.create(operator=operator, name="City AC", elements=ENERGY, by=olga).tariff


def price_at(location: Location | None, operator: Operator, at: datetime) -> TariffVersion | None:
    return pricing.tariff_for(location_id=location.pk if location else None, operator_id=operator.pk, at=at)


def test_a_new_tariff_has_one_version_with_exact_numbers(operator: Operator, olga: User) -> None:
    version = tariffs.create(operator=operator, name=" City AC ", elements=ENERGY, min_price=Decimal("0.5"), by=olga)
    assert (version.tariff.name, version.number, version.currency, version.tax_included) == ("City AC", 1, "EUR", True)
    assert version.elements == '[{"price_components":[{"type":"ENERGY","price":0.55,"vat":22,"step_size":1}]}]'
    assert (version.min_price, version.max_price, version.valid_from) == (Decimal("0.5"), None, NOON)


def test_mistakes_are_told_with_their_place_and_nothing_is_saved(operator: Operator, olga: User) -> None:
    elements = [element("ENERGY", "-1"), {"price_components": []}]
    with pytest.raises(Invalid) as refused:
        tariffs.create(operator=operator, name="x", elements=elements, max_price=Decimal(-1), by=olga)
    assert refused.value.fields == {
        "elements": ["0.price_components.0.price: Must not be negative.", "1.price_components: A list with at least one entry is expected."],
        "max_price": ["Must not be negative."],
    }  # fmt: skip
    assert not Tariff.objects.exists()


@pytest.mark.parametrize("terms", [{"name": ""}, {"name": "x" * 101}, {"currency": "EURO"}])
def test_a_tariff_needs_a_name_and_a_currency(operator: Operator, olga: User, terms: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        tariffs.create(**{"operator": operator, "name": "x", "elements": ENERGY, "by": olga, **terms})  # type: ignore[arg-type]
    assert list(refused.value.fields) == list(terms)
    assert not Tariff.objects.exists()


def test_a_change_is_a_new_version_and_the_old_one_stays(city: Tariff, olga: User) -> None:
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        version = tariffs.change(tariff=city, elements=[element("ENERGY", "0.59")], name="City", by=olga)
    assert (version.number, version.valid_from, version.tariff.name) == (2, NOON + timedelta(hours=1), "City")
    first = city.versions.get(number=1)
    assert "0.55" in first.elements
    first.elements = "[]"
    with pytest.raises(TypeError):
        first.save()


def test_a_change_that_changes_nothing_makes_no_version(city: Tariff, olga: User) -> None:
    assert tariffs.change(tariff=city, elements=ENERGY, tax_included=True, by=olga).number == 1
    assert TariffVersion.objects.count() == 1


def test_what_is_not_named_stays(city: Tariff, olga: User) -> None:
    version = tariffs.change(tariff=city, max_price=Decimal(30), by=olga)
    assert (version.number, version.max_price) == (2, 30)
    assert version.elements == city.versions.get(number=1).elements


def test_support_may_look_but_not_change(city: Tariff, tom: User, carla: User) -> None:
    for person in (tom, carla):
        with pytest.raises(Forbidden):
            tariffs.change(tariff=city, elements=[element("ENERGY", "0.01")], by=person)
    assert TariffVersion.objects.count() == 1


def test_a_location_has_its_own_price_else_the_default(
    city: Tariff, operator: Operator, location: Location, olga: User
) -> None:
    assert price_at(location, operator, NOON - timedelta(seconds=1)) is None
    assert price_at(location, operator, NOON) == city.versions.get()  # the first one is the default
    fast = tariffs.create(operator=operator, name="Fast", elements=[element("ENERGY", "0.79")], by=olga)
    assert price_at(location, operator, NOON) == city.versions.get()
    assigning.assign(tariff=fast.tariff, operator=operator, location=location, by=olga)
    assert price_at(location, operator, NOON) == fast
    assert price_at(None, operator, NOON) == city.versions.get()
    assigning.assign(tariff=None, operator=operator, location=location, by=olga)
    assert price_at(location, operator, NOON) == city.versions.get()


def test_the_past_keeps_its_price(city: Tariff, operator: Operator, location: Location, olga: User) -> None:
    tomorrow = NOON + timedelta(days=1)
    second = tariffs.change(tariff=city, elements=[element("ENERGY", "0.59")], valid_from=tomorrow, by=olga)
    fast = tariffs.create(operator=operator, name="Fast", elements=[element("ENERGY", "0.79")], by=olga)
    assigning.assign(tariff=fast.tariff, operator=operator, valid_from=tomorrow + timedelta(days=1), by=olga)
    prices = [price_at(location, operator, NOON + timedelta(days=days)) for days in (0, 1, 2)]
    assert prices == [city.versions.get(number=1), second, fast]
    assert price_at(location, operator, NOON - timedelta(seconds=1)) is None


def test_many_places_cost_two_statements(
    city: Tariff, operator: Operator, olga: User, django_assert_num_queries: Any
) -> None:
    places = [pricing.Place(operator.pk, LocationFactory(operator=operator).pk) for _ in range(5)]
    with django_assert_num_queries(2):
        found = pricing.tariffs_for(places, at=NOON)
    assert set(found.values()) == {city.versions.get()}


def test_nobody_assigns_what_belongs_to_others(city: Tariff, other_operator: Operator, carla: User, olga: User) -> None:
    with pytest.raises(Invalid):
        assigning.assign(tariff=city, operator=other_operator, by=carla)
    with pytest.raises(Invalid):
        assigning.assign(
            tariff=city, operator=city.operator, location=LocationFactory(operator=other_operator), by=olga
        )
    assert TariffAssignment.objects.count() == 1  # the one that the first tariff brought


def test_a_tariff_in_use_is_not_put_away(city: Tariff, operator: Operator, location: Location, olga: User) -> None:
    assigning.assign(tariff=city, operator=operator, location=location, by=olga)
    for place in (location, None):
        with pytest.raises(Conflict) as refused:
            tariffs.archive(tariff=city, by=olga)
        assert refused.value.code == "tariff_in_use"
        assigning.assign(tariff=None, operator=operator, location=place, by=olga)
    assert tariffs.archive(tariff=city, by=olga).archived_at == NOON
    assert not Tariff.objects.offered().exists()
    for refused_use in (
        lambda: tariffs.change(tariff=city, name="Again", by=olga),
        lambda: assigning.assign(tariff=city, operator=operator, by=olga),
    ):
        with pytest.raises(Conflict) as again:
            refused_use()
        assert again.value.code == "tariff_archived"


def test_what_was_published_is_not_rewritten_behind_its_back(city: Tariff) -> None:
    """Neither one by one nor in bulk; only the columns of a version that was called off are written later."""
    version, assigned = city.versions.get(), TariffAssignment.objects.get()
    for change in (
        lambda: TariffVersion.objects.update(elements="[]"),
        lambda: city.versions.update(currency="CHF"),
        lambda: TariffVersion.objects.bulk_update([version], ["currency"]),
        lambda: TariffVersion.objects.all().delete(),
        lambda: TariffAssignment.objects.update(ad_hoc=True),
        version.save,
        version.delete,
        assigned.save,
        assigned.delete,
    ):
        with pytest.raises(TypeError):
            change()  # type: ignore[operator]
    assert (city.versions.get().elements, TariffAssignment.objects.get().ad_hoc) == (version.elements, False)
