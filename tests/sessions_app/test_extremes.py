"""Whatever a station puts into a transaction message, it is answered and its words are kept (OCPP 1.6 §6)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sessions_app.models import ChargingSession, Evidence
from sessions_app.services import replaying
from stations.vocabulary.events import TransactionStarted
from stations.vocabulary.values import EvseRef, IdToken, Reading, Sample

from .telling import MORNING, REGISTER, Teller, Teller2

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")

EXTREMES: list[dict[str, Any]] = [
    {"evse": EvseRef(-1, 1)},
    {"evse": EvseRef(2**31, 1)},
    {"evse": EvseRef(0, 1)},
    {"evse": EvseRef(10**30, -5)},
    {"evse": None},
    {"token": IdToken("")},
    {"token": IdToken("Ω" * 5000)},
    {"token": None},
    {"meter_wh": Decimal(-1)},
    {"meter_wh": Decimal(10) ** 30},
    {"meter_wh": Decimal("-1e-30")},
    {"meter_wh": None},
    {"occurred_at": datetime(1, 1, 1, tzinfo=UTC)},
    {"occurred_at": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)},
    {"reservation_id": 10**40},
    {"reservation_id": -1},
]


@pytest.mark.parametrize("odd", EXTREMES, ids=lambda odd: next(iter(odd)))
def test_a_start_is_answered_with_an_id_and_a_status(tell: Tell, pole: Teller, odd: dict[str, Any]) -> None:
    answer = tell(replace(pole.start(0), **odd))
    number = answer.transaction_id
    assert int(number) > 0
    assert answer.authorization.status in {"Accepted", "Unknown"}

    tell(replace(pole.update(10, number), **odd))
    tell(replace(pole.stop(20, number, 5000), **odd))

    assert ChargingSession.objects.get().status == "completed"
    assert Evidence.objects.count() == 3
    assert list(replaying.replay(ChargingSession.objects.all(), write=False)) == []


@pytest.mark.parametrize("seq_no", [-1, 2**63, 10**40])
def test_any_sequence_number_is_taken(tell: Tell, pole2: Teller2, seq_no: int) -> None:
    more = {"remote_start_id": 10**40, "charging_state": "Charging" * 50, "trigger": "x" * 500}
    tell(pole2.event(TransactionStarted, 0, "t" * 500, seq_no, **more))

    assert ChargingSession.objects.get().transaction_id == "t" * 500
    assert list(replaying.replay(ChargingSession.objects.all(), write=False)) == []


def test_readings_of_a_wild_clock_and_wild_values_are_kept(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0)).transaction_id
    wild = (
        Reading(datetime(1, 1, 1, tzinfo=UTC), (Sample(REGISTER, Decimal("1e300"), "Wh"),)),
        Reading(datetime(9999, 12, 31, tzinfo=UTC), (Sample(REGISTER, Decimal("NaN"), "kWh", "L9"),)),
        Reading(MORNING + timedelta(minutes=5), (Sample("", Decimal(0), "💡", "", "", "", 10**6),)),
    )
    tell(pole.update(6, number, readings=wild))
    tell(pole.stop(7, number, 1500))

    assert ChargingSession.objects.get().energy == Decimal(300)
    assert list(replaying.replay(ChargingSession.objects.all(), write=False)) == []
