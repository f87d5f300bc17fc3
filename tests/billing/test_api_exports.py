"""/exports/: start a file, ask how far it is, take it."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import Operator, Role
from billing.models import Export, TariffVersion
from billing.services.charges import rating
from billing.services.month_end import writing
from sessions_app.models import ChargingSession

URL = "/api/v1/exports/"
pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def _now(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(datetime(2026, 6, 16, 9, tzinfo=UTC), tick=False):
        yield


def test_a_file_is_started_followed_and_taken(
    api: APIClient, price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]
) -> None:
    price()
    rating.rate(session_id=ended(energy=Decimal(18_640)).pk)
    asked = {"kind": "charges", "params": {"month": "2026-06"}, "preset": "machine"}
    answer = api.post(URL, asked, format="json")
    assert (answer.status_code, answer.data["state"], answer.data["params"]) == (201, "queued", {"month": "2026-06"})
    assert answer["Location"].endswith(f"{URL}{answer.data['id']}/")
    assert api.get(f"{answer['Location']}file/").status_code == 404
    writing.run(answer.data["id"])
    done = api.get(answer["Location"]).data
    assert (done["state"], done["rows"], done["name"]) == ("done", 1, "charges-2026-06.csv")
    file = api.get(f"{answer['Location']}file/")
    assert b"".join(file.streaming_content).startswith(b"charge,started_at,")  # type: ignore[attr-defined]
    assert api.get(URL, {"state": "done"}).data["results"][0]["sha256"] == done["sha256"]


@pytest.mark.parametrize(
    "wrong",
    [{}, {"kind": "poem"}, {"kind": "charges", "preset": "pdf"}, {"kind": "journal", "params": {"month": "9999-12"}}],
)
def test_what_makes_no_sense_is_400_and_starts_nothing(api: APIClient, wrong: dict[str, Any]) -> None:
    assert api.post(URL, wrong, format="json").status_code == 400
    assert not Export.objects.exists()


def test_another_operators_file_is_not_there(
    api: APIClient, api_client_for: Callable[..., APIClient], other_operator: Operator
) -> None:
    mine = api.post(URL, {"kind": "charges"}, format="json").data["id"]
    theirs = api_client_for(other_operator)
    assert theirs.get(f"{URL}{mine}/").status_code == 404
    assert theirs.get(f"{URL}{mine}/file/").status_code == 404
    assert theirs.get(URL).data["results"] == []


def test_a_technicians_key_may_not(api_client_for: Callable[..., APIClient], operator: Operator) -> None:
    key = api_client_for(operator, Role.TECHNICIAN)
    assert key.post(URL, {"kind": "charges"}, format="json").status_code == 403
    assert not Export.objects.exists()
