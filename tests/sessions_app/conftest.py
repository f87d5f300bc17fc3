"""What this room's tests share."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from accounts.models import Operator, Token
from sessions_app.handlers import HANDLERS
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from stations.vocabulary.central_system import CentralSystem
from tests.factories import TokenFactory

from .telling import Teller, Teller2


@pytest.fixture(autouse=True)
def _no_pricer(settings: Any) -> None:
    settings.SESSION_PRICER = ""


@pytest.fixture
def csms() -> CentralSystem:
    return CentralSystem(HANDLERS)


@pytest.fixture
def tell(csms: CentralSystem, db: None) -> Callable[..., Any]:
    """`tell(event)` gives its answer; `tell(a, b, c)` one batch and its answers."""

    def tell(*events: Any) -> Any:
        answers: Sequence[Any] = csms.handle(events)
        return answers[0] if len(answers) == 1 else answers

    return tell


@pytest.fixture
def card(operator: Operator) -> Token:
    return TokenFactory(operator=operator, uid="04A1B2C3")


@pytest.fixture
def pole(station: ChargingStation) -> Teller:
    return Teller(station)


@pytest.fixture
def pole2(station: ChargingStation) -> Teller2:
    return Teller2(station)


@pytest.fixture
def only_session(db: None) -> Callable[[], ChargingSession]:
    return lambda: ChargingSession.objects.get()
