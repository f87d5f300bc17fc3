"""/api/v1/tokens/ as api-contract §5 promises it."""

from datetime import UTC, datetime

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import Driver, Operator, Role, Token
from tests.factories import TokenFactory

NOW = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
running: dict[int, int] = {}


def running_now(token_ids: list[int]) -> dict[int, int]:
    return {pk: running[pk] for pk in token_ids if pk in running}


@pytest.fixture(autouse=True)
def _frozen(settings):
    settings.TOKEN_LOAD = f"{__name__}.running_now"
    running.clear()
    with time_machine.travel(NOW, tick=False):
        yield


def test_a_token_is_created_with_defaults(api: APIClient, operator: Operator) -> None:
    answer = api.post("/api/v1/tokens/", {"id_tag": "04A1B2C3"}, format="json")
    assert answer.status_code == 201
    assert answer["Location"] == "http://testserver/api/v1/tokens/04A1B2C3/"
    assert answer.json() == {
        "id_tag": "04A1B2C3",
        "type": None,
        "label": "",
        "parent_id_tag": None,
        "status": "accepted",
        "expires_at": None,
        "max_active_sessions": 1,
        "authorization_status": "Accepted",
        "created_at": "2026-05-01T08:30:00Z",
        "updated_at": "2026-05-01T08:30:00Z",
    }
    assert Token.objects.get().operator == operator


def test_all_that_is_writable_is_kept(api: APIClient) -> None:
    sent = {
        "id_tag": "van-12",
        "type": "ISO14443",
        "label": "Van 12",
        "parent_id_tag": "FLEET",
        "status": "blocked",
        "expires_at": "2026-01-01T01:00:00+01:00",
        "max_active_sessions": None,
    }
    shown = api.post("/api/v1/tokens/", sent, format="json").json()
    assert {name: shown[name] for name in sent} == sent | {"expires_at": "2026-01-01T00:00:00Z"}
    assert shown["authorization_status"] == "Blocked"


def test_a_time_without_a_zone_is_utc(api: APIClient) -> None:
    shown = api.post("/api/v1/tokens/", {"id_tag": "A", "expires_at": "2026-06-01T00:00:00"}, format="json").json()
    assert shown["expires_at"] == "2026-06-01T00:00:00Z"


@pytest.mark.parametrize("again", ["04A1B2C3", "04a1b2c3", " 04A1B2C3 "])
def test_a_repeated_id_tag_is_400(api: APIClient, operator: Operator, again: str) -> None:
    TokenFactory(operator=operator, uid="04A1b2c3")
    answer = api.post("/api/v1/tokens/", {"id_tag": again}, format="json")
    assert answer.status_code == 400
    assert answer.json() == {"id_tag": ["There is a token with this id already."]}
    assert Token.objects.count() == 1


def test_the_same_id_tag_at_another_operator_is_another_token(api: APIClient, other_operator: Operator) -> None:
    TokenFactory(operator=other_operator, uid="04A1B2C3")
    assert api.get("/api/v1/tokens/04A1B2C3/").status_code == 404
    assert api.post("/api/v1/tokens/", {"id_tag": "04A1B2C3"}, format="json").status_code == 201


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "id_tag"),
        ({"id_tag": ""}, "id_tag"),
        ({"id_tag": "   "}, "id_tag"),
        ({"id_tag": None}, "id_tag"),
        ({"id_tag": ["x"]}, "id_tag"),
        ({"id_tag": "x" * 37}, "id_tag"),
        ({"id_tag": "caffè"}, "id_tag"),
        ({"id_tag": "a\x00b"}, "id_tag"),
        ({"id_tag": "a\nb"}, "id_tag"),
        ({"id_tag": "."}, "id_tag"),
        ({"id_tag": ".."}, "id_tag"),
        ({"id_tag": 1.5}, "id_tag"),
        ({"id_tag": True}, "id_tag"),
        ({"id_tag": {}}, "id_tag"),
        ({"id_tag": "A", "label": []}, "label"),
        ({"id_tag": "A", "type": 7}, "type"),
        ({"id_tag": "A", "type": ["ISO14443"]}, "type"),
        ({"id_tag": "A", "expires_at": 1767225600}, "expires_at"),
        ({"id_tag": "A", "max_active_sessions": 1.5}, "max_active_sessions"),
        ({"id_tag": "A", "max_active_sessions": []}, "max_active_sessions"),
        ({"id_tag": "A", "type": "RFID"}, "type"),
        ({"id_tag": "A", "status": "lost"}, "status"),
        ({"id_tag": "A", "status": None}, "status"),
        ({"id_tag": "A", "label": "x" * 101}, "label"),
        ({"id_tag": "A", "label": None}, "label"),
        ({"id_tag": "A", "parent_id_tag": "x" * 37}, "parent_id_tag"),
        ({"id_tag": "A", "expires_at": "tomorrow"}, "expires_at"),
        ({"id_tag": "A", "expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"id_tag": "A", "max_active_sessions": 0}, "max_active_sessions"),
        ({"id_tag": "A", "max_active_sessions": -1}, "max_active_sessions"),
        ({"id_tag": "A", "max_active_sessions": 2**40}, "max_active_sessions"),
        ({"id_tag": "A", "max_active_sessions": "many"}, "max_active_sessions"),
    ],
)
def test_wrong_input_is_400_and_names_the_field(api: APIClient, wrong: dict, field: str) -> None:
    answer = api.post("/api/v1/tokens/", wrong, format="json")
    assert answer.status_code == 400, answer.content
    assert list(answer.json()) == [field]
    assert not Token.objects.exists()


@pytest.mark.parametrize("spelling", ["04A1B2C3", "04a1b2c3", "04%411B2C3"])
def test_a_token_is_found_in_any_case(api: APIClient, operator: Operator, spelling: str) -> None:
    TokenFactory(operator=operator, uid="04a1B2C3")
    assert api.get(f"/api/v1/tokens/{spelling}/").json()["id_tag"] == "04a1B2C3"


@pytest.mark.parametrize(
    "id_tag", ["A/B", "a b", "IT-ABC-1*2", "50%?#&", "IT.X+Y", "A/../B", "../..", "A/", "CP%2B1", "a'\"<>\\"]
)
def test_a_token_with_signs_is_found_where_its_location_says(api: APIClient, id_tag: str) -> None:
    created = api.post("/api/v1/tokens/", {"id_tag": id_tag}, format="json")
    assert api.get(created["Location"]).json()["id_tag"] == id_tag


def test_patch_changes_only_what_it_names(api: APIClient, operator: Operator) -> None:
    TokenFactory(operator=operator, uid="A", label="Van 12", max_active_sessions=3)
    answer = api.patch("/api/v1/tokens/a/", {"status": "blocked"}, format="json")
    assert answer.status_code == 200
    assert (answer.json()["authorization_status"], answer.json()["max_active_sessions"]) == ("Blocked", 3)
    token = Token.objects.get()
    assert (token.status, token.label, token.max_active_sessions) == ("blocked", "Van 12", 3)


def test_put_replaces_and_what_is_left_out_gets_its_default(api: APIClient, operator: Operator, dario: Driver) -> None:
    TokenFactory(operator=operator, uid="A", label="Van 12", status="blocked", max_active_sessions=3, driver=dario)
    answer = api.put("/api/v1/tokens/A/", {"id_tag": "a", "type": "eMAID"}, format="json")
    assert answer.status_code == 200
    token = Token.objects.get()
    assert (token.uid, token.type, token.label, token.status) == ("A", "eMAID", "", "accepted")
    assert (token.max_active_sessions, token.driver) == (1, dario)


@pytest.mark.parametrize("method", ["patch", "put"])
def test_the_id_of_a_token_cannot_be_changed(api: APIClient, operator: Operator, method: str) -> None:
    TokenFactory(operator=operator, uid="A")
    answer = getattr(api, method)("/api/v1/tokens/A/", {"id_tag": "B", "label": "new"}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["id_tag"])
    assert Token.objects.get().label == ""


@pytest.mark.parametrize("method", ["get", "patch", "put", "delete"])
def test_an_unknown_tag_is_404(api: APIClient, method: str) -> None:
    answer = getattr(api, method)("/api/v1/tokens/A/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_token_is_deleted(api: APIClient, operator: Operator) -> None:
    TokenFactory(operator=operator, uid="A")
    assert api.delete("/api/v1/tokens/a/").status_code == 204
    assert api.delete("/api/v1/tokens/a/").status_code == 404


def test_authorization_status_has_an_order(api: APIClient, operator: Operator) -> None:
    token = TokenFactory(operator=operator, uid="A", status="blocked", expires_at=NOW, max_active_sessions=1)
    running[token.pk] = 1
    told = []
    for change in ({}, {"status": "accepted"}, {"expires_at": None}, {"max_active_sessions": 2}):
        told.append(api.patch("/api/v1/tokens/A/", change, format="json").json()["authorization_status"])
    assert told == ["Blocked", "Expired", "ConcurrentTx", "Accepted"]


def test_a_blocked_drivers_token_is_blocked(api: APIClient, operator: Operator, dario: Driver) -> None:
    TokenFactory(operator=operator, uid="A", driver=dario)
    Driver.objects.update(blocked=True)
    assert api.get("/api/v1/tokens/A/").json()["authorization_status"] == "Blocked"


def test_the_list_is_filtered(api: APIClient, operator: Operator) -> None:
    TokenFactory(operator=operator, uid="04A1", label="Van 12", type="ISO14443")
    TokenFactory(operator=operator, uid="04B2", label="Depot", type="eMAID", status="blocked")

    def listed(query: str) -> list[str]:
        return [row["id_tag"] for row in api.get(f"/api/v1/tokens/?{query}").json()["results"]]

    assert listed("") == ["04B2", "04A1"]
    assert listed("status=blocked") == ["04B2"]
    assert listed("type=ISO14443") == ["04A1"]
    assert listed("search=04a") == ["04A1"]
    assert listed("search=DEPOT") == ["04B2"]
    assert listed("search=van&status=blocked") == []


@pytest.mark.parametrize("query", ["status=lost", "type=RFID", "search=%00"])
def test_an_unknown_filter_value_is_400(api: APIClient, query: str) -> None:
    answer = api.get(f"/api/v1/tokens/?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [query.split("=")[0]])


def test_a_page_of_tokens_takes_few_queries(
    api: APIClient, operator: Operator, dario: Driver, django_assert_num_queries
):
    for _number in range(5):
        TokenFactory(operator=operator, driver=dario)
    api.get("/api/v1/tokens/")
    with django_assert_num_queries(3):  # the key, the count, the rows
        assert len(api.get("/api/v1/tokens/").json()["results"]) == 5


def test_carlas_key_sees_none_of_olgas_tokens(api_client_for, operator: Operator, other_operator: Operator) -> None:
    TokenFactory(operator=operator, uid="A", label="Van 12")
    carla = api_client_for(other_operator, Role.OWNER)
    assert carla.get("/api/v1/tokens/").json()["count"] == 0
    for method in ("get", "patch", "put", "delete"):
        assert getattr(carla, method)("/api/v1/tokens/A/", {"label": "mine"}, format="json").status_code == 404
    assert Token.objects.get().label == "Van 12"


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        (Role.OWNER, 200, 200),
        (Role.MANAGER, 200, 200),
        (Role.SUPPORT, 200, 200),
        (Role.TECHNICIAN, 200, 403),
        (Role.ACCOUNTANT, 403, 403),
        (Role.HOST, 403, 403),
    ],
)
def test_the_role_of_a_key_decides(api_client_for, operator: Operator, role: str, reads: int, writes: int) -> None:
    TokenFactory(operator=operator, uid="A", label="old")
    client = api_client_for(operator, role)
    assert client.get("/api/v1/tokens/A/").status_code == reads
    assert client.patch("/api/v1/tokens/A/", {"label": "new"}, format="json").status_code == writes
    assert Token.objects.get().label == ("new" if writes == 200 else "old")
