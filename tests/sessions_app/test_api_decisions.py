"""POST /sessions/{id}/accept/, correct/, discard/: a person's decision, from another system."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import ApiKey, Operator, Role
from sessions_app.models import ChargingSession, Evidence

from .telling import MORNING, Teller

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")
CORRECTION = {"energy_wh": "7250.5", "stopped_at": "2026-05-01T11:25:00+02:00", "reason": "Read on site"}


@pytest.fixture(autouse=True)
def _later() -> Any:
    with time_machine.travel(MORNING + timedelta(hours=5), tick=False):
        yield


@pytest.fixture
def doubtful(tell: Tell, pole: Teller) -> ChargingSession:
    number = tell(pole.start(0, meter=1_000)).transaction_id
    tell(pole.update(30, number, 6_000), pole.stop(60, number, 0))
    return ChargingSession.objects.get()


def ask(client: APIClient, session: ChargingSession, verb: str, **body: Any) -> Any:
    return client.post(f"/api/v1/sessions/{session.pk}/{verb}/", body, format="json")


def test_a_correction_answers_with_the_session_as_it_is_now(doubtful: ChargingSession, api: APIClient) -> None:
    answer = ask(api, doubtful, "correct", **CORRECTION)

    told = answer.json()
    assert (answer.status_code, told["energy_wh"], told["stopped_at"]) == (200, 7251, "2026-05-01T09:25:00Z")
    facts = orjson.loads(Evidence.objects.get(kind="corrected").facts)
    assert facts == {"meter": 7_250_500, "reason": "Read on site", "by": f"apikey:{ApiKey.objects.get().pk}"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"energy_wh": -1}, "energy_wh"),
        ({"energy_wh": "much"}, "energy_wh"),
        ({"stopped_at": "yesterday"}, "stopped_at"),
        ({"stopped_at": "2026-05-01T08:00:00Z"}, "stopped_at"),
        ({"stopped_at": "2026-06-01T08:00:00Z"}, "stopped_at"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_wrong_correction_names_its_field(
    doubtful: ChargingSession, api: APIClient, wrong: dict[str, Any], field: str
) -> None:
    answer = ask(api, doubtful, "correct", **CORRECTION | wrong)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not Evidence.objects.filter(kind="corrected").exists()


def test_it_is_accepted_once(doubtful: ChargingSession, api: APIClient) -> None:
    assert ask(api, doubtful, "accept", reason="Looked at").status_code == 200
    assert ChargingSession.objects.get().review == ""

    again = ask(api, doubtful, "accept", reason="Looked at")
    assert (again.status_code, again.json()["code"]) == (409, "session_not_in_review")


def test_it_is_discarded_once_and_its_evidence_stays(doubtful: ChargingSession, api: APIClient) -> None:
    assert ask(api, doubtful, "discard", reason="A test").status_code == 200
    session = ChargingSession.objects.get()
    assert (session.discarded, session.energy) == (True, Decimal(5_000))
    assert Evidence.objects.filter(session=session).count() == 4

    again = ask(api, doubtful, "discard", reason="A test")
    assert (again.status_code, again.json()["code"]) == (409, "session_discarded")


@pytest.mark.parametrize("verb", ["accept", "correct", "discard"])
def test_it_is_for_those_who_keep_the_books(
    doubtful: ChargingSession,
    api_client_for: Callable[..., APIClient],
    operator: Operator,
    other_operator: Operator,
    verb: str,
) -> None:
    assert ask(api_client_for(operator, Role.SUPPORT), doubtful, verb, **CORRECTION).status_code == 403
    assert ask(api_client_for(other_operator, Role.OWNER), doubtful, verb, **CORRECTION).status_code == 404
    assert ask(APIClient(), doubtful, verb, **CORRECTION).status_code == 401
    assert not Evidence.objects.filter(kind__in=("accepted", "corrected", "discarded")).exists()
