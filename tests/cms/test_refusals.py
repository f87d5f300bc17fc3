"""What a person sees when a service says no."""

import types

import pytest
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from cms.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable

FAILURES = {
    "unseen": NotFound("No such thing."),
    "forbidden": Forbidden("Your role does not allow this."),
    "conflict": Conflict("The charger is offline."),
    "invalid": Invalid({"name": ["Too long."]}),
    "down": Unavailable("The printer is down."),
}


def refuse(request: HttpRequest, how: str) -> HttpResponse:
    raise FAILURES[how]


urls = types.ModuleType("refusal_urls")
urls.urlpatterns = [path("refuse/<how>/", refuse), path("", include("cms.urls"))]


@pytest.fixture(autouse=True)
def _mounted(db: None):
    with override_settings(ROOT_URLCONF=urls):
        yield


@pytest.mark.parametrize(("how", "status"), [("unseen", 404), ("forbidden", 403)])
def test_unseen_and_forbidden_are_pages(client: Client, how: str, status: int) -> None:
    answer = client.get(f"/refuse/{how}/")
    assert (answer.status_code, answer["Content-Type"]) == (status, "text/html; charset=utf-8")


@pytest.mark.parametrize("how", ["conflict", "invalid", "down"])
def test_others_are_said_on_the_page_the_form_was_on(client: Client, how: str) -> None:
    answer = client.post(f"/refuse/{how}/", headers={"Referer": "http://testserver/offline/?a=1"})
    assert (answer.status_code, answer["Location"]) == (302, "http://testserver/offline/?a=1")
    assert [str(said) for said in get_messages(answer.wsgi_request)] == [FAILURES[how].text]


@pytest.mark.parametrize("referer", ["http://evil.example/", "", "http://testserver/refuse/conflict/"])
def test_nobody_is_sent_elsewhere_or_in_a_circle(client: Client, referer: str) -> None:
    assert client.get("/refuse/conflict/", headers={"Referer": referer})["Location"] == "/"
