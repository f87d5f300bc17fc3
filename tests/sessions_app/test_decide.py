"""What a person decides about a session is evidence too: who, why, and never an edit."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
import time_machine

from accounts.models import User
from cms.core.errors import Conflict, Forbidden, Invalid
from sessions_app.models import ChargingSession, Evidence
from sessions_app.services import decisions, replaying

from .telling import MORNING, Teller

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


def at(minute: float) -> datetime:
    return MORNING + timedelta(minutes=minute)


@pytest.fixture
def doubtful(tell: Tell, pole: Teller) -> ChargingSession:
    """meterStop far below meterStart: the samples decide, and a person is asked."""
    number = tell(pole.start(0, meter=1_000)).transaction_id
    tell(pole.update(30, number, 6_000), pole.stop(60, number, 0))
    session = ChargingSession.objects.get()
    assert (session.energy, session.review) == (Decimal(5_000), "negative")
    return session


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(at(210), tick=False):
        yield


def test_a_correction_stands_above_all_sources(doubtful: ChargingSession, anna: User) -> None:
    decisions.correct(session=doubtful, energy_wh=Decimal("7_250.5"), stopped_at=at(55), reason="Read on site", by=anna)

    session = ChargingSession.objects.get()
    assert (session.energy, session.stopped_at) == (Decimal("7250.5"), at(55))
    assert (session.review, session.estimated, session.closed_by_us) == ("", False, True)
    facts = orjson.loads(Evidence.objects.get(kind="corrected").facts)
    assert facts == {"meter": 7_250_500, "reason": "Read on site", "by": f"user:{anna.pk}"}


def test_the_last_correction_counts_and_the_first_is_kept(doubtful: ChargingSession, anna: User) -> None:
    for wh, minute in ((7_000, 210), (8_000, 211)):
        with time_machine.travel(at(minute), tick=False):
            decisions.correct(session=doubtful, energy_wh=Decimal(wh), stopped_at=at(60), reason="Again", by=anna)

    assert ChargingSession.objects.get().energy == Decimal(8_000)
    assert Evidence.objects.filter(kind="corrected").count() == 2


def test_what_the_station_says_later_is_shown_and_changes_nothing(
    tell: Tell, pole: Teller, doubtful: ChargingSession, anna: User
) -> None:
    decisions.correct(session=doubtful, energy_wh=Decimal(7_000), stopped_at=at(60), reason="Read on site", by=anna)
    tell(pole.update(45, doubtful.transaction_id, 7_500, heard=300))

    session = ChargingSession.objects.get()
    assert (session.energy, session.review) == (Decimal(7_000), "after_correction")


def test_accepting_answers_what_is_asked_now_and_not_what_comes(
    tell: Tell, pole: Teller, doubtful: ChargingSession, anna: User
) -> None:
    decisions.accept(session=doubtful, reason="The driver agrees", by=anna)
    assert ChargingSession.objects.get().review == ""

    tell(pole.stop(61, doubtful.transaction_id, 12, heard=300))
    assert ChargingSession.objects.get().review == "double_stop"


def test_a_discarded_charge_asks_nothing_any_more(doubtful: ChargingSession, anna: User) -> None:
    decisions.discard(session=doubtful, reason="Our own test", by=anna)

    session = ChargingSession.objects.get()
    assert (session.discarded, session.review, session.status) == (True, "", "completed")
    with pytest.raises(Conflict) as refused:
        decisions.discard(session=session, reason="Once more", by=anna)
    assert refused.value.code == "session_discarded"


def test_replay_keeps_every_decision(doubtful: ChargingSession, anna: User) -> None:
    decisions.correct(session=doubtful, energy_wh=Decimal(7_000), stopped_at=at(60), reason="Read on site", by=anna)
    decisions.discard(session=doubtful, reason="Our own test", by=anna)

    assert list(replaying.replay(ChargingSession.objects.all(), write=False)) == []


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"energy_wh": Decimal(-1)}, "energy_wh"),
        ({"energy_wh": Decimal(10_000_001)}, "energy_wh"),
        ({"stopped_at": at(-1)}, "stopped_at"),
        ({"stopped_at": at(211)}, "stopped_at"),
        ({"reason": "  "}, "reason"),
    ],
)
def test_a_wrong_correction_says_what_is_wrong(
    doubtful: ChargingSession, anna: User, facts: dict[str, Any], field: str
) -> None:
    good = {"energy_wh": Decimal(7_000), "stopped_at": at(60), "reason": "Read on site"}
    with pytest.raises(Invalid) as refused:
        decisions.correct(session=doubtful, by=anna, **good | facts)

    assert list(refused.value.fields) == [field]
    assert not Evidence.objects.filter(kind="corrected").exists()


def test_support_may_close_and_not_correct(doubtful: ChargingSession, tom: User) -> None:
    for decide in (decisions.accept, decisions.discard):
        with pytest.raises(Forbidden):
            decide(session=doubtful, reason="I think so", by=tom)
    assert Evidence.objects.exclude(kind__in=("started", "updated", "ended")).count() == 0


def test_there_must_be_something_to_accept(tell: Tell, pole: Teller, anna: User) -> None:
    number = tell(pole.start(0)).transaction_id
    tell(pole.stop(60, number, 9_000))

    with pytest.raises(Conflict) as refused:
        decisions.accept(session=ChargingSession.objects.get(), reason="Fine", by=anna)
    assert refused.value.code == "session_not_in_review"
