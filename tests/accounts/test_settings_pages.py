"""`/ops/settings/`, `/profile/`: forms that forgive, and doors that hold."""

import pytest
from django.contrib.messages import get_messages
from django.core import mail
from django.test import Client

from accounts.models import ApiKey, Driver, Operator, User
from accounts.services import api_keys
from tests.conftest import member

COMPANY = {
    "name": "Rete Adriatica",
    "language": "it",
    "time_zone": "Europe/Rome",
    "currency": "EUR",
    "tax_regime": "RF01",
    "legal_name": "Rete Adriatica S.p.A.",
    "vat_number": "00743 110157",
    "address": "Via Stalingrado 71",
    "postal_code": "40128",
    "city": "Bologna",
    "province": "bo",
    "iban": "IT60 X054 2811 1010 0000 0123 456",
}


@pytest.fixture
def as_olga(client: Client, olga: User) -> Client:
    client.force_login(olga)
    return client


def said(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_company_data_are_saved(as_olga: Client, operator: Operator) -> None:
    assert as_olga.post("/ops/settings/", COMPANY)["Location"] == "/ops/settings/"
    operator.refresh_from_db()
    assert (operator.legal_name, operator.vat_number, operator.province) == (
        "Rete Adriatica S.p.A.",
        "IT00743110157",
        "BO",
    )


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(as_olga: Client, operator: Operator) -> None:
    answer = as_olga.post("/ops/settings/", COMPANY | {"vat_number": "00743110158", "city": "Modena"})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["vat_number"]
    assert 'value="Modena"' in answer.content.decode()
    operator.refresh_from_db()
    assert operator.city == "Bologna"


@pytest.mark.parametrize("path", ["/ops/settings/", "/ops/settings/members/", "/ops/settings/api-keys/"])
def test_doors(client: Client, operator: Operator, olga: User, tom: User, dario: Driver, path: str) -> None:
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
    for person, status in ((olga, 200), (tom, 403), (dario.user, 403)):
        client.force_login(person)
        assert client.get(path).status_code == status, person
        if status != 200:
            assert client.post(path, {"email": "x@x.example", "role": "owner", "name": "k"}).status_code == status
    assert (operator.memberships.count(), ApiKey.objects.count()) == (2, 0)


def test_a_person_is_invited_from_the_page(
    as_olga: Client, operator: Operator, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_olga.post("/ops/settings/members/", {"email": "nina@rete.example", "role": "support"})
    assert answer.status_code == 302
    assert [message.to for message in mail.outbox] == [["nina@rete.example"]]
    assert b"nina@rete.example" in as_olga.get("/ops/settings/members/").content
    pk = operator.memberships.get(user__email="nina@rete.example").pk
    assert as_olga.post(f"/ops/settings/members/{pk}/role/", {"role": "technician"}).status_code == 302
    assert operator.memberships.get(pk=pk).role == "technician"
    assert as_olga.post(f"/ops/settings/members/{pk}/remove/").status_code == 302
    assert not operator.memberships.filter(pk=pk).exists()


def test_somebody_at_work_is_named_beside_the_address(as_olga: Client, tom: User) -> None:
    answer = as_olga.post("/ops/settings/members/", {"email": tom.email, "role": "owner"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["email"])


def test_the_last_owner_is_told_why(as_olga: Client, olga: User) -> None:
    membership = olga.memberships.get()
    answer = as_olga.post(f"/ops/settings/members/{membership.pk}/remove/")
    assert answer.status_code == 302
    assert len(said(answer)) == 1
    assert olga.memberships.exists()


def test_carlas_people_and_keys_are_404_for_olga(as_olga: Client, carla: User, other_operator: Operator) -> None:
    theirs = carla.memberships.get()
    key, _secret = api_keys.create(operator=other_operator, name="k")
    for path in (
        f"members/{theirs.pk}/role",
        f"members/{theirs.pk}/remove",
        f"members/{theirs.pk}/invite",
        f"api-keys/{key.pk}/revoke",
    ):
        assert as_olga.post(f"/ops/settings/{path}/", {"role": "host"}).status_code == 404, path
    theirs.refresh_from_db()
    key.refresh_from_db()
    assert (theirs.role, key.revoked_at) == ("owner", None)


def test_a_key_is_shown_once(as_olga: Client, operator: Operator) -> None:
    answer = as_olga.post("/ops/settings/api-keys/", {"name": "Back office", "role": "manager"})
    secret = answer.context["shown"]
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert secret not in as_olga.get("/ops/settings/api-keys/").content.decode()
    row = api_keys.find(secret)
    as_olga.post(f"/ops/settings/api-keys/{row.pk}/revoke/")
    assert api_keys.find(secret) is None


def test_a_manager_makes_no_owners_key(client: Client, operator: Operator) -> None:
    client.force_login(member(operator, "mara@rete.example", "manager"))
    answer = client.post("/ops/settings/api-keys/", {"name": "k", "role": "owner"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["role"])
    assert not ApiKey.objects.exists()


def test_changes_need_a_post(as_olga: Client, olga: User) -> None:
    pk = olga.memberships.get().pk
    for path in (f"members/{pk}/role", f"members/{pk}/remove", f"members/{pk}/invite", "api-keys/1/revoke"):
        assert as_olga.get(f"/ops/settings/{path}/").status_code == 405, path


def test_a_forged_form_is_refused(olga: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(olga)
    assert strict.post("/ops/settings/", COMPANY).status_code == 403


def test_a_driver_says_who_they_are_and_who_pays(client: Client, dario: Driver) -> None:
    client.force_login(dario.user)
    assert client.post("/profile/", {"what": "person", "first_name": "Dario", "last_name": "Neri"}).status_code == 302
    billing = {
        "what": "billing",
        "vat_number": "00743110157",
        "billing_name": "Neri S.r.l.",
        "recipient": "neri@pec.example",
        "address": "Via Po 3",
        "postal_code": "10124",
        "city": "Torino",
        "province": "TO",
        "country_code": "IT",
    }
    assert client.post("/profile/", billing).status_code == 302
    dario.refresh_from_db()
    assert (str(dario.user), dario.vat_number, dario.pec, dario.sdi_code) == (
        "Dario Neri",
        "IT00743110157",
        "neri@pec.example",
        "",
    )
    answer = client.post("/profile/", billing | {"recipient": "X1", "vat_number": "1"})
    assert (answer.status_code, sorted(answer.context["billing"].errors)) == (400, ["recipient", "vat_number"])
    assert dario.tokens.count() == 0


def test_billing_data_wait_for_the_first_charge(client: Client, olga: User) -> None:
    client.force_login(olga)
    assert client.get("/profile/").context["billing"] is None
    assert client.post("/profile/", {"what": "billing", "vat_number": "00743110157"}).status_code == 200
    assert not Driver.objects.exists()


@pytest.mark.parametrize("path", ["/profile/", "/accounts/"])
def test_strangers_sign_in_first(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
