"""A person ends a session in our books; the station is not asked."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from cms.core.errors import Conflict, Forbidden
from sessions_app.engine import reduce
from sessions_app.engine.evidence import CLOSED, STARTED, Evidence
from sessions_app.models import ChargingSession
from sessions_app.models import Evidence as EvidenceRow
from sessions_app.services import decisions

from .telling import MORNING, Teller

Tell = Callable[..., Any]


@pytest.fixture
def session(tell: Tell, pole: Teller) -> ChargingSession:
    tell(pole.start(0))
    return ChargingSession.objects.get()


def test_anna_closes_and_is_kept_as_who_did(session: ChargingSession, anna: User) -> None:
    closed = decisions.close(session=session, reason="HardReset", by=anna)

    assert (closed.status, closed.stop_reason, closed.closed_by_us) == ("completed", "HardReset", True)
    assert f'"by":"user:{anna.pk}"' in EvidenceRow.objects.get(kind="closed").facts


def test_a_stranger_and_the_driver_close_nothing(session: ChargingSession, carla: User, dario: Any) -> None:
    for nobody in (carla, dario.user):
        with pytest.raises(Forbidden):
            decisions.close(session=session, by=nobody)

    session.refresh_from_db()
    assert (session.status, EvidenceRow.objects.count()) == ("active", 1)


def test_what_is_closed_cannot_be_closed_again(session: ChargingSession, anna: User) -> None:
    decisions.close(session=session, by=anna)
    with pytest.raises(Conflict) as refused:
        decisions.close(session=session, by=anna)

    assert refused.value.code == "session_not_active"
    assert EvidenceRow.objects.filter(kind="closed").count() == 1


def test_of_two_closes_at_once_the_first_counts() -> None:
    first = Evidence(CLOSED, MORNING, MORNING, reason="Other")
    second = first._replace(received_at=MORNING.replace(hour=9), reason="HardReset")
    start = Evidence(STARTED, MORNING, MORNING)

    for order in ((start, first, second), (start, second, first)):
        assert reduce.retell(order).closed_reason == "Other"
