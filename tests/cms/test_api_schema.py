"""The published description is true: every answer has the shape it promises, whatever is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import quote

import hypothesis
import jsonschema_rs
import orjson
import pytest
import time_machine
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from hypothesis import strategies as some
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import Driver, Operator, Role, User
from stations import doorbell
from stations.models import ChargingStation

from . import everything


@cache
def described() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return orjson.loads(orjson.dumps(schema))


def operations(room: str = "") -> list[tuple[str, str]]:
    paths = [path for path in described()["paths"] if room in path.split("/")[3]]
    return [(method, path) for path in paths for method in described()["paths"][path]]


@cache
def shape(method: str, path: str, status: int) -> jsonschema_rs.Draft202012Validator | None:
    """Of an answer; None where it has no JSON body."""
    content = described()["paths"][path][method]["responses"][str(status)].get("content", {})
    if "application/json" not in content:
        return None
    whole = {**content["application/json"]["schema"], "components": described()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def hold(method: str, path: str, answer: Response) -> None:
    """The answer is one of those described, and is shaped so. 405 and 415 are about HTTP, not about the operation."""
    assert answer.status_code < 500, answer.content
    if answer.status_code in (405, 415):
        assert set(answer.json()) == {"detail", "code"}
        return
    validator = shape(method, path, answer.status_code)
    if validator is not None:
        assert answer["Content-Type"] == "application/json"
        wrong = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(answer.json())]
        assert wrong == []


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(doorbell, "ring", lambda station_id: None)
    with time_machine.travel(everything.NOON, tick=False):
        yield


@pytest.fixture
def world(operator: Operator, station: ChargingStation, dario: Driver, anna: User, api: APIClient) -> dict[str, str]:
    return everything.populate(operator=operator, station=station, driver=dario, accountant=anna, api=api)


def address(path: str, world: dict[str, str], name: str | None = None) -> str:
    """The path with its place filled in."""
    if "{" not in path:
        return path
    given = world[path.split("/")[3]] if name is None else quote(name, safe="")
    return path[: path.index("{")] + given + path[path.index("}") + 1 :]


BODIES: dict[tuple[str, str], Any] = {
    ("post", "/api/v1/stations/"): {"identity": "CP-1", "name": "North", "security_profile": 1, "password": "0123456789ab"},
    ("patch", "/api/v1/stations/{identity}/"): {"name": "South"},
    ("post", "/api/v1/stations/{identity}/commands/"): {"action": "Reset", "payload": {"type": "Soft"}, "timeout": 9},
    ("post", "/api/v1/tokens/"): {"id_tag": "BEEF", "type": None, "label": "", "expires_at": "2027-01-01T00:00:00+01:00"},
    ("put", "/api/v1/tokens/{id_tag}/"): {"label": "Van 12", "max_active_sessions": None},
    ("patch", "/api/v1/tokens/{id_tag}/"): {"status": "blocked", "parent_id_tag": None},
    ("post", "/api/v1/sessions/{id}/close/"): {"reason": "Other"},
    ("post", "/api/v1/sessions/{id}/accept/"): {"reason": "Looked at"},
    ("post", "/api/v1/sessions/{id}/correct/"): {
        "energy_wh": 19_500, "stopped_at": "2026-05-01T09:10:00Z", "reason": "Read on site",
    },
    ("post", "/api/v1/sessions/{id}/discard/"): {"reason": "A test"},
    ("post", "/api/v1/payments/{id}/capture/"): {"amount": "12.5", "reason": "late"},
    ("post", "/api/v1/payments/{id}/release/"): {"reason": "late"},
    ("post", "/api/v1/payments/{id}/refund/"): {"amount": 4, "reason": "slow"},
    ("post", "/api/v1/companies/{id}/invitations/"): {"email": "rita@bellini.example", "monthly_cap": "80", "cost_centre": "A"},
    ("post", "/api/v1/promotions/"): {"code": "ESTATE27", "kind": "percent", "value": 20, "limit": 100, "valid_until": None},
    ("post", "/api/v1/promotions/batches/"): {"batch": "Fair", "count": 3, "kind": "voucher", "value": "10"},
    ("post", "/api/v1/wallets/{id}/correct/"): {"amount": "-1.50", "reason": "Counted twice"},
    ("post", "/api/v1/subscriptions/{id}/pause/"): {"months": 2},
    ("post", "/api/v1/exports/"): {"kind": "charges", "params": {"month": "2026-04"}, "preset": "csv_en"},
    ("post", "/api/v1/tariffs/"): {
        "name": "City", "currency": "EUR", "tax_included": False, "min_price": 0.5, "max_price": {"excl_vat": 30},
        "elements": [{"price_components": [{"type": "TIME", "price": 6, "vat": 22, "step_size": 60}],
                      "restrictions": {"start_time": "08:00", "end_time": "20:00", "day_of_week": ["MONDAY"]}}],
    },
    ("put", "/api/v1/tariffs/{id}/"): {"name": "C", "elements": [{"price_components": [{"type": "FLAT", "price": 1}]}]},
    ("patch", "/api/v1/tariffs/{id}/"): {"min_price": None},
    ("post", "/api/v1/tariffs/{id}/assign/"): {"location": None},
    ("post", "/api/v1/tariffs/{id}/assignments/"): {"evse": None, "ad_hoc": True, "power_type": "DC", "partner": ""},
    ("post", "/api/v1/tariffs/{id}/unassign/"): {"assignment": 2**62},
    ("post", "/api/v1/tariffs/{id}/cancel/"): {"version": 1},
    ("post", "/api/v1/tariffs/{id}/quote/"): {
        "started_at": "2026-05-01T08:30:00Z",
        "periods": [{"start": "2026-05-01T08:30:00Z", "energy_kwh": 20.5, "charging_seconds": 3600, "parking_seconds": 60,
                     "power_kw": 22}],
    },
}  # fmt: skip


REFUSED = {
    ("delete", "/api/v1/stations/{identity}/"): 409,
    ("post", "/api/v1/sessions/{id}/stop/"): 409,
    ("post", "/api/v1/sessions/{id}/close/"): 409,
    ("post", "/api/v1/sessions/{id}/accept/"): 409,
    ("get", "/api/v1/invoices/{id}/fatturapa/"): 409,
    ("post", "/api/v1/payments/{id}/capture/"): 409,
    ("post", "/api/v1/payments/{id}/release/"): 409,
    ("post", "/api/v1/tariffs/{id}/unassign/"): 400,
    ("post", "/api/v1/tariffs/{id}/cancel/"): 409,
}
"""In this world, by its state."""


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def call(client: APIClient, method: str, where: str, body: Any = None) -> Response:
    text = "" if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"Idempotency-Key": "once"}
    answer: Response = client.generic(method.upper(), where, text, content_type="application/json", headers=headers)
    return answer


def test_the_description_is_valid_openapi() -> None:
    validate_schema(described())
    assert described()["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    "room",
    [
        "stations",
        "commands",
        "sessions",
        "tokens",
        "tariffs",
        "cdrs",
        "invoices",
        "exports",
        "payments",
        "companies",
        "promotions",
        "wallets",
        "subscriptions",
    ],
)
def test_an_answer_has_the_shape_it_promises(api: APIClient, world: dict[str, str], room: str) -> None:
    for method, path in operations(room):
        with undone():
            answer = call(api, method, address(path, world), BODIES.get((method, path)))
            hold(method, path, answer)
            assert answer.status_code == REFUSED.get((method, path), answer.status_code)
            assert (answer.status_code >= 400) == ((method, path) in REFUSED), (method, path, answer.content)


def test_strangers_and_other_operators_get_nothing(
    world: dict[str, str], api_client_for: Any, other_operator: Operator
) -> None:
    """Without a key 401; with another operator's best key an empty list, a row of its own, or 404."""
    carla = api_client_for(other_operator, Role.OWNER)
    for method, path in operations():
        asked = (method, address(path, world), BODIES.get((method, path)))
        stranger = call(APIClient(), *asked)
        assert (stranger.status_code, stranger["WWW-Authenticate"]) == (401, "Token"), asked
        hold(method, path, stranger)
        with undone():
            answer = call(carla, *asked)
            hold(method, path, answer)
            if "{" in path:
                assert answer.status_code == 404, asked
            elif method == "get":
                assert answer.json()["results"] == [], asked


def test_the_role_decides_before_anything_else(world: dict[str, str], api_client_for: Any, operator: Operator) -> None:
    """A host has pages of the own sites; an operator’s data are not his business."""
    host = api_client_for(operator, Role.HOST)
    for method, path in operations():
        answer = call(host, method, address(path, world), BODIES.get((method, path)))
        assert answer.status_code == 403, (method, path, answer.content)
        hold(method, path, answer)


# ---- nonsense ------------------------------------------------------------------------------------------------------

TEXTS = some.one_of(
    some.text(max_size=12),
    some.sampled_from(
        ["", " ", "\x00", "..", "%", "1e999999999", "-1", "0", "9" * 25, "NaN", "null", "true", "x" * 300, "\ud7ff",
         "2026-05-01T08:30:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00", "EUR", "ENERGY", "Reset", "è€😀"]
    ),
)  # fmt: skip
SCALARS = some.one_of(
    TEXTS,
    some.none(),
    some.booleans(),
    some.sampled_from([0, 1, -1, 2**31, 2**53, -(2**63), 2**64 - 1, 0.1, -0.0, 1.5, 1e308]),
)
VALUES = some.recursive(
    SCALARS, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


@some.composite
def spoilt(draw: some.DrawFn, body: Any) -> Any:
    """The same body with one value somewhere in it replaced, or a member taken away."""
    if not isinstance(body, dict | list) or not body or draw(some.integers(0, 3)) == 0:
        return draw(VALUES)
    copy = dict(body) if isinstance(body, dict) else list(body)
    place = draw(some.sampled_from(sorted(copy) if isinstance(copy, dict) else range(len(copy))))
    if isinstance(copy, dict) and draw(some.integers(0, 5)) == 0:
        del copy[place]
    else:
        copy[place] = draw(spoilt(copy[place]))
    return copy


@hypothesis.settings(
    max_examples=150, derandomize=True, database=None, suppress_health_check=list(hypothesis.HealthCheck)
)
@hypothesis.given(data=some.data())
def test_nonsense_is_refused_in_the_same_shape(api: APIClient, world: dict[str, str], data: some.DataObject) -> None:
    method, path = data.draw(some.sampled_from(operations()), "operation")
    operation = described()["paths"][path][method]
    name = data.draw(some.none() | TEXTS, "name") if "{" in path else None
    where = address(path, world, name or None)
    queries = [given["name"] for given in operation.get("parameters", ()) if given["in"] == "query"]
    if queries:
        asked = data.draw(some.dictionaries(some.sampled_from(queries), TEXTS), "query")
        where += "?" + "&".join(f"{key}={quote(value, safe='')}" for key, value in asked.items())
    body = data.draw(spoilt(BODIES[method, path]), "body") if "requestBody" in operation else None
    with undone():
        answer = call(api, method, where, body)
        if answer.status_code == 404:
            assert set(answer.json()) == {"detail", "code"}
        else:
            hold(method, path, answer)
