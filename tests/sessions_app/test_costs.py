"""What a 2.x station is told about the price (OCPP 2.0.1 E02, I03)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from sessions_app.models import ChargingSession
from stations.vocabulary.events import TransactionEnded, TransactionStarted
from stations.vocabulary.values import EvseRef

from .telling import Teller, Teller2

Tell = Callable[..., Any]


def half_a_euro_per_kwh(sessions: Sequence[ChargingSession]) -> dict[int, Any]:
    return {s.pk: SimpleNamespace(total_incl_vat=s.energy / 2000) for s in sessions}


def free(sessions: Sequence[ChargingSession]) -> dict[int, Any]:
    return {s.pk: SimpleNamespace(total_incl_vat=Decimal(0)) for s in sessions}


def broken(sessions: Sequence[ChargingSession]) -> dict[int, Any]:
    return {s.pk: 1 / (s.pk - s.pk) for s in sessions}


def ended(tell: Tell, pole2: Teller2) -> Any:
    tell(pole2.event(TransactionStarted, 0, "t", 0, 1000, evse=EvseRef(1, 1)))
    return tell(pole2.event(TransactionEnded, 30, "t", 1, 4125, reason="EVDisconnected"))


@pytest.mark.parametrize(("pricer", "total"), [("half_a_euro_per_kwh", Decimal("1.5625")), ("free", Decimal("0.00"))])
def test_the_end_is_answered_with_the_total(
    tell: Tell, pole2: Teller2, settings: Any, pricer: str, total: Decimal
) -> None:
    settings.SESSION_PRICER = f"{__name__}.{pricer}"

    assert ended(tell, pole2).total_cost == total


def test_without_a_price_nothing_is_said(tell: Tell, pole2: Teller2) -> None:
    assert ended(tell, pole2).total_cost is None


def test_a_broken_pricer_costs_no_evidence(tell: Tell, pole2: Teller2, settings: Any) -> None:
    settings.SESSION_PRICER = f"{__name__}.broken"

    assert ended(tell, pole2).total_cost is None
    assert ChargingSession.objects.get().energy == Decimal(3125)


def test_a_1_6_station_has_no_use_for_it(tell: Tell, pole: Teller, settings: Any) -> None:
    settings.SESSION_PRICER = f"{__name__}.broken"
    number = tell(pole.start(0)).transaction_id

    assert tell(pole.stop(30, number, 5000)).total_cost is None


def test_the_product_itself_prices_many_at_once(tell: Tell, pole2: Teller2, settings: Any) -> None:
    from cms.settings import base

    settings.SESSION_PRICER = base.SESSION_PRICER

    assert ended(tell, pole2).total_cost is None  # nobody has set a price
