"""A driver makes an account, and comes out where the journey began."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import Driver, User

from .conftest import code_in_last_mail, last_mail

SIGN_UP = {"email": "Dora@Driver.example", "password1": "correct horse battery"}
pytestmark = pytest.mark.django_db


def sign_up(client: Client, **changes: str):
    return client.post("/accounts/signup/", SIGN_UP | changes, follow=True)


def test_a_code_confirms_the_address_and_leads_back_to_the_charger(client: Client) -> None:
    page = sign_up(client, next="/c/IT*ADR*E0042*1/")
    assert page.redirect_chain[-1][0].startswith("/accounts/confirm-email/")
    assert last_mail().to == ["dora@driver.example"]
    answer = client.post("/accounts/confirm-email/", {"code": code_in_last_mail()})
    assert (answer.status_code, answer["Location"]) == (302, "/c/IT*ADR*E0042*1/")
    user = User.objects.get()
    assert (user.email, user.language) == ("dora@driver.example", "it")
    assert EmailAddress.objects.get().verified
    assert client.session["_auth_user_id"] == str(user.pk)


def test_nobody_gets_in_with_a_wrong_code(client: Client) -> None:
    sign_up(client)
    assert client.post("/accounts/confirm-email/", {"code": "AAAA-AAAA"}).status_code == 200
    assert "_auth_user_id" not in client.session
    assert not EmailAddress.objects.get().verified


def test_the_language_of_the_page_is_the_persons(client: Client) -> None:
    client.post("/accounts/signup/?lang=en", SIGN_UP)
    assert User.objects.get().language == "en"
    assert last_mail().subject.endswith("confirms your e-mail")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "dora"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "a" * 250 + "@x.example"}, "email"),
        ({"password1": "short"}, "password1"),
        ({"password1": "password123"}, "password1"),
        ({"password1": ""}, "password1"),
    ],
)
def test_wrong_input_is_said_beside_its_field(client: Client, wrong: dict, field: str) -> None:
    page = sign_up(client, **wrong)
    assert page.status_code == 200
    assert field in page.context["form"].errors
    assert f'id="id_{field}_error"' in page.content.decode()
    assert not User.objects.exists()


def test_a_short_password_is_refused_in_the_language_of_the_page(client: Client) -> None:
    page = client.post("/accounts/signup/?lang=en", SIGN_UP | {"password1": "gatto"})
    assert page.context["form"].errors["password1"][0] == "Too short: at least 10 characters."
    assert not User.objects.exists()


def test_an_address_that_has_an_account_is_not_betrayed(client: Client, dario: Driver) -> None:
    page = sign_up(client, email="dario@driver.example")
    assert page.redirect_chain[-1][0].startswith("/accounts/confirm-email/")
    assert User.objects.filter(email__iexact="dario@driver.example").count() == 1
    assert "/accounts/password/reset/" in last_mail().body
    assert len(mail.outbox) == 1
