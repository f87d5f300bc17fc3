"""What this room's tests share: a price, an ended charge, and what its evidence told."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Driver, Operator
from billing import pricing
from billing.models import CDR, PaymentMethod, TariffVersion
from billing.payments import gateway
from billing.services.charges import rating
from billing.tariffs.periods import Period, State
from sessions_app.models import ChargingSession
from sessions_app.services import replaying
from stations.models import ChargingStation
from tests.billing.till import Till
from tests.factories import EvseFactory
from tests.factories.billing import (
    EndedSessionFactory,
    PaymentMethodFactory,
    TariffAssignmentFactory,
    TariffFactory,
    TariffVersionFactory,
    element,
)

Told = dict[int, list[Period]]
Charge = Callable[..., CDR]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What the evidence of a session says, by session: without an entry all its energy flowed evenly. There are no rows of it."""
    entries: Told = {}

    def periods(sessions: Sequence[ChargingSession]) -> Told:
        return {session.pk: entries.get(session.pk) or [evenly(session)] for session in sessions}

    monkeypatch.setattr(pricing, "periods_by_session", periods)
    monkeypatch.setattr(replaying, "compare", lambda sessions: [])
    return entries


def evenly(session: ChargingSession) -> Period:
    end = session.stopped_at or session.started_at
    return Period(session.started_at, end, State.CHARGING, session.energy)


def charge_then_park(start: datetime, wh: int, charging_min: int, parked_min: int) -> list[Period]:
    full = start + timedelta(minutes=charging_min)
    return [
        Period(start, full, State.CHARGING, Decimal(wh)),
        Period(full, full + timedelta(minutes=parked_min), State.PARKING),
    ]


@pytest.fixture
def price(operator: Operator) -> Callable[..., TariffVersion]:
    """`price(elements=…)` becomes the operator's default."""

    def make(**terms: Any) -> TariffVersion:
        version: TariffVersion = TariffVersionFactory(tariff=TariffFactory(operator=operator), **terms)
        TariffAssignmentFactory(operator=operator, tariff=version.tariff)
        return version

    return make


@pytest.fixture
def card(dario: Driver) -> PaymentMethod:
    """Dario's, an ordinary one."""
    method: PaymentMethod = PaymentMethodFactory(driver=dario)
    return method


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Till:
    """The provider of this test, with its books open."""
    one = Till()
    monkeypatch.setattr(gateway, "of", lambda name: one)
    return one


@pytest.fixture
def rated(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]) -> Callable[..., CDR]:
    """`rated(energy=…)`: a charge of Dario's with its record, 0.55 €/kWh."""
    price()

    def make(**facts: Any) -> CDR:
        cdr = rating.rate(session_id=ended(**facts).pk)
        assert cdr is not None
        return cdr

    return make


@pytest.fixture
def ended(station: ChargingStation, dario: Driver, card: PaymentMethod, told: Told) -> Callable[..., ChargingSession]:
    """`ended(energy=…, minutes=…)`: a charge of Dario's, who has a card."""
    EvseFactory(station=station, uid="IT*ADR*E0042*1")

    def make(**facts: Any) -> ChargingSession:
        session: ChargingSession = EndedSessionFactory(**{"station": station, "driver": dario, **facts})
        return session

    return make


@pytest.fixture
def charge(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], told: Told) -> Charge:
    """`charge(energy=…)`: a rated charge at 0.59 €/kWh and 0.10 €/min after a quarter of an hour."""
    price(elements=[element("ENERGY", "0.59"), element("PARKING_TIME", "6", step=60, min_parking_duration=900)])

    def make(parked_min: int = 0, **facts: Any) -> CDR:
        session = ended(**facts)
        told[session.pk] = charge_then_park(session.started_at, int(session.energy), 60, parked_min)
        cdr = rating.rate(session_id=session.pk)
        assert cdr is not None
        return cdr

    return make
