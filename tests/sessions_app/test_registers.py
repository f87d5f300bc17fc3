"""The registers behind a session's energy: what counts, where the meter began again, what was forgotten."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sessions_app import selectors
from sessions_app.models import ChargingSession

from .telling import Teller

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


def counted(session: ChargingSession) -> list[int]:
    return [int(point.counted) for point in selectors.registers(session).points]


def breaks(session: ChargingSession) -> list[str]:
    return [one.kind for one in selectors.registers(session).breaks]


def told(tell: Tell, pole: Teller, *values: int, start: int = 1_000) -> ChargingSession:
    number = tell(pole.start(0, meter=start)).transaction_id
    tell(
        *(pole.update(10 * place, number, wh) for place, wh in enumerate(values, 1)), pole.stop(120, number, values[-1])
    )
    return ChargingSession.objects.get()


def test_readings_count_from_the_start(tell: Tell, pole: Teller) -> None:
    session = told(tell, pole, 2_000, 4_500, 6_000)
    assert (counted(session), breaks(session)) == ([1_000, 3_500, 5_000], [])
    assert selectors.registers(session).points[1].register == Decimal(4_500)


def test_a_meter_that_began_again_is_marked_and_counted_on(tell: Tell, pole: Teller) -> None:
    session = told(tell, pole, 52_000, 54_000, 100, 2_100, start=50_000)
    assert (counted(session), breaks(session)) == ([2_000, 4_000, 4_000, 6_000], ["register_reset"])
    assert selectors.account_of(session).unseen_s == 600


def test_a_single_value_that_contradicts_both_sides_is_forgotten(tell: Tell, pole: Teller) -> None:
    session = told(tell, pole, 2_000, 4_000, 9, 6_000)
    assert (counted(session), breaks(session)) == ([1_000, 3_000, 5_000], ["register_glitch"])


def test_readings_of_the_connector_stand_in(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1_000)).transaction_id
    tell(pole.meter(10, 2_000), pole.meter(20, 3_000))
    tell(pole.stop(30, number, 4_000))
    session = ChargingSession.objects.get()
    assert counted(session) == [1_000, 2_000]
    assert [(one.source, one.mwh, one.counts) for one in selectors.account_of(session).figures] == [
        ("transaction", 3_000_000, True),
        ("free_register", 2_000_000, False),
    ]
