"""Which language a page speaks."""

import pytest
from django.test import Client

from accounts.models import Driver

PAGE = "/offline/"


def spoken(client: Client, path: str = PAGE, **headers: str) -> str:
    return client.get(path, headers=headers)["Content-Language"]


@pytest.fixture
def signed_in(client: Client, dario: Driver) -> Client:
    client.force_login(dario.user)
    return client


def test_italian_is_the_default(client: Client, db: None) -> None:
    assert spoken(client) == "it"


def test_a_browser_is_listened_to(client: Client, db: None) -> None:
    assert spoken(client, **{"Accept-Language": "en-GB,en;q=0.9"}) == "en"


def test_lang_in_the_address_wins_and_is_remembered(client: Client, db: None) -> None:
    assert spoken(client, PAGE + "?lang=en", **{"Accept-Language": "it"}) == "en"
    assert spoken(client, **{"Accept-Language": "it"}) == "en"


@pytest.mark.parametrize("nonsense", ["xx", "", "../it", "en\x00"])
def test_a_language_that_is_not_offered_changes_nothing(client: Client, db: None, nonsense: str) -> None:
    answer = client.get(PAGE, {"lang": nonsense})
    assert (answer["Content-Language"], dict(answer.cookies)) == ("it", {})


def test_the_profile_comes_before_the_browser(signed_in: Client, dario: Driver) -> None:
    dario.user.language = "en"
    dario.user.save()
    assert spoken(signed_in, **{"Accept-Language": "it"}) == "en"


def test_the_cookie_comes_before_the_profile(signed_in: Client, dario: Driver) -> None:
    dario.user.language = "en"
    dario.user.save()
    signed_in.cookies["django_language"] = "it"
    assert spoken(signed_in) == "it"


@pytest.mark.parametrize("choose", ["address", "button"])
def test_a_choice_goes_into_the_profile(signed_in: Client, dario: Driver, choose: str) -> None:
    if choose == "address":
        signed_in.get(PAGE, {"lang": "en"})
    else:
        signed_in.post("/i18n/setlang/", {"language": "en", "next": PAGE})
    dario.user.refresh_from_db()
    assert dario.user.language == "en"
    assert spoken(signed_in) == "en"
