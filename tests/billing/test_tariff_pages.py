"""/ops/tariffs/: a price is made, changed, tried and put to work on pages that say what is wrong and where."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Operator, User
from billing import pricing
from billing.models import Tariff, TariffVersion
from tests.factories import LocationFactory

AC = {"name": "AC 22", "energy": "0,55", "parking": "0,10", "grace_min": "15", "vat": "22", "tax_included": "on"}


@pytest.fixture
def desk(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def make(desk: Client, **terms: str) -> Tariff:
    answer = desk.post("/ops/tariffs/new/", {**AC, **terms})
    assert answer.status_code == 302, answer.context["form"].errors
    return Tariff.objects.latest("pk")


def test_anna_makes_a_tariff_in_her_own_notation(desk: Client, operator: Operator) -> None:
    tariff = make(desk)
    version = tariff.versions.get()
    assert (tariff.operator, version.number, version.tax_included) == (operator, 1, True)
    assert pricing.describe(version, "it").replace("\u00a0", " ").startswith("0,55 €/kWh")


def test_a_change_is_a_new_version(desk: Client) -> None:
    tariff = make(desk)
    page = desk.get(f"/ops/tariffs/{tariff.pk}/change/", headers={"Accept-Language": "it"}).content.decode()
    assert 'value="0,55"' in page
    desk.post(f"/ops/tariffs/{tariff.pk}/change/", {**AC, "energy": "0.59"})
    assert [v.number for v in tariff.versions.order_by("number")] == [1, 2]


def test_what_the_plain_form_cannot_say_comes_back_as_it_was_given(desk: Client) -> None:
    night = (
        '[{"price_components":[{"type":"ENERGY","price":0.39,"step_size":1}],"restrictions":{"start_time":"22:00"}}]'
    )
    tariff = make(desk, expert=night)
    form = desk.get(f"/ops/tariffs/{tariff.pk}/change/").context["form"]
    assert form["expert"].value() == tariff.versions.get().elements
    assert '"price":0.39' in form["expert"].value()


def test_a_price_with_whole_minutes_is_edited_in_plain_words(desk: Client) -> None:
    tariff = make(desk, whole_minutes="on")
    form = desk.get(f"/ops/tariffs/{tariff.pk}/change/").context["form"]
    assert form["whole_minutes"].value() is True
    assert (form["energy"].value(), form["expert"].value()) == ("0,55", "")


@pytest.mark.parametrize("start", ["slow", "fast", "night"])
def test_a_new_tariff_may_begin_with_an_example(desk: Client, start: str) -> None:
    form = desk.get(f"/ops/tariffs/new/?start={start}").context["form"]
    shown = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    answer = desk.post("/ops/tariffs/new/", {**shown, "name": "Example"})
    assert answer.status_code == 302, answer.context["form"].errors


def test_prices_are_typed_in_the_operators_currency(desk: Client, operator: Operator) -> None:
    Operator.objects.filter(pk=operator.pk).update(currency="CHF")
    page = desk.get("/ops/tariffs/new/").content.decode()
    assert ("<span>CHF</span>" in page, "<span>€</span>" in page) == (True, False)


def test_an_unknown_example_is_an_empty_form(desk: Client) -> None:
    assert desk.get("/ops/tariffs/new/?start=%00beer").context["form"]["energy"].value() is None


def test_the_page_shows_prices_week_and_versions(desk: Client) -> None:
    tariff = make(desk)
    desk.post(f"/ops/tariffs/{tariff.pk}/change/", {**AC, "energy": "0.59"})
    page = desk.get(f"/ops/tariffs/{tariff.pk}/", headers={"Accept-Language": "en"})
    assert [(row.what, row.price, row.before) for row in page.context["prices"]] == [
        ("Energy", "€0.59/kWh", "€0.55/kWh"),
        ("Parking after the charge", "€0.10/min", "€0.10/min"),
    ]
    assert page.context["week"].answer == "The same price at every hour."
    assert [old.number for old, _sentence in page.context["versions"]] == [2, 1]


def test_an_experts_numbers_are_exact(desk: Client) -> None:
    tariff = make(desk, expert='[{"price_components":[{"type":"ENERGY","price":0.1234567890123456789}]}]')
    assert "0.1234567890123456789" in tariff.versions.get().elements


def test_zero_is_a_price(desk: Client) -> None:
    free = make(desk, energy="0", parking="")
    assert pricing.describe(free.versions.get(), "en") == "free of charge"


def test_a_place_gets_the_tariff_and_the_rest_the_default(desk: Client, operator: Operator) -> None:
    place = LocationFactory(operator=operator)
    special, usual = make(desk, name="Special"), make(desk, name="Usual", energy="0,49")
    desk.post(f"/ops/tariffs/{special.pk}/assign/", {"location": place.pk})
    desk.post(f"/ops/tariffs/{usual.pk}/assign/", {"location": ""})
    now = timezone.now()
    found = [pricing.tariff_for(location_id=location, operator_id=operator.pk, at=now) for location in (place.pk, None)]
    assert [version.tariff for version in found if version] == [special, usual]


def test_the_simulator_prices_a_charge(desk: Client) -> None:
    tariff = make(desk)
    answer = desk.get(
        f"/ops/tariffs/{tariff.pk}/?start=2026-06-15T16:00&kwh=20&kw=10&idle=40",
        headers={"HX-Request": "true", "Accept-Language": "it"},
    )
    trace = answer.context["trace"]
    assert trace.incl_vat == Decimal("13.50")  # 20 × 0,55 + 25 min × 0,10
    assert "13,50" in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "kwh=x&kw=1&idle=1&start=",
        "kwh=1&kw=0&idle=1&start=2026-06-15T16:00",
        "kwh=1&kw=1&idle=1&start=0001-01-01T00:00",
        "kwh=1&kw=1&idle=1&start=9999-12-31T23:59",
    ],
)
def test_a_wrong_charge_is_named_not_priced(desk: Client, query: str) -> None:
    answer = desk.get(f"/ops/tariffs/{make(desk).pk}/?{query}")
    assert answer.status_code == 200
    assert answer.context["trace"] is None


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"energy": "-1"}, "energy"),
        ({"energy": "abc"}, "energy"),
        ({"vat": "101"}, "vat"),
        ({"name": ""}, "name"),
        ({"min_price": "5", "max_price": "1"}, "max_price"),
        ({"expert": "{not json"}, "expert"),
        ({"expert": '[{"price_components": [{"type": "BEER", "price": 1}]}]'}, "expert"),
        ({"expert": '{"price_components": 7}'}, "expert"),
        ({"expert": "0"}, "expert"),
        ({"expert": '[{"price_components": [{"type": "ENERGY", "price": NaN}]}]'}, "expert"),
        ({"expert": '[{"price_components": [{"type": "ENERGY", "price": 1.5, "vat": 122}]}]'}, "expert"),
        ({"energy": "", "parking": ""}, "energy"),
        ({"energy": "1.234,56"}, "energy"),
        ({"energy": "9" * 30}, "energy"),
        ({"name": "a\0b"}, "name"),
    ],
)
def test_a_wrong_tariff_is_refused_beside_its_field(desk: Client, terms: dict[str, str], field: str) -> None:
    answer = desk.post("/ops/tariffs/new/", {**AC, **terms})
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]
    assert not TariffVersion.objects.exists()


def test_a_tariff_in_use_is_not_archived(desk: Client) -> None:
    tariff = make(desk)
    desk.post(f"/ops/tariffs/{tariff.pk}/assign/", {"location": ""})
    desk.post(f"/ops/tariffs/{tariff.pk}/archive/")
    tariff.refresh_from_db()
    assert tariff.archived_at is None


def test_the_list_costs_the_same_for_one_and_for_many(desk: Client, django_assert_max_num_queries) -> None:
    for number in range(6):
        make(desk, name=f"T{number}")
    with django_assert_max_num_queries(16):
        assert desk.get("/ops/tariffs/").status_code == 200


def test_carla_does_not_see_olgas_prices(desk: Client, carla: User) -> None:
    tariff = make(desk)
    hers = Client()
    hers.force_login(carla)
    assert "AC 22" not in hers.get("/ops/tariffs/").content.decode()
    for path in ("", "change/"):
        assert hers.get(f"/ops/tariffs/{tariff.pk}/{path}").status_code == 404
    assert hers.post(f"/ops/tariffs/{tariff.pk}/assign/", {"location": ""}).status_code == 404


def test_tom_reads_prices_and_changes_none(client: Client, desk: Client, tom: User) -> None:
    tariff = make(desk)
    client.force_login(tom)
    assert client.get(f"/ops/tariffs/{tariff.pk}/").status_code == 200
    assert client.post(f"/ops/tariffs/{tariff.pk}/change/", AC).status_code == 403
    assert tariff.versions.count() == 1
