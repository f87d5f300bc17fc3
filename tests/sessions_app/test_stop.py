"""Who may ask the station to stop."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Driver, Token, User
from cms.core.errors import Forbidden
from sessions_app.models import ChargingSession
from sessions_app.services import stops
from stations.models import ChargingStation, Command
from tests.factories import DriverFactory

from .telling import Teller

Tell = Callable[..., Any]


@pytest.fixture
def session(tell: Tell, pole: Teller, card: Token, dario: Driver) -> ChargingSession:
    Token.objects.update(driver=dario)
    tell(pole.start(0))
    ChargingStation.objects.update(online=True, ocpp_version="1.6")
    return ChargingSession.objects.select_related("station", "driver").get()


def test_dario_stops_his_own_charge(session: ChargingSession, dario: Driver) -> None:
    command = stops.remote(session=session, by=dario.user)

    assert (command.kind, command.requested_by) == ("RequestStop", dario.user)
    session.refresh_from_db()
    assert session.status == "active"  # until the station says so


def test_tom_stops_it_on_the_phone(session: ChargingSession, tom: User) -> None:
    assert stops.remote(session=session, by=tom).requested_by == tom


def test_another_driver_the_accountant_and_a_stranger_stop_nothing(
    session: ChargingSession, anna: User, carla: User
) -> None:
    for nobody in (DriverFactory(operator=session.operator).user, anna, carla):
        with pytest.raises(Forbidden):
            stops.remote(session=session, by=nobody)

    assert not Command.objects.exists()
