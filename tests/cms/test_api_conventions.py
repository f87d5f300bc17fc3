"""What api-contract §1 promises of every resource, shown on one that exists only here."""

import types
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.test import override_settings
from django.urls import include, path
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIClient

from accounts.models import Operator, Role, Token
from accounts.services import api_keys
from cms.api.renderers import rfc3339
from cms.core import exact_json, rest
from cms.core.errors import Conflict, Invalid
from tests.factories import TokenFactory


class SampleSerializer(serializers.ModelSerializer[Token]):
    payload = rest.Verbatim(required=False, source="label")

    class Meta:
        model = Token
        fields = ["uid", "payload", "created_at", "expires_at"]


class Samples(rest.Resource):
    queryset = Token.objects.all()
    serializer_class = SampleSerializer
    reads = "token.view"
    writes = "token.edit"
    rights = {"refuse": "token.view"}

    def list(self, request):
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def create(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        row = Token.objects.create(operator=request.user.operator, uid=serializer.validated_data["uid"])
        return self.created(row)

    def retrieve(self, request, pk):
        return Response(self.get_serializer(self.get_object()).data)

    @action(detail=False)
    def refuse(self, request):
        raise FAILURES[request.query_params["how"]]

    @action(detail=False)
    def values(self, request):
        return Response({"amount": Decimal("1.10"), "at": datetime(2026, 5, 1, 8, 30, tzinfo=UTC)})


FAILURES = {
    "conflict": Conflict("Not now.", code="station_offline"),
    "invalid": Invalid({"name": ["Too long."]}),
    "bug": RuntimeError("secret detail"),
    "database": OperationalError("connection refused"),
    "suspicious": SuspiciousOperation("too many fields"),
    "nested": serializers.ValidationError(
        {"periods": {0: {"start": ["No time."]}, 2: ["Missing."]}, "name": ["Long."]}
    ),
}

router = SimpleRouter()
router.register("samples", Samples, basename="sample")
urls = types.ModuleType("sample_urls")
urls.urlpatterns = [path("api/v1/", include(router.urls)), path("api/", include("cms.api.urls"))]


@pytest.fixture(autouse=True)
def _mounted():
    with override_settings(ROOT_URLCONF=urls):
        yield


def test_a_request_without_a_key_is_401_and_says_how_to_send_one(db: None) -> None:
    answer = APIClient().get("/api/v1/samples/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("header", ["Token wrong", "Token", "Token a b", "token ÿ"])
def test_a_wrong_key_is_401(db: None, header: str) -> None:
    answer = APIClient().get("/api/v1/samples/", headers={"Authorization": header.encode("utf-8").decode("latin-1")})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")
    assert answer.json()["code"] == "invalid_key"


def test_a_revoked_key_is_401(api: APIClient, operator: Operator) -> None:
    assert api.get("/api/v1/samples/").status_code == 200
    api_keys.revoke(key=operator.api_keys.get(), by=None)
    assert api.get("/api/v1/samples/").status_code == 401


def test_use_of_a_key_is_noted_at_most_once_a_minute(api: APIClient, operator: Operator) -> None:
    with time_machine.travel(datetime(2026, 5, 1, 8, 30, tzinfo=UTC), tick=False) as clock:
        api.get("/api/v1/samples/")
        clock.shift(59)
        api.get("/api/v1/samples/")
        assert operator.api_keys.get().last_used_at == datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
        clock.shift(2)
        api.get("/api/v1/samples/")
        assert operator.api_keys.get().last_used_at == datetime(2026, 5, 1, 8, 31, 1, tzinfo=UTC)


def test_a_role_that_may_only_read_is_403_on_writing(operator: Operator, api_client_for) -> None:
    technician = api_client_for(operator, Role.TECHNICIAN)
    assert technician.get("/api/v1/samples/").status_code == 200
    answer = technician.post("/api/v1/samples/", {"uid": "A1"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert not Token.objects.exists()


def test_lists_come_in_pages_newest_first(api: APIClient, operator: Operator) -> None:
    for number in range(3):
        TokenFactory(operator=operator, uid=f"T{number}")
    first = api.get("/api/v1/samples/?page_size=2").json()
    assert [row["uid"] for row in first["results"]] == ["T2", "T1"]
    assert (first["count"], first["previous"]) == (3, None)
    assert first["next"] == "http://testserver/api/v1/samples/?page=2&page_size=2"
    assert [row["uid"] for row in api.get(first["next"]).json()["results"]] == ["T0"]


@pytest.mark.parametrize(
    "query", ["page=x", "page=0", "page_size=0", "page_size=-1", "page_size=ten", "page=" + "9" * 30]
)
def test_a_page_that_is_no_number_is_400_and_names_the_parameter(api: APIClient, query: str) -> None:
    answer = api.get(f"/api/v1/samples/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == [query.split("=")[0]]


def test_a_page_after_the_last_is_404_and_a_huge_page_size_means_200(api: APIClient) -> None:
    assert api.get("/api/v1/samples/?page=2").json()["code"] == "not_found"
    assert api.get("/api/v1/samples/?page_size=100000").status_code == 200


def test_another_operators_row_is_404(api: APIClient, other_operator: Operator) -> None:
    theirs = TokenFactory(operator=other_operator)
    answer = api.get(f"/api/v1/samples/{theirs.pk}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_creation_is_201_with_the_place_of_the_new_object(api: APIClient) -> None:
    answer = api.post("/api/v1/samples/", {"uid": "A1"}, format="json")
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver/api/v1/samples/{Token.objects.get().pk}/"
    assert answer.json()["created_at"].endswith("Z")


def test_wrong_fields_are_400_by_name(api: APIClient) -> None:
    assert api.post("/api/v1/samples/", {"uid": ""}, format="json").json() == {"uid": ["This field may not be blank."]}
    assert api.post("/api/v1/samples/", [1], format="json").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"uid": NaN}',
        b'{"uid": Infinity}',
        b"\xff",
        b"",
        b"null",
        b'"uid"',
        b"[" * 100_000,
        b'{"uid":' * 5000 + b"1" + b"}" * 5000,
        b'{"uid":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"uid": 1' + b"0" * 5000 + b"}",
        b'{"uid": 1e999999999}',
        b'{"uid": 1e' + b"9" * 40 + b"}",
        b'{"uid":"' + b"x" * 10_000_000 + b'"}',
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_a_body_that_is_no_json_or_no_sense_is_400(api: APIClient, body: bytes) -> None:
    answer = api.post("/api/v1/samples/", body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()) <= {"non_field_errors", "uid"}
    assert all(isinstance(said, str) for messages in answer.json().values() for said in messages)
    assert not Token.objects.exists()


def test_a_byte_order_mark_is_overlooked(api: APIClient) -> None:
    assert api.post("/api/v1/samples/", b'\xef\xbb\xbf{"uid":"A1"}', content_type="application/json").status_code == 201


def test_a_form_is_415_and_an_unknown_method_405(api: APIClient) -> None:
    answer = api.post("/api/v1/samples/", "uid=A1", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    answer = api.delete("/api/v1/samples/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v2/", "/api/v1/samples", "/api/v1/nothing/", "/api/v1/samples/%00/", "/api/v1/cdrs/%0A/"]
)
def test_an_unknown_path_is_404_in_json(api: APIClient, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (404, "application/json", "not_found")


def test_the_index_lists_the_resources(api: APIClient) -> None:
    assert api.get("/api/v1/").json()["tokens"] == "http://testserver/api/v1/tokens/"
    assert APIClient().get("/api/v1/").status_code == 401


@pytest.mark.parametrize("accept", ["text/html,application/xhtml+xml", "application/xml", "nonsense", "*/*"])
def test_whatever_is_accepted_the_answer_is_json(api: APIClient, accept: str) -> None:
    for client, status in ((api, 200), (APIClient(), 401)):
        answer = client.get("/api/v1/samples/", headers={"Accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")


def test_head_and_options_are_answered(api: APIClient) -> None:
    assert api.head("/api/v1/samples/").status_code == 200
    assert api.options("/api/v1/samples/").json()["parses"] == ["application/json"]


def test_errors_of_services_keep_their_code_and_sentence(api: APIClient) -> None:
    answer = api.get("/api/v1/samples/refuse/?how=conflict")
    assert (answer.status_code, answer.json()) == (409, {"detail": "Not now.", "code": "station_offline"})
    answer = api.get("/api/v1/samples/refuse/?how=invalid")
    assert (answer.status_code, answer.json()) == (400, {"name": ["Too long."]})
    assert api.get("/api/v1/samples/refuse/?how=suspicious").status_code == 400
    answer = api.get("/api/v1/samples/refuse/?how=nested")
    assert answer.json() == {"periods": ["0.start: No time.", "2: Missing."], "name": ["Long."]}


def test_our_own_failures_are_json_without_our_secrets(api: APIClient) -> None:
    answer = api.get("/api/v1/samples/refuse/?how=bug")
    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
    assert b"secret" not in answer.content
    answer = api.get("/api/v1/samples/refuse/?how=database")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_no_cache_keeps_an_answer(api: APIClient) -> None:
    for address in ("/api/v1/samples/", "/api/v1/samples/9/", "/api/nothing/"):
        assert api.get(address)["Cache-Control"] == "no-store"


def test_times_are_utc_with_z_and_decimals_are_strings(api: APIClient) -> None:
    assert api.get("/api/v1/samples/values/").json() == {"amount": "1.10", "at": "2026-05-01T08:30:00Z"}


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [(0, "2026-05-01T08:30:00Z"), (120_000, "2026-05-01T08:30:00.120Z"), (120_001, "2026-05-01T08:30:00.120001Z")],
)
def test_times_carry_milliseconds_where_there_are_any(microsecond: int, text: str) -> None:
    assert rfc3339(datetime(2026, 5, 1, 8, 30, 0, microsecond, tzinfo=UTC)) == text


def test_stored_json_goes_out_byte_for_byte(api: APIClient, operator: Operator) -> None:
    text = '{"b":1.10,"a":1e3,"è":"\\u20ac","n":12345678901234567890}'
    row = TokenFactory(operator=operator, label=text)
    assert text in api.get(f"/api/v1/samples/{row.pk}/").content.decode()
    Token.objects.filter(pk=row.pk).update(label='[2,"x"')
    assert api.get(f"/api/v1/samples/{row.pk}/").json()["payload"] == '[2,"x"'


def test_json_comes_in_compact_in_its_order_and_with_its_numbers() -> None:
    field = rest.Verbatim()
    text = '{"type": "Soft", "a": [1.0, null, 1.50, 1e3, -0.0, 12345678901234567890, 0.1234567890123456789, true, "è"]}'
    assert field.run_validation(exact_json.loads(text)) == text.replace(" ", "")
    too_deep: list[object] = []
    for _level in range(5000):
        too_deep = [too_deep]
    for wrong in ([], "x", {"a": "\x00"}, {"a": "\ud800"}, {"a": too_deep}):
        with pytest.raises(serializers.ValidationError):
            field.run_validation(wrong)


def test_the_language_of_messages_is_english_unless_asked(api: APIClient) -> None:
    assert api.get("/api/v1/samples/9/").json()["detail"] == "Not found."
    answer = api.get("/api/v1/samples/9/", headers={"Accept-Language": "it"})
    assert answer.json()["detail"] == "Non trovato."


def test_schema_and_documentation_are_public(db: None) -> None:
    schema = APIClient().get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert schema.status_code == 200
    page = APIClient().get("/api/docs/")
    assert page.status_code == 200
    assert "'unsafe-inline'" in page["Content-Security-Policy"].split("style-src")[1].split(";")[0]
    assert "'unsafe-inline'" not in page["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    assert b"<script>" not in page.content
