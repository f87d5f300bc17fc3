"""Django's admin: rare set-up, behind the same sign-in."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import api_keys
from tests.factories import DriverFactory, TokenFactory, UserFactory


@pytest.fixture
def staff(db: None) -> User:
    return UserFactory(email="ada@colonnina.example", is_staff=True, is_superuser=True)


def test_the_admin_asks_for_the_ordinary_sign_in(client: Client, db: None) -> None:
    first = client.get("/admin/", follow=True)
    assert first.redirect_chain[-1][0].startswith("/accounts/login/")


def test_every_list_and_form_opens(client: Client, staff: User, operator) -> None:
    client.force_login(staff)
    token = TokenFactory(operator=operator)
    key, _secret = api_keys.create(operator=operator, name="k")
    rows = {"user": staff, "operator": operator, "driver": DriverFactory(), "token": token, "apikey": key}
    for name, row in rows.items():
        assert client.get(f"/admin/accounts/{name}/").status_code == 200, name
        page = client.get(f"/admin/accounts/{name}/{row.pk}/change/")
        assert page.status_code == 200, name
        assert key.digest not in page.content.decode()


def test_members_have_no_business_in_the_admin(client: Client, olga: User) -> None:
    client.force_login(olga)
    assert client.get("/admin/accounts/user/").status_code in (302, 403)
    assert not olga.is_staff
