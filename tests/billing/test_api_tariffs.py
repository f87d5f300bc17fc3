"""/tariffs/ as api-contract §9 promises it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import DriverGroup, Operator, Role
from billing import pricing
from billing.models import Tariff, TariffAssignment, TariffVersion
from tests.factories import EvseFactory, LocationFactory

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
ELEMENTS = [
    {"price_components": [{"type": "ENERGY", "price": 0.59, "vat": 22, "step_size": 1}]},
    {
        "price_components": [{"type": "PARKING_TIME", "price": 6, "vat": 22, "step_size": 60}],
        "restrictions": {"min_parking_duration": 900},
    },
]
BODY: dict[str, Any] = {"name": "City AC", "currency": "EUR", "tax_included": True, "elements": ELEMENTS}


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


def post(api: APIClient, path: str, body: Any) -> Any:
    return api.post(f"/api/v1/{path}", body, format="json")


def test_a_tariff_is_made_and_shown(api: APIClient, operator: Operator) -> None:
    answer = post(api, "tariffs/", {**BODY, "min_price": "0.50"})
    shown = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"http://testserver/api/v1/tariffs/{shown['id']}/")
    assert shown == {
        "id": Tariff.objects.get().pk,
        "name": "City AC",
        "version": 1,
        "currency": "EUR",
        "tax_included": True,
        "elements": ELEMENTS,
        "min_price": "0.50",
        "max_price": None,
        "valid_from": "2026-06-15T12:00:00Z",
        "created_at": "2026-06-15T12:00:00Z",
        "updated_at": "2026-06-15T12:00:00Z",
    }
    assert api.get(f"/api/v1/tariffs/{shown['id']}/").json() == shown
    listed = api.get("/api/v1/tariffs/").json()
    assert (listed["count"], listed["results"]) == (1, [shown])


def test_the_first_tariff_prices_the_whole_network(api: APIClient, operator: Operator) -> None:
    first = post(api, "tariffs/", BODY).json()
    post(api, "tariffs/", {**BODY, "name": "Second"})
    version = pricing.tariff_for(location_id=None, operator_id=operator.pk, at=NOON)
    assert version is not None
    assert version.tariff_id == first["id"]


def test_prices_are_kept_as_written(api: APIClient) -> None:
    body = '{"name": "x", "elements": [{"price_components": [{"type": "ENERGY", "price": 0.12345678901234567890}]}]}'
    answer = api.generic("POST", "/api/v1/tariffs/", body, content_type="application/json")
    assert answer.status_code == 201
    assert '"price":0.1234567890123456789' in TariffVersion.objects.get().elements


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"elements": []}, "elements", "A list with at least one entry is expected."),
        ({"elements": None}, "elements", "This field may not be null."),
        ({"name": ""}, "name", "This field may not be blank."),
        ({"currency": "EURO"}, "currency", "An ISO 4217 code such as EUR is expected."),
        ({"min_price": -1}, "min_price", "A number that is not negative is expected."),
        ({"min_price": {"excl_vat": 1}}, "min_price", "incl_vat (or excl_vat, where prices exclude VAT) is expected."),
        ({"min_price": 5, "max_price": 4}, "max_price", "The maximum price must not be below the minimum price."),
        ({"elements": [{"price_components": [{"type": "ENERGY", "price": "x"}]}]}, "elements", "0.price_components.0.price: A number is expected."),
        ({"elements": [{**ELEMENTS[0], "restrictions": {"max_pwoer": 1}}]}, "elements", "0.restrictions.max_pwoer: Unknown field."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(api: APIClient, change: dict[str, Any], field: str, message: str) -> None:
    answer = post(api, "tariffs/", {**BODY, **change})
    assert answer.status_code == 400
    assert answer.json() == {field: [message]}
    assert not Tariff.objects.exists()


@pytest.mark.parametrize("number", ["1e99999999", '"1e99999999"', "1e-99999999", '"1e-99999999"'])
@pytest.mark.parametrize("member", ["price", "vat", "step_size", "min_price"])
def test_a_number_beyond_measure_does_not_keep_us_busy(api: APIClient, member: str, number: str) -> None:
    """Written out it would have a hundred million digits."""
    component = {"type": "ENERGY", "price": 1, "vat": 22, "step_size": 1}
    body = {"name": "x", "elements": [{"price_components": [component]}], "min_price": 1}
    place = body if member == "min_price" else component
    place[member] = "HERE"
    text = json.dumps(body).replace('"HERE"', number)
    answer = api.generic("POST", "/api/v1/tariffs/", text, content_type="application/json")
    assert (answer.status_code, list(answer.json())) == (400, ["min_price" if place is body else "elements"])
    assert not Tariff.objects.exists()


@pytest.mark.parametrize("body", ["", "[]", "null", '"x"', "{", '{"name": NaN}', "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(api: APIClient, body: str) -> None:
    answer = api.generic("POST", "/api/v1/tariffs/", body, content_type="application/json")
    assert answer.status_code == 400
    assert not Tariff.objects.exists()


def test_a_change_makes_a_new_version(api: APIClient) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    with time_machine.travel(datetime(2026, 6, 15, 13, tzinfo=UTC), tick=False):
        answer = api.patch(f"/api/v1/tariffs/{number}/", {"max_price": 30}, format="json")
    shown = answer.json()
    assert (answer.status_code, shown["version"], shown["max_price"]) == (200, 2, "30.00")
    assert (shown["elements"], shown["valid_from"]) == (ELEMENTS, "2026-06-15T13:00:00Z")
    assert shown["created_at"] == "2026-06-15T12:00:00Z"
    replaced = api.put(f"/api/v1/tariffs/{number}/", BODY, format="json").json()
    assert (replaced["version"], replaced["max_price"]) == (3, None)
    assert api.put(f"/api/v1/tariffs/{number}/", BODY, format="json").json()["version"] == 3
    assert TariffVersion.objects.count() == 3


def test_only_the_own_tariffs_exist(
    api: APIClient, api_client_for: Callable[..., APIClient], other_operator: Operator
) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    stranger = api_client_for(other_operator)
    assert stranger.get("/api/v1/tariffs/").json()["count"] == 0
    for answer in (
        stranger.get(f"/api/v1/tariffs/{number}/"),
        stranger.patch(f"/api/v1/tariffs/{number}/", {"name": "mine"}, format="json"),
        post(stranger, f"tariffs/{number}/quote/", {}),
    ):
        assert answer.status_code == 404
    assert Tariff.objects.get().name == "City AC"


def test_support_reads_but_does_not_write(
    api: APIClient, api_client_for: Callable[..., APIClient], operator: Operator
) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    support = api_client_for(operator, Role.SUPPORT)
    assert support.get(f"/api/v1/tariffs/{number}/").status_code == 200
    assert post(support, "tariffs/", BODY).status_code == 403
    assert support.patch(f"/api/v1/tariffs/{number}/", {"name": "x"}, format="json").status_code == 403
    assert TariffVersion.objects.count() == 1


@pytest.mark.parametrize("number", ["0", "999", "x", "9" * 30, "%00"])
def test_what_does_not_exist_is_not_found(api: APIClient, number: str) -> None:
    assert api.get(f"/api/v1/tariffs/{number}/").status_code == 404


def test_a_list_asks_the_database_a_fixed_number_of_times(api: APIClient, django_assert_max_num_queries: Any) -> None:
    for n in range(8):
        post(api, "tariffs/", {**BODY, "name": f"Tariff {n}"})
    with django_assert_max_num_queries(6):
        assert len(api.get("/api/v1/tariffs/").json()["results"]) == 8


# ---- quotes ---------------------------------------------------------------------------------------------------------


def test_a_quote_is_what_would_be_billed(api: APIClient) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    answer = post(
        api,
        f"tariffs/{number}/quote/",
        {
            "started_at": "2026-07-01T08:00:00Z",
            "periods": [
                {"start": "2026-07-01T08:00:00Z", "energy_kwh": 10.64, "charging_seconds": 3600, "parking_seconds": 0},
                {"start": "2026-07-01T09:00:00Z", "energy_kwh": "8", "charging_seconds": 2700, "parking_seconds": 1620, "power_kw": 11},
            ],
        },
    )  # fmt: skip
    assert answer.status_code == 200
    quote = answer.json()
    assert (quote["total_excl_vat"], quote["vat"], quote["total_incl_vat"]) == ("10.00", "2.20", "12.20")
    names = ("dimension", "quantity", "unit", "unit_price", "amount", "tariff_element", "from", "to")
    assert [tuple(line[name] for name in names) for line in quote["lines"]] == [
        ("ENERGY", "18.64", "kWh", "0.59", "11.00", 0, "2026-07-01T08:00:00Z", "2026-07-01T09:45:00Z"),
        ("PARKING_TIME", "0.2", "h", "6.00", "1.20", 1, "2026-07-01T10:00:00Z", "2026-07-01T10:12:00Z"),
    ]


def test_what_costs_nothing_costs_zero_to_the_cent(api: APIClient) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    quote = post(api, f"tariffs/{number}/quote/", {"started_at": "2026-06-15T12:00:00Z", "periods": [{}]}).json()
    assert (quote["total_excl_vat"], quote["vat"], quote["total_incl_vat"]) == ("0.00", "0.00", "0.00")


def test_a_quote_speaks_of_limits_and_rounding(api: APIClient) -> None:
    number = post(api, "tariffs/", {**BODY, "max_price": 5}).json()["id"]
    period = {"energy_kwh": 20, "charging_seconds": 3600, "parking_seconds": 0}
    quote = post(api, f"tariffs/{number}/quote/", {"started_at": "2026-07-01T08:00:00Z", "periods": [period]}).json()
    assert quote["total_incl_vat"] == "5.00"
    assert quote["lines"][1]["dimension"] == "MAX_PRICE"
    assert (quote["lines"][1]["amount"], quote["lines"][1]["tariff_element"]) == ("-6.80", None)


def test_a_quote_speaks_the_operators_time(api: APIClient) -> None:
    night = {
        "price_components": [{"type": "ENERGY", "price": 0.2}],
        "restrictions": {"start_time": "22:00", "end_time": "06:00"},
    }
    number = post(api, "tariffs/", {**BODY, "elements": [night, ELEMENTS[0]]}).json()["id"]
    period = {"energy_kwh": 10, "charging_seconds": 3600}
    body = {"started_at": "2026-07-01T21:30:00+02:00", "periods": [{**period, "start": "2026-07-01T21:30:00+02:00"}]}
    lines = post(api, f"tariffs/{number}/quote/", body).json()["lines"]
    assert [(line["tariff_element"], line["quantity"]) for line in lines] == [(1, "5"), (0, "5")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "started_at"),
        ({"started_at": "soon", "periods": [{}]}, "started_at"),
        ({"started_at": "2026-07-01T08:00:00Z"}, "periods"),
        ({"started_at": "2026-07-01T08:00:00Z", "periods": []}, "periods"),
        ({"started_at": "2026-07-01T08:00:00Z", "periods": [{"energy_kwh": -1}]}, "periods"),
        ({"started_at": "2026-07-01T08:00:00Z", "periods": [{"charging_seconds": 10**9}]}, "periods"),
        ({"started_at": "2026-07-01T08:00:00Z", "periods": [{"start": "2026-07-01T07:00:00Z"}]}, "periods"),
        ({"started_at": "9999-12-31T23:59:59Z", "periods": [{"charging_seconds": 3600}]}, "started_at"),
        ({"started_at": "0001-01-01T00:00:00Z", "periods": [{"charging_seconds": 3600}]}, "started_at"),
    ],
)
def test_a_quote_without_sense_is_refused(api: APIClient, body: dict[str, Any], field: str) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    answer = post(api, f"tariffs/{number}/quote/", body)
    assert answer.status_code == 400
    assert field in answer.json()


# ---- where a tariff holds -------------------------------------------------------------------------------------------


def test_a_tariff_is_given_to_a_location(api: APIClient, operator: Operator) -> None:
    post(api, "tariffs/", BODY)
    fast = post(api, "tariffs/", {**BODY, "name": "Fast"}).json()["id"]
    location = LocationFactory(operator=operator)
    assert post(api, f"tariffs/{fast}/assign/", {"location": location.pk}).status_code == 200
    version = pricing.tariff_for(location_id=location.pk, operator_id=operator.pk, at=NOON)
    assert version is not None
    assert version.tariff_id == fast


def test_a_tariff_is_assigned_to_a_place_and_people(api: APIClient, operator: Operator) -> None:
    post(api, "tariffs/", BODY)
    fast = post(api, "tariffs/", {**BODY, "name": "Fast"}).json()["id"]
    group = DriverGroup.objects.create(operator=operator, name="Taxi")
    evse = EvseFactory(station__operator=operator, uid="IT*ADR*E7")
    body = {"evse": evse.uid, "driver_group": group.pk, "power_type": "DC", "valid_from": "2026-06-20T00:00:00Z"}
    answer = post(api, f"tariffs/{fast}/assignments/", body)
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in body} == body
    assert (made["location"], made["station"], made["plan"], made["ad_hoc"]) == (None, None, None, False)
    assert api.get(f"/api/v1/tariffs/{fast}/assignments/").json()["results"] == [made]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"evse": "IT*NOBODY"}, "evse"),
        ({"driver_group": 10**30}, "driver_group"),
        ({"power_type": "AC"}, "power_type"),
        ({"ad_hoc": True, "partner": "IT*XYZ"}, "ad_hoc"),
        ({"valid_from": "2020-01-01T00:00:00Z"}, "valid_from"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "valid_until"),
        ({"partner": "Enel X"}, "partner"),
    ],
)
def test_an_assignment_without_sense_is_refused(api: APIClient, body: dict[str, Any], field: str) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    before = TariffAssignment.objects.count()
    answer = post(api, f"tariffs/{number}/assignments/", body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert TariffAssignment.objects.count() == before


def test_a_location_of_others_is_not_there(api: APIClient, other_operator: Operator) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    answer = post(api, f"tariffs/{number}/assign/", {"location": LocationFactory(operator=other_operator).pk})
    assert (answer.status_code, list(answer.json())) == (400, ["location"])


def test_an_assignment_is_ended_and_called_off_by_a_program(api: APIClient, operator: Operator) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    now, later = ({"partner": "it-abc"}, {"ad_hoc": True, "valid_from": "2030-06-20T00:00:00Z"})
    rows = [post(api, f"tariffs/{number}/assignments/", body).json() for body in (now, later)]
    assert rows[0]["partner"] == "IT*ABC"
    for row in rows:
        answer = post(api, f"tariffs/{number}/unassign/", {"assignment": row["id"]})
        assert (answer.status_code, answer.json()) == (200, row)
        assert TariffAssignment.objects.order_by("-pk")[0].tariff is None
    other = post(api, "tariffs/", BODY).json()["id"]
    for tariff, body in (
        (number, {"assignment": rows[0]["id"], "at": "soon"}),
        (number, {"assignment": 10**30}),
        (number, {}),
        (other, {"assignment": rows[0]["id"]}),
    ):
        assert post(api, f"tariffs/{tariff}/unassign/", body).status_code == 400


def test_a_program_schedules_a_version_and_calls_it_off(api: APIClient) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    there = f"/api/v1/tariffs/{number}/"
    later = {"min_price": 2, "valid_from": "2030-01-01T00:00:00Z"}
    scheduled = api.patch(there, later, format="json").json()
    assert (scheduled["version"], scheduled["valid_from"]) == (2, "2030-01-01T00:00:00Z")
    versions = api.get(f"{there}versions/").json()["results"]
    assert [(one["version"], one["min_price"], one["cancelled_at"]) for one in versions] == [
        (2, "2.00", None),
        (1, versions[1]["min_price"], None),
    ]
    assert post(api, f"tariffs/{number}/cancel/", {"version": 1}).status_code == 409
    assert post(api, f"tariffs/{number}/cancel/", {"version": 2}).json()["version"] == 1
    assert api.get(f"{there}versions/").json()["results"][0]["cancelled_at"]
    assert post(api, f"tariffs/{number}/cancel/", {"version": 3}).status_code == 400


def test_what_was_read_may_be_sent_back(api: APIClient) -> None:
    made = post(api, "tariffs/", BODY).json()
    again = api.put(f"/api/v1/tariffs/{made['id']}/", {**made, "name": "Renamed"}, format="json")
    assert (again.status_code, again.json()["version"], again.json()["name"]) == (200, 1, "Renamed")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"min_prize": 2}, "min_prize"),
        ({"valid_from": "2020-01-01T00:00:00Z"}, "valid_from"),
        ({"valid_from": "9999-12-31T23:59:59Z"}, "valid_from"),
        ({"elements": BODY["elements"] * 101}, "elements"),
    ],
)
def test_what_nobody_can_mean_is_refused_with_its_field(api: APIClient, body: dict[str, Any], field: str) -> None:
    number = post(api, "tariffs/", BODY).json()["id"]
    answer = api.patch(f"/api/v1/tariffs/{number}/", body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert api.get(f"/api/v1/tariffs/{number}/").json()["version"] == 1
