"""The cast. Olga runs Rete Adriatica, Tom answers its phone, Anna keeps its books, Dario charges there;
Carla runs another operator and must never see any of it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from django.utils import translation
from rest_framework.test import APIClient

from accounts.models import Driver, Membership, Operator, Role, User
from accounts.services import api_keys
from stations.services import clocks

from .factories import DriverFactory, OperatorFactory, StationFactory, UserFactory

DATA = Path(__file__).parent / "data"

# machines are shared: a slow example is not a failure
hypothesis.settings.register_profile(
    "colonnina", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("colonnina")


DATABASE_FIXTURES = {"db", "transactional_db", "start_live_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-line", action="store_true", help="kill the paying worker at every line, not at some")
    parser.addoption("--database-only", action="store_true", help="only tests that touch the database, no browser")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright leaves a running loop in its process, which asyncio's tests do not bear.
    The second run, on PostgreSQL, leaves out what would only be the same again."""
    items.sort(key=_in_browser)
    if config.getoption("--database-only"):
        items[:] = [item for item in items if _touches_database(item) and not _in_browser(item)]


def _in_browser(item: pytest.Item) -> bool:
    return "browser" in item.path.relative_to(Path(__file__).parent).parts


def _touches_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("any_database"):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or fixtures & DATABASE_FIXTURES)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """What no request and no recipient gives a language is in English, whatever the test before spoke."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def clocks_are_right() -> None:
    """No station's clock is corrected, and no test pays for looking."""
    clocks.assume({})


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real data, for tests that read it; skips where it is not at hand."""
    folder = os.environ.get("COLONNINA_REFERENCE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("COLONNINA_REFERENCE_DATA is not set to a folder with the reference data")
    return Path(folder)


@pytest.fixture
def operator(db: None) -> Operator:
    return OperatorFactory(slug="rete-adriatica", name="Rete Adriatica", party_id="ADR")


@pytest.fixture
def other_operator(db: None) -> Operator:
    return OperatorFactory(slug="costa-ovest", name="Costa Ovest", party_id="CST")


def member(operator: Operator, email: str, role: str) -> User:
    user: User = UserFactory(email=email)
    Membership.objects.create(user=user, operator=operator, role=role)
    return user


@pytest.fixture
def olga(operator: Operator) -> User:
    return member(operator, "olga@rete.example", Role.OWNER)


@pytest.fixture
def tom(operator: Operator) -> User:
    return member(operator, "tom@rete.example", Role.SUPPORT)


@pytest.fixture
def anna(operator: Operator) -> User:
    return member(operator, "anna@rete.example", Role.ACCOUNTANT)


@pytest.fixture
def carla(other_operator: Operator) -> User:
    return member(other_operator, "carla@costa.example", Role.OWNER)


@pytest.fixture
def dario(operator: Operator) -> Driver:
    return DriverFactory(operator=operator, user=UserFactory(email="dario@driver.example", first_name="Dario"))


@pytest.fixture
def station(operator: Operator):
    return StationFactory(operator=operator, identity="CP-0042")


@pytest.fixture
def api_client_for(db: None) -> Callable[..., APIClient]:
    """A client with a key of that operator: `api_client_for(operator, Role.SUPPORT)`."""

    def client_for(operator: Operator, role: str = Role.MANAGER) -> APIClient:
        _row, key = api_keys.create(operator=operator, name=f"{role} key", role=role)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
        return client

    return client_for


@pytest.fixture
def api(api_client_for: Callable[..., APIClient], operator: Operator) -> APIClient:
    """Rete Adriatica's back office: a manager's key."""
    return api_client_for(operator)
