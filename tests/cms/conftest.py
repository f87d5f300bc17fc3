"""What the tests of the driver's pages share: the place, and who stands there."""

import pytest
from django.test import Client

from accounts.models import Driver, User
from tests.factories import UserFactory

from .driving import Driving


@pytest.fixture
def world(dario: Driver) -> Driving:
    return Driving(dario)


@pytest.fixture
def him(client: Client, dario: Driver) -> Client:
    """Dario's browser."""
    client.force_login(dario.user)
    return client


@pytest.fixture
def nina(db: None) -> User:
    """Another driver, who must never see what is Dario's."""
    user: User = UserFactory(email="nina@driver.example")
    return user
