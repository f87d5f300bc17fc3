"""The fixture itself: a server that comes up, answers and can be looked into."""

import urllib.request

import pytest

from accounts.models import Operator

pytestmark = pytest.mark.wire


def test_the_live_server_answers_and_shows_its_database(live_server_process):
    with urllib.request.urlopen(f"{live_server_process.http}/health/") as answer:
        assert answer.status == 200
    live_server_process.manage("create_operator", "molo", "--name", "Molo")
    with live_server_process.orm():
        assert Operator.objects.get(slug="molo").name == "Molo"
