"""The list of charges with its prices, its file, and what it costs the database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Driver, Operator, User
from billing.models import CDR
from billing.services import rating
from cms.dashboard import exports
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from tests.factories import DriverFactory, StationFactory, TokenFactory
from tests.factories.billing import EndedSessionFactory, TariffAssignmentFactory, TariffFactory, TariffVersionFactory

LISTS = ["/ops/sessions/", "/ops/drivers/", "/ops/tokens/", "/ops/invoices/", "/ops/cdrs/", "/ops/tariffs/"]


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


def test_the_list_is_taken_to_italian_excel(desk: Client, charge: ChargingSession) -> None:
    answer = desk.get("/ops/sessions/export/?search=CP-0042", headers={"Accept-Language": "it"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    head, line, rest = answer.content.decode("utf-8-sig").split("\r\n")
    assert (head.count(";"), rest) == (13, "")
    cells = line.split(";")
    assert cells[:3] == [str(charge.pk), "15/06/2026 12:00", "15/06/2026 13:00"]
    assert (cells[6], cells[8], cells[10:]) == ("…ARIO", "11,000", ["EUR", "4,96", "1,09", "6,05"])


def test_the_file_holds_what_the_list_shows(desk: Client, charge: ChargingSession) -> None:
    assert desk.get("/ops/sessions/export/?view=live").content.count(b"\r\n") == 1
    assert desk.get("/ops/sessions/export/?view=unpaid").content.count(b"\r\n") == 2


def test_too_many_are_refused_with_a_way_out(desk: Client, charge: ChargingSession, monkeypatch) -> None:
    monkeypatch.setattr(exports, "MOST", 0)
    answer = desk.get("/ops/sessions/export/?view=unpaid", follow=True, headers={"Accept-Language": "en"})
    assert [str(said) for said in answer.context["messages"]] == ["More than 0 charges: narrow the filter first."]
    assert answer.redirect_chain == [("/ops/sessions/?view=unpaid", 302)]


def test_carla_gets_none_of_it(client: Client, carla: User, charge: ChargingSession) -> None:
    client.force_login(carla)
    assert client.get("/ops/sessions/export/").content.count(b"\r\n") == 1


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
