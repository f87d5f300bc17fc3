"""The ways in: password, code, and what keeps others out."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import Driver, User

from .conftest import code_in_last_mail, last_mail

PASSWORD = "correct horse battery"


def confirmed(user: User) -> User:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str):
    return client.post("/accounts/login/", {"login": email, "password": password} | more)


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_member_lands_on_the_network(client: Client, olga: User) -> None:
    answer = sign_in(client, confirmed(olga).email)
    assert (answer.status_code, answer["Location"]) == (302, "/ops/")


def test_a_driver_lands_on_the_map(client: Client, dario: Driver) -> None:
    assert sign_in(client, confirmed(dario.user).email)["Location"] == "/"


def test_next_wins_and_only_on_this_site(client: Client, dario: Driver) -> None:
    confirmed(dario.user)
    assert sign_in(client, dario.user.email, next="/c/ABC123/")["Location"] == "/c/ABC123/"
    client.logout()
    assert sign_in(client, dario.user.email, next="https://evil.example/")["Location"] == "/"


def test_the_case_of_the_address_does_not_matter(client: Client, dario: Driver) -> None:
    confirmed(dario.user)
    sign_in(client, "DARIO@Driver.Example")
    assert signed_in(client)


@pytest.mark.parametrize(
    ("email", "password"), [("dario@driver.example", "wrong"), ("nobody@driver.example", PASSWORD)]
)
def test_a_wrong_password_and_an_unknown_address_look_alike(
    client: Client, dario: Driver, email: str, password: str
) -> None:
    confirmed(dario.user)
    page = sign_in(client, email, password)
    assert page.status_code == 200
    assert page.context["form"].non_field_errors()
    assert not signed_in(client)


def test_without_a_password_a_code_is_mailed(client: Client, dario: Driver) -> None:
    confirmed(dario.user)
    answer = sign_in(client, dario.user.email, "", next="/c/ABC123/")
    assert answer["Location"].startswith("/accounts/login/code/confirm/")
    assert last_mail().to == ["dario@driver.example"]
    answer = client.post("/accounts/login/code/confirm/", {"code": code_in_last_mail(), "next": "/c/ABC123/"})
    assert answer["Location"] == "/c/ABC123/"
    assert signed_in(client)


def test_a_code_for_an_unknown_address_is_not_sent_and_that_is_not_told(client: Client, db: None) -> None:
    answer = sign_in(client, "nobody@driver.example", "")
    assert answer["Location"].startswith("/accounts/login/code/confirm/")
    assert "    " not in last_mail().body
    assert not signed_in(client)


def test_an_address_that_was_never_confirmed_is_confirmed_first(client: Client, dario: Driver) -> None:
    assert sign_in(client, dario.user.email)["Location"].startswith("/accounts/confirm-email/")
    assert not signed_in(client)
    client.post("/accounts/confirm-email/", {"code": code_in_last_mail()})
    assert signed_in(client)


def test_five_wrong_passwords_pause_the_account(client: Client, dario: Driver) -> None:
    confirmed(dario.user)
    for _attempt in range(5):
        sign_in(client, dario.user.email, "wrong")
    page = sign_in(client, dario.user.email)
    assert page.status_code == 200
    assert not signed_in(client)


def test_many_sign_ins_from_one_address_are_429(client: Client, db: None) -> None:
    answers = [sign_in(client, f"{number}@driver.example", "wrong").status_code for number in range(31)]
    assert answers[-1] == 429


def test_members_are_signed_out_after_a_working_day(client: Client, olga: User, dario: Driver) -> None:
    sign_in(client, confirmed(olga).email)
    assert client.session.get_expiry_age() == 12 * 3600
    client.logout()
    sign_in(client, confirmed(dario.user).email)
    assert client.session.get_expiry_age() == 14 * 24 * 3600


def test_signing_out_needs_a_post(client: Client, dario: Driver) -> None:
    client.force_login(dario.user)
    client.get("/accounts/logout/")
    assert signed_in(client)
    assert client.post("/accounts/logout/")["Location"] == "/"
    assert not signed_in(client)


def test_a_new_password_by_mail(client: Client, dario: Driver) -> None:
    confirmed(dario.user)
    client.post("/accounts/password/reset/", {"email": dario.user.email})
    link = next(word for word in last_mail().body.split() if "/password/reset/key/" in word)
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "another horse battery", "password2": "another horse battery"})
    assert signed_in(client)
    dario.user.refresh_from_db()
    assert dario.user.check_password("another horse battery")
    client.logout()
    assert client.get(link, follow=True).context.get("token_fail")


def test_a_mail_server_that_is_away_is_said(client: Client, dario: Driver, settings) -> None:
    confirmed(dario.user)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answer = sign_in(client, dario.user.email, "")
    assert answer.status_code == 302
    assert not signed_in(client)


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_mail_has_both_parts(client: Client, dario: Driver, language: str) -> None:
    confirmed(dario.user)
    client.post(f"/accounts/login/?lang={language}", {"login": dario.user.email})
    message = mail.outbox[-1]
    html, media_type = message.alternatives[0]
    assert media_type == "text/html"
    assert code_in_last_mail() in html
    assert f'<html lang="{language}">' in html
    assert "<" not in message.body


def test_every_page_about_sign_in_opens(client: Client, dario: Driver) -> None:
    for path in ("login", "signup", "signup/passkey", "password/reset", "password/reset/done", "login/code"):
        assert client.get(f"/accounts/{path}/").status_code == 200, path
    client.force_login(confirmed(dario.user))
    for path in ("", "email/", "password/change/", "sessions/", "logout/", "inactive/", "reauthenticate/"):
        assert client.get(f"/accounts/{path}").status_code == 200, path


def test_a_password_link_that_no_longer_works_offers_both_ways_on(client: Client, db: None) -> None:
    page = client.get("/accounts/password/reset/key/1-abc/?lang=en", follow=True).content.decode()
    assert "This link no longer works." in page
    assert 'href="/accounts/password/reset/"' in page
    assert 'href="/accounts/login/"' in page


def test_help_knows_the_charger_that_one_is_about_to_start(client: Client, db: None) -> None:
    page = client.get("/accounts/login/?next=/c/IT*ADR*E0042*1/").content.decode()
    assert 'href="/help/?code=IT%2AADR%2AE0042%2A1"' in page


def test_pages_carry_no_inline_code(client: Client, db: None) -> None:
    answer = client.get("/accounts/login/")
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    page = answer.content.decode()
    assert "<script>" not in page
    assert "style=" not in page
    assert "onclick" not in page
