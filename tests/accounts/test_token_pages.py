"""/ops/tokens/: cards are added, changed, blocked and imported on pages that say what is wrong and where."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Operator, Role, Token, User
from accounts.services import tokens
from tests.factories import TokenFactory


@pytest.fixture
def desk(client: Client, tom: User) -> Client:
    client.force_login(tom)
    return client


def upload(desk: Client, content: bytes):
    return desk.post("/ops/tokens/upload/", {"file": SimpleUploadedFile("cards.csv", content)})


def test_tom_adds_a_card(desk: Client, operator: Operator) -> None:
    answer = desk.post("/ops/tokens/new/", {"uid": "04a1b2c3", "label": "Van 12", "max_active_sessions": "2"})
    assert (answer.status_code, answer["Location"]) == (302, "/ops/tokens/")
    token = Token.objects.get()
    assert (token.operator, token.uid, token.label, token.max_active_sessions) == (operator, "04a1b2c3", "Van 12", 2)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"uid": ""}, "uid"),
        ({"uid": "x" * 37}, "uid"),
        ({"uid": "caffè"}, "uid"),
        ({"uid": "A", "max_active_sessions": "0"}, "max_active_sessions"),
    ],
)
def test_a_wrong_card_is_refused_beside_its_field(desk: Client, given: dict[str, str], field: str) -> None:
    answer = desk.post("/ops/tokens/new/", given)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert not Token.objects.exists()


def test_a_known_card_is_refused_in_any_case(desk: Client, operator: Operator) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3")
    answer = desk.post("/ops/tokens/new/", {"uid": "04a1b2c3"})
    assert answer.context["form"].errors["uid"]
    assert Token.objects.count() == 1


def test_the_list_finds_by_id_and_says_what_a_station_would_hear(
    desk: Client, operator: Operator, django_assert_max_num_queries
) -> None:
    TokenFactory(operator=operator, uid="04AAAA")
    TokenFactory(operator=operator, uid="04BBBB", status="blocked")
    with django_assert_max_num_queries(16):
        page = desk.get("/ops/tokens/?search=04bb").content.decode()
    assert "04BBBB" in page
    assert "04AAAA" not in page


def test_tokens_of_strangers_are_listed_for_who_looks_for_one(desk: Client, operator: Operator) -> None:
    until = timezone.now() + timedelta(days=1)
    once = tokens.issue_for_one_charge(operator=operator, expires_at=until, direct=False)
    assert list(desk.get("/ops/tokens/").context["page"].object_list) == []
    assert list(desk.get("/ops/tokens/", {"search": once.uid}).context["page"].object_list) == [once]


def test_blocking_is_one_click_and_can_be_taken_back(desk: Client, operator: Operator) -> None:
    token = TokenFactory(operator=operator)
    desk.post(f"/ops/tokens/{token.pk}/status/", {"status": "blocked"})
    token.refresh_from_db()
    assert token.status == "blocked"
    desk.post(f"/ops/tokens/{token.pk}/status/", {"status": "accepted"})
    token.refresh_from_db()
    assert token.status == "accepted"


def test_a_file_of_cards_is_added_whole(desk: Client, operator: Operator) -> None:
    assert upload(desk, "\ufeffid;label\r\n04A1;Van 1\r\n\r\n04A2;Città\r\n".encode()).status_code == 302
    assert list(Token.objects.order_by("pk").values_list("uid", "label")) == [("04A1", "Van 1"), ("04A2", "Città")]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (b"\n\n", "no card"),
        (b"id\n", "no card"),
        (b"\xff\xfe0", "not UTF-8 text (byte 0)"),
        (b"04A1\n" + b"y" * 37 + b"\n04A1", "Line 2, " + "y" * 37),
        (b"04A1\n04a1", "Line 2, 04a1"),
        (b'04A1;ok\n"04A2;open\n04A3', "Line 3: a quotation mark is open"),
        (b'"' + b"y" * 200_000 + b'"', "Line 1: a quotation mark is open, or a cell is too long."),
    ],
)
def test_a_wrong_file_changes_nothing_and_names_the_line(desk: Client, content: bytes, text: str) -> None:
    answer = desk.post(
        "/ops/tokens/upload/", {"file": SimpleUploadedFile("c.csv", content)}, headers={"Accept-Language": "en"}
    )
    assert answer.status_code == 400
    assert text in " ".join(answer.context["form"].errors["file"])
    assert not Token.objects.exists()


def test_a_form_without_a_file_says_so(desk: Client) -> None:
    answer = desk.post("/ops/tokens/upload/")
    assert answer.status_code == 400
    assert answer.context["form"].errors["file"]


@pytest.mark.parametrize("day", ["0001-01-01T00:00", "9999-12-31T23:59", "2026-02-30T10:00"])
def test_a_card_is_not_valid_until_a_day_that_no_calendar_has(desk: Client, day: str) -> None:
    answer = desk.post("/ops/tokens/new/", {"uid": "04A1", "expires_at": day})
    assert answer.status_code == 400
    assert answer.context["form"].errors["expires_at"]
    assert not Token.objects.exists()


def test_carla_cannot_see_or_change_olgas_cards(client: Client, carla: User, operator: Operator) -> None:
    token = TokenFactory(operator=operator, uid="04SECRET")
    client.force_login(carla)
    assert "04SECRET" not in client.get("/ops/tokens/").content.decode()
    assert client.get(f"/ops/tokens/{token.pk}/").status_code == 404
    assert client.post(f"/ops/tokens/{token.pk}/status/", {"status": "blocked"}).status_code == 404
    assert client.post(f"/ops/tokens/{token.pk}/delete/").status_code == 404
    token.refresh_from_db()
    assert token.status == "accepted"


def test_a_technician_reads_masked_cards_and_changes_none(client: Client, operator: Operator) -> None:
    token = TokenFactory(operator=operator, uid="04AABBCC11")
    technician = Membership.objects.create(
        user=User.objects.create_user("t@x.example"), operator=operator, role=Role.TECHNICIAN
    )
    client.force_login(technician.user)
    page = client.get("/ops/tokens/").content.decode()
    assert "04AABBCC11" not in page
    assert "…CC11" in page
    assert client.get(f"/ops/tokens/{token.pk}/").status_code == 403
