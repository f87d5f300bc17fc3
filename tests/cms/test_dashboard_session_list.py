"""The list of charges with its prices, its file, and what it costs the database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Driver, Operator, User
from billing.models import CDR
from billing.services.charges import rating
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from tests.factories import DriverFactory, StationFactory, TokenFactory
from tests.factories.billing import EndedSessionFactory, TariffAssignmentFactory, TariffFactory, TariffVersionFactory

LISTS = ["/ops/sessions/", "/ops/drivers/", "/ops/tokens/", "/ops/billing/invoices/", "/ops/cdrs/", "/ops/tariffs/"]


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def desk(client: Client, olga: User) -> Client:
    client.force_login(olga)
    return client


@pytest.fixture
def priced(operator: Operator) -> Operator:
    version = TariffVersionFactory(tariff=TariffFactory(operator=operator))
    TariffAssignmentFactory(operator=operator, tariff=version.tariff)
    return operator


@pytest.fixture
def charge(priced: Operator, station: ChargingStation, dario: Driver) -> ChargingSession:
    start = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
    session = EndedSessionFactory(
        station=station, driver=dario, started_at=start, stopped_at=start + timedelta(hours=1), energy=Decimal(11000),
        stop_reason="EVDisconnected", id_tag="04DARIO",
    )  # fmt: skip
    rating.rate(session_id=session.pk)
    return session


def test_the_list_says_what_it_cost_and_why_it_ended(desk: Client, charge: ChargingSession) -> None:
    page = desk.get("/ops/sessions/", headers={"Accept-Language": "en"}).content.decode()
    assert "€6.05" in page
    assert "Cable pulled at the car" in page


def taken(client: Client, **filters: str) -> list[str]:
    answer = client.post(
        "/ops/billing/exports/start/", {"kind": "sessions", "preset": "csv_it", **filters}, follow=True
    )
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.startswith("\ufeff")
    return text.removeprefix("\ufeff").removesuffix("\r\n").split("\r\n")


def test_the_list_is_taken_to_italian_excel(desk: Client, charge: ChargingSession) -> None:
    head, line = taken(desk, search="CP-0042")
    assert head.count(";") == 13
    cells = line.split(";")
    assert cells[:3] == [str(charge.pk), "15/06/2026 12:00", "15/06/2026 13:00"]
    assert (cells[6], cells[8], cells[10:]) == ("…ARIO", "11,000", ["EUR", "4,96", "1,09", "6,05"])


def test_the_file_holds_what_the_list_shows(desk: Client, charge: ChargingSession) -> None:
    assert len(taken(desk, view="live")) == 1
    assert len(taken(desk, view="unpaid")) == 2


def test_carla_gets_none_of_it(client: Client, carla: User, charge: ChargingSession) -> None:
    client.force_login(carla)
    assert len(taken(client)) == 1


def test_an_unpaid_charge_is_found(desk: Client, charge: ChargingSession) -> None:
    assert CDR.objects.unpaid().count() == 1
    assert f'href="/ops/sessions/{charge.pk}/"' in desk.get("/ops/sessions/?view=unpaid").content.decode()


def _more(operator: Operator, count: int) -> None:
    """`count` drivers with a card, a price and a charge each."""
    stations = StationFactory.create_batch(3, operator=operator)
    for number in range(count):
        driver = DriverFactory(operator=operator)
        TokenFactory(operator=operator, driver=driver)
        TariffVersionFactory(tariff=TariffFactory(operator=operator))
        EndedSessionFactory(station=stations[number % 3], driver=driver)
    rating.rate_many(list(ChargingSession.objects.filter(cdrs=None).values_list("pk", flat=True)))


def _queries(desk: Client) -> dict[str, int]:
    counted = {}
    for address in LISTS:
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(address).status_code == 200
        counted[address] = len(asked)
    return counted


def test_a_hundred_rows_cost_what_ten_cost(desk: Client, priced: Operator) -> None:
    _more(priced, 10)
    desk.get("/ops/")  # what a process looks up once
    few = _queries(desk)
    _more(priced, 90)
    assert _queries(desk) == few
