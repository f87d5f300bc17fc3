"""Q48: a station ends a transaction by itself and begins another one while the cable stays in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sessions_app import selectors
from sessions_app.models import ChargingSession
from stations.models import StatusChange

from .telling import MORNING, Teller

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


def charge(tell: Tell, pole: Teller, begin: float, end: float, meter: int, **more: Any) -> int:
    number: str = tell(pole.start(begin, meter=meter, **more)).transaction_id
    tell(pole.stop(end, number, meter + 1_000))
    return int(number)


def visits() -> dict[int, list[int]]:
    told = selectors.earlier_by_session(list(ChargingSession.objects.all()))
    return {pk: [session.pk for session in chain] for pk, chain in told.items()}


def test_q48_charges_a_moment_apart_are_one_visit(tell: Tell, pole: Teller) -> None:
    one = charge(tell, pole, 0, 30, 1_000)
    two = charge(tell, pole, 31, 60, 2_000)
    three = charge(tell, pole, 69, 90, 3_000)

    assert visits() == {two: [one], three: [one, two]}


def test_q48_whatever_order_they_are_told_in(tell: Tell, pole: Teller) -> None:
    two = charge(tell, pole, 31, 60, 2_000, heard=100)
    one = charge(tell, pole, 0, 30, 1_000, heard=101)

    assert visits() == {two: [one]}


@pytest.mark.parametrize("other", [{"begin": 41}, {"tag": "SOMEBODY"}, {"evse": 2}])
def test_q48_later_another_card_or_another_connector_is_another_visit(
    tell: Tell, pole: Teller, other: dict[str, Any]
) -> None:
    charge(tell, pole, 0, 30, 1_000)
    charge(tell, pole, other.pop("begin", 31), 60, 2_000, **other)

    assert visits() == {}


@pytest.mark.parametrize(("minute", "linked"), [(29, True), (30.5, False), (31.5, True)])
def test_q48_a_connector_that_was_free_in_between_ends_the_visit(
    tell: Tell, pole: Teller, minute: float, linked: bool
) -> None:
    charge(tell, pole, 0, 30, 1_000)
    charge(tell, pole, 31, 60, 2_000)
    at = MORNING + timedelta(minutes=minute)
    StatusChange.objects.create(
        station=pole.station, evse_id=1, connector_id=1, status="Available", at=at, received_at=at
    )

    assert bool(visits()) is linked


def test_q48_a_card_of_no_number_proves_nothing(tell: Tell, pole: Teller) -> None:
    charge(tell, pole, 0, 30, 1_000, token=None)
    charge(tell, pole, 31, 60, 2_000, token=None)

    assert visits() == {}


def test_q48_one_query_where_there_is_nothing_to_link(tell: Tell, pole: Teller, django_assert_num_queries: Any) -> None:
    charge(tell, pole, 0, 30, 1_000)
    found = list(ChargingSession.objects.all())
    with django_assert_num_queries(1):
        assert selectors.earlier_by_session(found) == {}
