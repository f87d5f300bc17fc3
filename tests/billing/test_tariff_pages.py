"""/ops/tariffs/: a price is written, tried, published, compared and taken back on pages that say what is wrong and where."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Driver, DriverGroup, Operator, User
from billing import pricing
from billing.models import Tariff, TariffAssignment, TariffDraft, TariffVersion
from billing.pricing import AD_HOC
from billing.services.prices import assigning, tariffs
from cms.core.errors import Conflict
from stations.models import EVSE
from tests.factories import LocationFactory, StationFactory
from tests.factories.billing import TariffAssignmentFactory, TariffFactory, TariffVersionFactory, element
from tests.factories.stations import EvseFactory

SIMPLE = {
    "mode": "simple", "name": "AC 22", "currency": "EUR", "tax_included": "on", "energy": "0,55", "parking": "0,10", "grace_min": "15",
    "vat": "22",
}  # fmt: skip
FULL = {"mode": "full", "name": "AC 22", "currency": "EUR", "tax_included": "on", "rows": ["0"], "e0-energy_price": "0.55", "e0-energy_vat": "22"}  # fmt: skip

pytestmark = pytest.mark.any_database


@pytest.fixture
def desk(client: Client, anna: User) -> Client:
    client.force_login(anna)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def tariff(operator: Operator) -> Tariff:
    """0.55 €/kWh for everybody everywhere."""
    version: TariffVersion = TariffVersionFactory(tariff=TariffFactory(operator=operator, name="AC 22"))
    TariffAssignmentFactory(operator=operator, tariff=version.tariff)
    return version.tariff


@pytest.fixture
def fast(operator: Operator) -> EVSE:
    """A point of 150 kW."""
    evse: EVSE = EvseFactory(station=StationFactory(operator=operator), uid="IT*ADR*E0150*1", power_type="DC", max_power_w=150_000)  # fmt: skip
    return evse


def type_in(desk: Client, where: object, **typed: Any) -> Any:
    return desk.post(f"/ops/tariffs/{where}/try/", {**SIMPLE, **typed}, headers={"HX-Request": "true"})


def press(desk: Client, where: object, do: str, **typed: Any) -> Any:
    return desk.post(f"/ops/tariffs/{where}/change/", {**SIMPLE, **typed, "do": do})


def publish(desk: Client, where: object, **choices: str) -> Any:
    """Reads the confirmation and confirms what it showed."""
    form = desk.get(f"/ops/tariffs/{where}/publish/").context["form"]
    shown = {name: str(form.initial[name]) for name in ("base", "seen")}
    return desk.post(f"/ops/tariffs/{where}/publish/", {**shown, **choices})


def numbers(tariff: Tariff) -> list[int]:
    return list(tariff.versions.order_by("number").values_list("number", flat=True))


# ---- writing ---------------------------------------------------------------------------------------------------------


def test_anna_makes_a_tariff_in_her_own_notation(desk: Client, operator: Operator, anna: User) -> None:
    type_in(desk, "new")
    assert publish(desk, "new").status_code == 302
    version = TariffVersion.objects.get()
    assert (version.tariff.operator, version.number, version.tax_included, version.by) == (operator, 1, True, anna)
    assert pricing.describe(version, "it").replace("\u00a0", " ").startswith("0,55 €/kWh")
    assert not TariffDraft.objects.exists()


def test_every_page_of_a_tariff_opens(desk: Client, tariff: Tariff) -> None:
    type_in(desk, tariff.pk, energy="0,59")
    for page in ("", "change/", "publish/", "compare/", "compare/?one=1&other=draft", "replay/", "replay/?of=1"):
        assert desk.get(f"/ops/tariffs/{tariff.pk}/{page}").status_code == 200, page
    for page in ("", "ask/", "ask/?who=ad_hoc", "new/", "new/?start=night", "new/?start=%00beer", "new/replay/"):
        assert desk.get(f"/ops/tariffs/{page}").status_code == 200, page


@pytest.mark.parametrize(
    "query",
    [
        "replay/?of=\u00b2", "replay/?of=999", "replay/?of=1&job=\u00b2", "replay/?charges=where&point=%00&location=" + "9" * 30,
        "compare/?one=\u00b2&other=-1", "assign/?valid_from=9999-12-31T23:59", "?sim-kwh=1e30&sim-start=0001-01-01T00:00",
    ],
)  # fmt: skip
def test_an_address_that_means_nothing_breaks_no_page(desk: Client, tariff: Tariff, query: str) -> None:
    assert desk.get(f"/ops/tariffs/{tariff.pk}/{query}").status_code == 200


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_no_price_is_looked_up_outside_of_our_times(desk: Client, at: str) -> None:
    assert list(desk.get(f"/ops/tariffs/ask/?at={at}").context["form"].errors) == ["at"]


@pytest.mark.parametrize("start", ["slow", "fast", "night"])
def test_a_new_tariff_may_begin_with_an_example(desk: Client, start: str) -> None:
    shown = desk.get(f"/ops/tariffs/new/?start={start}").context["editor"].typed
    answer = desk.post("/ops/tariffs/new/", {**shown, "name": "Example", "do": "publish"})
    assert (answer.status_code, answer.url) == (302, "/ops/tariffs/new/publish/")


def test_prices_are_typed_in_the_operators_currency(desk: Client, operator: Operator) -> None:
    Operator.objects.filter(pk=operator.pk).update(currency="CHF")
    page = desk.get("/ops/tariffs/new/?start=empty").content.decode()
    assert ("<span>CHF</span>" in page, "<span>€</span>" in page) == (True, False)


def test_what_is_typed_is_kept_and_valid_nowhere(desk: Client, tariff: Tariff, operator: Operator) -> None:
    type_in(desk, tariff.pk, energy="0,")
    page = desk.get(f"/ops/tariffs/{tariff.pk}/change/")
    assert 'value="0,"' in page.content.decode()
    assert numbers(tariff) == [1]
    version = pricing.tariff_for(operator_id=operator.pk, location_id=None, at=timezone.now())
    assert version is not None
    assert pricing.describe(version, "en").startswith("€0.55")


def test_each_keystroke_is_answered_beside_the_fields(desk: Client, tariff: Tariff) -> None:
    charge = {"sim-start": "2026-06-15T16:00", "sim-kwh": "20", "sim-plug": "11000", "sim-minutes": "120", "sim-idle": "40"}  # fmt: skip
    answer = type_in(desk, tariff.pk, energy="0,60", **charge)
    assert answer.context["priced"].trace.incl_vat == Decimal("14.50")  # 20 × 0.60 + 25 min × 0.10
    assert answer.context["sentences"][0].first == "€0.60/kWh, VAT included"
    page = answer.content.decode()
    blocks = ("t-said", "t-week", "sim-lines", "t-law", "t-problems", "t-saved", "t-overtaken")
    assert page.count('hx-swap-oob="true"') == len(blocks)
    assert all(f'id="{block}"' in page for block in blocks)


def test_the_simulator_knows_the_holidays_of_the_site(desk: Client, tariff: Tariff, operator: Operator) -> None:
    LocationFactory(operator=operator, country_code="IT")
    ferragosto = {"sim-start": "2026-08-15T10:00", "sim-kwh": "10", "sim-plug": "11000", "sim-minutes": "60", "sim-idle": ""}  # fmt: skip
    cheaper = {**FULL, "rows": ["1", "0"], "e1-energy_price": "0,30", "e1-holidays": "only"}
    totals = [
        type_in(desk, tariff.pk, **cheaper, **{**ferragosto, "sim-start": day}).context["priced"].trace.incl_vat
        for day in ("2026-08-15T10:00", "2026-08-14T10:00")
    ]
    assert totals == [Decimal("3.00"), Decimal("5.50")]


def test_half_a_price_is_said_to_be_one_and_changes_nothing_else(desk: Client, tariff: Tariff) -> None:
    answer = type_in(desk, tariff.pk, energy="abc")
    assert [target for target, _label, _text in answer.context["problems"]] == ["id_energy"]
    assert 'id="t-said"' not in answer.content.decode()


def test_a_tariff_without_a_name_is_priced_all_the_same(desk: Client) -> None:
    answer = type_in(desk, "new", name="")
    assert answer.context["priced"] is not None
    assert desk.post("/ops/tariffs/new/", {**SIMPLE, "name": "", "do": "publish"}).status_code == 400


@pytest.mark.parametrize("charge", [{"sim-kwh": "x"}, {"sim-start": "0001-01-01T00:00"}, {"sim-start": "9999-12-31T23:59"}, {"sim-plug": "beer"}, {"sim-minutes": "0"}, {"sim-who": "plan-99"}])  # fmt: skip
def test_a_wrong_charge_is_named_not_priced(desk: Client, tariff: Tariff, charge: dict[str, str]) -> None:
    whole = {"sim-start": "2026-06-15T16:00", "sim-kwh": "1", "sim-plug": "11000", "sim-minutes": "", "sim-idle": "0", **charge}  # fmt: skip
    assert type_in(desk, tariff.pk, **whole).context["priced"] is None
    assert desk.get(f"/ops/tariffs/{tariff.pk}/", whole).status_code == 200


def test_elements_are_added_moved_and_removed_without_javascript(desk: Client, tariff: Tariff) -> None:
    assert press(desk, tariff.pk, "full").status_code == 302
    for do, expected in (("add", ["0", "1", "2"]), ("up-2", ["0", "2", "1"]), ("drop-0", ["2", "1"])):
        typed = desk.get(f"/ops/tariffs/{tariff.pk}/change/").context["editor"].typed
        desk.post(f"/ops/tariffs/{tariff.pk}/change/", {**typed, "do": do})
        assert desk.get(f"/ops/tariffs/{tariff.pk}/change/").context["editor"].rows == expected


def test_with_javascript_only_the_sheet_comes_back(desk: Client, tariff: Tariff) -> None:
    answer = desk.post(f"/ops/tariffs/{tariff.pk}/change/", {**FULL, "do": "add"}, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert ("<html" in page, 'id="e1"' in page) == (False, True)


def test_errors_stand_beside_the_fields_and_above_them(desk: Client, tariff: Tariff) -> None:
    answer = desk.post(f"/ops/tariffs/{tariff.pk}/change/", {**FULL, "e0-end_time": "25:00", "do": "publish"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert page.count("A time such as 17:30 is expected.") == 2
    assert 'href="#id_e0-end_time"' in page
    assert numbers(tariff) == [1]


def test_holes_are_said_before_anything_is_published(desk: Client, tariff: Tariff) -> None:
    type_in(desk, tariff.pk, **FULL, **{"e0-start_time": "6"})
    page = desk.get(f"/ops/tariffs/{tariff.pk}/publish/")
    assert [note.text for note in page.context["holes"]] == ["Every day 00:00–06:00: energy has no price, it is free."]
    assert publish(desk, tariff.pk).status_code == 400
    assert numbers(tariff) == [1]
    assert publish(desk, tariff.pk, known="on").status_code == 302


# ---- publishing ------------------------------------------------------------------------------------------------------


def test_a_change_is_a_new_version_with_its_author(desk: Client, tariff: Tariff, anna: User) -> None:
    type_in(desk, tariff.pk, energy="0,59", parking="", grace_min="")
    publish(desk, tariff.pk)
    assert numbers(tariff) == [1, 2]
    told = desk.get(f"/ops/tariffs/{tariff.pk}/").context["past"].told[0]
    assert (told.author, told.change.replace("\u00a0", " "), told.state) == (str(anna), "Energy: €0.55/kWh → €0.59/kWh", "live")  # fmt: skip


def test_a_scheduled_version_waits_and_may_be_called_off(desk: Client, tariff: Tariff, operator: Operator) -> None:
    type_in(desk, tariff.pk, energy="0,59")
    tomorrow = timezone.localtime() + timedelta(days=1)
    publish(desk, tariff.pk, at=f"{tomorrow:%Y-%m-%dT%H:%M}")
    assert _price(operator, tomorrow + timedelta(hours=1)).startswith("€0.59")
    desk.post(f"/ops/tariffs/{tariff.pk}/versions/2/cancel/")
    desk.post(f"/ops/tariffs/{tariff.pk}/versions/2/cancel/")  # twice is boring
    assert _price(operator, tomorrow + timedelta(hours=1)).startswith("€0.55")
    assert [told.state for told in desk.get(f"/ops/tariffs/{tariff.pk}/").context["past"].told] == ["cancelled", "live"]


def test_what_has_begun_cannot_be_called_off(desk: Client, tariff: Tariff) -> None:
    tariffs.change(tariff=tariff, max_price=Decimal(9), by=None)
    desk.post(f"/ops/tariffs/{tariff.pk}/versions/2/cancel/")
    assert not TariffVersion.objects.filter(cancelled_at__isnull=False).exists()


def test_the_past_cannot_be_priced(desk: Client, tariff: Tariff) -> None:
    type_in(desk, tariff.pk, energy="0,59")
    answer = publish(desk, tariff.pk, at="2026-01-01T00:00")
    assert answer.context["form"].errors["at"] == ["This moment has passed."]
    assert numbers(tariff) == [1]


def test_nobody_publishes_over_what_he_has_not_seen(desk: Client, tariff: Tariff, olga: User) -> None:
    type_in(desk, tariff.pk, energy="0,59")
    tariffs.change(tariff=tariff, max_price=Decimal(9), by=olga)
    answer = publish(desk, tariff.pk)
    assert (answer.status_code, numbers(tariff)) == (400, [1, 2])
    assert "version 2" in str(answer.context["form"].non_field_errors())
    desk.post(f"/ops/tariffs/{tariff.pk}/rebase/")
    publish(desk, tariff.pk)
    assert numbers(tariff) == [1, 2, 3]


def test_who_types_on_sees_that_somebody_published(desk: Client, tariff: Tariff, olga: User) -> None:
    """Beside the fields, at the next pause of typing."""
    assert "published meanwhile" not in type_in(desk, tariff.pk, energy="0,59").content.decode()
    tariffs.change(tariff=tariff, max_price=Decimal(9), by=olga)
    said = type_in(desk, tariff.pk, energy="0,6").content.decode()
    assert "Version 2 was published meanwhile" in said


def test_the_answer_to_a_keystroke_says_what_is_wrong_with_which_field(desk: Client, tariff: Tariff) -> None:
    said = type_in(desk, tariff.pk, energy="0,6x").content.decode()
    assert (
        '<li data-field="id_energy"><a href="#id_energy">Energy, per kWh</a>: <span>Enter a number.</span></li>' in said
    )


def test_what_changed_since_it_was_shown_is_shown_again(desk: Client, tariff: Tariff) -> None:
    type_in(desk, tariff.pk, energy="0,59")
    answer = publish(desk, tariff.pk, seen="something else")
    assert (answer.status_code, numbers(tariff)) == (400, [1])


def test_going_back_is_publishing_again(desk: Client, tariff: Tariff) -> None:
    tariffs.change(tariff=tariff, max_price=Decimal(9), by=None)
    assert desk.post(f"/ops/tariffs/{tariff.pk}/versions/1/again/").url == f"/ops/tariffs/{tariff.pk}/publish/"
    publish(desk, tariff.pk)
    first, third = (tariff.versions.get(number=number) for number in (1, 3))
    assert pricing.parsed(first).rules == pricing.parsed(third).rules
    assert (third.max_price, numbers(tariff)) == (None, [1, 2, 3])


def test_two_versions_are_compared_in_words_and_numbers(desk: Client, tariff: Tariff) -> None:
    type_in(desk, tariff.pk, energy="0,66", parking="", grace_min="", max_price="12")
    changes = desk.get(f"/ops/tariffs/{tariff.pk}/compare/?one=1&other=draft").context["changes"]
    assert [(c.what, c.before.replace("\u00a0", " "), c.after.replace("\u00a0", " "), c.percent) for c in changes] == [
        ("Energy", "€0.55/kWh", "€0.66/kWh", 20),
        ("Maximum price", "", "€12.00", None),
    ]


def test_without_a_wish_what_holds_is_compared_with_what_held_before(desk: Client, tariff: Tariff) -> None:
    assert desk.get(f"/ops/tariffs/{tariff.pk}/compare/").context["changes"] == []
    tariffs.change(tariff=tariff, max_price=Decimal(9), by=None)
    page = desk.get(f"/ops/tariffs/{tariff.pk}/compare/").context
    assert ([side["version"].number for side in page["sides"]], len(page["changes"])) == ([1, 2], 1)
    tariffs.change(tariff=tariff, max_price=None, valid_from=timezone.now() + timedelta(days=1), by=None)
    page = desk.get(f"/ops/tariffs/{tariff.pk}/compare/").context
    assert [side["version"].number for side in page["sides"]] == [2, 3]


# ---- the law ---------------------------------------------------------------------------------------------------------


def test_a_fee_per_charge_is_not_published_for_fast_points(desk: Client, tariff: Tariff, fast: EVSE) -> None:
    type_in(desk, tariff.pk, flat="1")
    page = desk.get(f"/ops/tariffs/{tariff.pk}/publish/")
    assert [point.uid for point in page.context["forbidden"]] == [fast.uid]
    answer = publish(desk, tariff.pk)
    assert fast.uid in str(answer.context["form"].non_field_errors())
    assert numbers(tariff) == [1]


def test_it_is_where_they_have_another_price_for_people_without_an_account(
    desk: Client, tariff: Tariff, fast: EVSE, operator: Operator
) -> None:
    lawful = TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
    assigning.assign(tariff=lawful, operator=operator, evse=fast, ad_hoc=True, by=None)
    type_in(desk, tariff.pk, flat="1")
    assert publish(desk, tariff.pk).status_code == 302


def test_it_is_not_put_on_fast_points_afterwards(desk: Client, tariff: Tariff, fast: EVSE, operator: Operator) -> None:
    slow = TariffVersionFactory(tariff=TariffFactory(operator=operator), min_price=Decimal(2)).tariff
    page = desk.post(f"/ops/tariffs/{slow.pk}/assign/", {"point": fast.uid, "who": "ad_hoc"})
    assert page.status_code == 400
    assert fast.uid in str(page.context["assign"].non_field_errors())
    assert not TariffAssignment.objects.filter(tariff=slow).exists()


def test_no_program_gets_around_the_law(tariff: Tariff, fast: EVSE, operator: Operator, olga: User) -> None:
    with pytest.raises(Conflict, match="AFIR") as refused:
        tariffs.change(tariff=tariff, min_price=Decimal(2), by=olga)
    assert (refused.value.code, refused.value.facts["points"]) == ("afir", [fast.uid])
    assert numbers(tariff) == [1]
    other = tariffs.create(
        operator=operator, name="AC", elements=[element("TIME", "6")], by=olga
    ).tariff  # holds nowhere
    with pytest.raises(Conflict, match="AFIR"):
        assigning.assign(tariff=other, operator=operator, station=fast.station, by=olga)
    assert not TariffAssignment.objects.filter(tariff=other).exists()


@pytest.fixture
def slow(tariff: Tariff, operator: Operator) -> Tariff:
    """A price with a fee per charge for everybody everywhere, and AC 22 for those without an account."""
    version: TariffVersion = TariffVersionFactory(
        tariff=TariffFactory(operator=operator, name="With a fee"), min_price=Decimal(2)
    )
    assigning.assign(tariff=tariff, operator=operator, ad_hoc=True, by=None)
    assigning.assign(tariff=version.tariff, operator=operator, by=None)
    return version.tariff


def test_the_lawful_price_of_fast_points_is_not_ended(
    desk: Client, tariff: Tariff, slow: Tariff, fast: EVSE, operator: Operator, olga: User
) -> None:
    row = TariffAssignment.objects.get(ad_hoc=True)
    page = desk.post(f"/ops/tariffs/{tariff.pk}/assignments/{row.pk}/end/", follow=True)
    (said,) = (str(message) for message in page.context["messages"])
    assert fast.uid in said
    assert said.endswith("Their price would be: With a fee.")
    with pytest.raises(Conflict, match="With a fee"):
        assigning.assign(
            tariff=None, operator=operator, ad_hoc=True, valid_from=timezone.now() + timedelta(days=3), by=olga
        )
    assert TariffAssignment.objects.filter(ad_hoc=True).count() == 1


def test_it_is_ended_where_no_fast_point_would_notice(slow: Tariff, operator: Operator, olga: User) -> None:
    assigning.assign(tariff=None, operator=operator, ad_hoc=True, by=olga)
    found = pricing.tariff_for(operator_id=operator.pk, location_id=None, at=timezone.now(), who=AD_HOC)
    assert found is not None
    assert found.tariff == slow


def test_a_price_that_begins_later_is_asked_of_later(tariff: Tariff, slow: Tariff, fast: EVSE, operator: Operator, olga: User) -> None:  # fmt: skip
    """The station's own lawful price hides what its location will have: it may not end before that."""
    soon, station = timezone.now() + timedelta(days=2), {"station": fast.station, "ad_hoc": True}
    assigning.assign(tariff=tariff, operator=operator, by=olga, **station)
    assigning.assign(tariff=slow, operator=operator, ad_hoc=True, valid_from=soon, by=olga)
    with pytest.raises(Conflict, match="AFIR"):
        assigning.assign(tariff=None, operator=operator, by=olga, **station)


def test_a_lawful_version_that_fast_points_wait_for_is_not_called_off(
    tariff: Tariff, slow: Tariff, fast: EVSE, operator: Operator, olga: User
) -> None:
    week = timezone.now() + timedelta(days=7)
    version = tariffs.change(tariff=slow, min_price=None, valid_from=week, by=olga)
    assigning.assign(tariff=slow, operator=operator, ad_hoc=True, valid_from=week, by=olga)
    with pytest.raises(Conflict, match="AFIR"):
        tariffs.cancel(version=version, by=olga)
    assert slow.versions.standing().count() == 2


# ---- where it holds --------------------------------------------------------------------------------------------------


def test_a_place_gets_the_tariff_and_gives_it_back(desk: Client, tariff: Tariff, operator: Operator) -> None:
    place = LocationFactory(operator=operator)
    special = TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
    desk.post(f"/ops/tariffs/{special.pk}/assign/", {"location": place.pk})
    row = TariffAssignment.objects.get(tariff=special)
    assert _tariff(operator, place.pk) == special
    desk.post(f"/ops/tariffs/{special.pk}/assignments/{row.pk}/end/")
    assert _tariff(operator, place.pk) == tariff


def test_what_was_typed_comes_back_where_it_cannot_hold(desk: Client, tariff: Tariff) -> None:
    typed = {"point": "IT*NOBODY", "who": "partner", "partner": "Enel", "valid_until": "2001-01-01T00:00"}
    page = desk.post(f"/ops/tariffs/{tariff.pk}/assign/", typed)
    assert (page.status_code, set(page.context["assign"].errors)) == (400, {"point", "partner"})
    assert 'value="Enel"' in page.content.decode()
    page = desk.post(f"/ops/tariffs/{tariff.pk}/assign/", {"valid_until": "2001-01-01T00:00"})
    assert (page.status_code, set(page.context["assign"].errors)) == (400, {"valid_until"})
    assert TariffAssignment.objects.count() == 1


def test_a_page_says_what_an_assignment_would_meet(desk: Client, tariff: Tariff, operator: Operator) -> None:
    place = LocationFactory(operator=operator, name="Fiera")
    special = TariffVersionFactory(tariff=TariffFactory(operator=operator, name="Fair")).tariff
    assigning.assign(tariff=special, operator=operator, location=place, by=None)
    url = f"/ops/tariffs/{tariff.pk}/assign/?location={place.pk}&who="
    met = desk.get(url, headers={"HX-Request": "true"})
    assert met.context["met"] == ["It takes the place of Fair there.", "Asked after it: AC 22 (everywhere, everybody)."]
    assert "<!doctype html>" not in met.content.decode()
    made = desk.post(f"/ops/tariffs/{tariff.pk}/assign/", {"location": place.pk}, follow=True)
    (said,) = (str(message) for message in made.context["messages"])
    assert "It takes the place of Fair there." in said


def test_what_begins_later_may_be_called_off(desk: Client, tariff: Tariff, operator: Operator) -> None:
    special = TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
    tomorrow = timezone.localtime() + timedelta(days=1)
    desk.post(f"/ops/tariffs/{special.pk}/assign/", {"valid_from": f"{tomorrow:%Y-%m-%dT%H:%M}"})
    row = TariffAssignment.objects.get(tariff=special)
    desk.post(f"/ops/tariffs/{special.pk}/assignments/{row.pk}/end/")
    found = pricing.tariff_for(operator_id=operator.pk, location_id=None, at=tomorrow + timedelta(days=1))
    assert found is not None
    assert found.tariff == tariff


def test_the_look_up_names_the_winner_and_who_was_too_late(desk: Client, tariff: Tariff, operator: Operator) -> None:
    special = TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
    assigning.assign(tariff=special, operator=operator, ad_hoc=True, by=None)
    steps = desk.get("/ops/tariffs/ask/?who=ad_hoc").context["steps"]
    assert [(step.where, step.who, step.won) for step in steps] == [
        ("everywhere", "people without an account", True),
        ("everywhere", "everybody", False),
    ]
    assert [step.row.tariff for step in steps] == [special, tariff]
    assert (
        pricing.tariff_for(operator_id=operator.pk, location_id=None, at=timezone.now(), who=AD_HOC).tariff == special
    )  # type: ignore[union-attr]


def test_a_driver_is_asked_about_with_the_groups_that_they_belong_to(
    desk: Client, tariff: Tariff, operator: Operator, dario: Driver
) -> None:
    group = DriverGroup.objects.create(operator=operator, name="Taxi")
    group.drivers.add(dario)
    special = TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
    assigning.assign(tariff=special, operator=operator, driver_group=group, by=None)
    steps = desk.get("/ops/tariffs/ask/?driver=DARIO@driver.example").context["steps"]
    assert [(step.who, step.row.tariff, step.won) for step in steps] == [
        ("group Taxi", special, True),
        ("everybody", tariff, False),
    ]


@pytest.mark.parametrize("query", ["point=nowhere", "driver=nobody@example.org", "location=999", "who=plan-9", "who=partner", "at=yesterday", "power_type=beer"])  # fmt: skip
def test_a_wrong_question_is_named(desk: Client, query: str) -> None:
    page = desk.get(f"/ops/tariffs/ask/?{query}")
    assert (page.status_code, page.context["steps"], bool(page.context["form"].errors)) == (200, [], True)


# ---- who may ---------------------------------------------------------------------------------------------------------


def test_carla_sees_no_tariff_of_another_operator(client: Client, carla: User, tariff: Tariff) -> None:
    client.force_login(carla)
    for page in ("", "change/", "publish/", "compare/", "replay/"):
        assert client.get(f"/ops/tariffs/{tariff.pk}/{page}").status_code == 404, page
    for act in ("try", "discard", "rebase", "assign", "archive", "versions/1/again", "versions/1/cancel"):
        assert client.post(f"/ops/tariffs/{tariff.pk}/{act}/").status_code == 404, act
    assert (TariffDraft.objects.count(), numbers(tariff)) == (0, [1])


def test_tom_reads_prices_and_changes_none(client: Client, tom: User, tariff: Tariff) -> None:
    client.force_login(tom)
    assert client.get(f"/ops/tariffs/{tariff.pk}/").status_code == 200
    for page in ("change/", "publish/"):
        assert client.get(f"/ops/tariffs/{tariff.pk}/{page}").status_code == 403, page
    for act in ("try", "assign", "archive", "versions/1/again"):
        assert client.post(f"/ops/tariffs/{tariff.pk}/{act}/").status_code == 403, act
    assert (TariffDraft.objects.count(), numbers(tariff)) == (0, [1])


def test_a_draft_is_its_authors_alone(desk: Client, client: Client, tariff: Tariff, olga: User) -> None:
    type_in(desk, tariff.pk, energy="0,99")
    client.force_login(olga)
    assert client.get(f"/ops/tariffs/{tariff.pk}/change/").context["draft"] is None
    assert client.get(f"/ops/tariffs/{tariff.pk}/compare/?other=draft").context["changes"] == []


def test_the_list_costs_the_same_for_any_number(desk: Client, tariff: Tariff, operator: Operator) -> None:
    with CaptureQueriesContext(connection) as one:
        desk.get("/ops/tariffs/")
    for _n in range(6):
        other = TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
        assigning.assign(tariff=other, operator=operator, location=LocationFactory(operator=operator), by=None)
    with CaptureQueriesContext(connection) as seven:
        page = desk.get("/ops/tariffs/")
    assert (len(page.context["rows"]), len(seven)) == (7, len(one))


def test_an_archived_tariff_is_not_edited(desk: Client, operator: Operator) -> None:
    old = TariffVersionFactory(tariff=TariffFactory(operator=operator, archived_at=timezone.now())).tariff
    assert desk.get(f"/ops/tariffs/{old.pk}/").status_code == 200
    assert desk.get(f"/ops/tariffs/{old.pk}/change/").status_code == 302
    type_in(desk, old.pk)
    assert not TariffDraft.objects.exists()


def _price(operator: Operator, at: Any) -> str:
    version = pricing.tariff_for(operator_id=operator.pk, location_id=None, at=at)
    assert version is not None
    return pricing.describe(version, "en")


def _tariff(operator: Operator, location: int) -> Tariff:
    version = pricing.tariff_for(operator_id=operator.pk, location_id=location, at=timezone.now())
    assert version is not None
    return version.tariff
