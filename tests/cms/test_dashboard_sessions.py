"""/ops/sessions/: every charge in a list, and one of them told from plug to price."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, User
from billing.models import CDR
from billing.services.charges import rating
from billing.services.prices import assigning, tariffs
from cms.dashboard import cost_panel
from cms.dashboard.selectors import sessions as selectors
from cms.wiring import csms
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from stations.vocabulary import events, values
from tests.factories import TokenFactory

NOON = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
PRICE = [{"price_components": [{"type": "ENERGY", "price": Decimal("0.55"), "vat": 22, "step_size": 1}]}]


def ref(station: ChargingStation) -> values.StationRef:
    return values.StationRef(station.pk, station.operator_id, station.identity)


def reading(minutes: int, wh: int, watts: int) -> values.Reading:
    register = values.Sample("Energy.Active.Import.Register", Decimal(wh), "Wh")
    power = values.Sample("Power.Active.Import", Decimal(watts), "W")
    return values.Reading(NOON + timedelta(minutes=minutes), (register, power))


@pytest.fixture
def running(station: ChargingStation, dario: Driver) -> ChargingSession:
    """Dario takes 11 kWh in half an hour; 0,55 €/kWh."""
    version = tariffs.create(
        operator=station.operator, name="AC", elements=PRICE, valid_from=NOON - timedelta(days=1), by=None
    )
    assigning.assign(tariff=version.tariff, operator=station.operator, valid_from=NOON - timedelta(days=1), by=None)
    TokenFactory(operator=station.operator, driver=dario, uid="04DARIO")
    with time_machine.travel(NOON, tick=False):
        csms.handle([
            events.TransactionStarted(
                station=ref(station), received_at=NOON, occurred_at=NOON, evse=values.EvseRef(1, 1),
                token=values.IdToken("04DARIO"), meter_wh=Decimal(1000),
            )
        ])  # fmt: skip
    session = ChargingSession.objects.get()
    for minutes, wh in [(5, 2800), (15, 6500), (30, 12000)]:
        at = NOON + timedelta(minutes=minutes)
        csms.handle([
            events.TransactionUpdated(
                station=ref(station), received_at=at, occurred_at=at, transaction_id=session.transaction_id,
                evse=values.EvseRef(1, 1), readings=(reading(minutes, wh, 22000),),
            )
        ])  # fmt: skip
    session.refresh_from_db()
    return session


@pytest.fixture
def ended(running: ChargingSession) -> ChargingSession:
    at = NOON + timedelta(minutes=31)
    csms.handle([
        events.TransactionEnded(
            station=ref(running.station), received_at=at, occurred_at=at, transaction_id=running.transaction_id,
            meter_wh=Decimal(12000), reason="EVDisconnected",
        )
    ])  # fmt: skip
    rating.rate(session_id=running.pk)
    running.refresh_from_db()
    return running


@pytest.fixture
def desk(client: Client, olga: User) -> Client:
    client.force_login(olga)
    return client


def text(client: Client, path: str) -> str:
    return (
        client.get(path, headers={"Accept-Language": "en"})
        .content.decode()
        .replace("\u00a0", " ")
        .replace("&nbsp;", " ")
    )


def test_a_running_charge_shows_what_it_took_and_costs_so_far(desk: Client, running: ChargingSession) -> None:
    page = text(desk, f"/ops/sessions/{running.pk}/")
    assert "11.00 kWh" in page
    assert "€6.05" in page
    assert "Close at the last reading" in page


def test_an_ended_charge_explains_its_price(desk: Client, ended: ChargingSession) -> None:
    page = text(desk, f"/ops/sessions/{ended.pk}/")
    assert CDR.objects.get().total_incl_vat == Decimal("6.05")
    for words in ("11.00 kWh × €0.55/kWh", "Cable pulled at the car", "€6.05 in all", "1.000 kWh", "12.000 kWh"):
        assert words in page


def test_q48_a_charge_that_goes_on_from_another_says_so(desk: Client, ended: ChargingSession) -> None:
    at = NOON + timedelta(minutes=32)
    csms.handle([
        events.TransactionStarted(
            station=ref(ended.station), received_at=at, occurred_at=at, evse=values.EvseRef(1, 1),
            token=values.IdToken("04DARIO"), meter_wh=Decimal(12000),
        )
    ])  # fmt: skip
    following = ChargingSession.objects.latest("pk")
    assert "Goes on from the charge of 12:00" in text(desk, f"/ops/sessions/{following.pk}/")
    assert "Goes on from the charge" not in text(desk, f"/ops/sessions/{ended.pk}/")


def test_a_block_can_be_fetched_alone(desk: Client, running: ChargingSession) -> None:
    answer = desk.get(f"/ops/sessions/{running.pk}/", headers={"HX-Request": "true", "HX-Target": "head"})
    assert answer.content.decode().lstrip().startswith("<div")
    assert "<html" not in answer.content.decode()


def test_the_cost_panel_ends_at_the_price(ended: ChargingSession) -> None:
    bill = selectors.bill(ended, "en")
    assert bill.cost is not None
    (block,) = cost_panel.blocks(bill.cost)
    assert block.label == "€0.55/kWh"
    assert block.points[0] == (NOON, Decimal("0.0000"))
    assert block.points[-1][1] == Decimal("6.0500")


@pytest.mark.parametrize(
    ("query", "listed"),
    [("", True), ("view=live", False), ("view=zero", False), ("search=CP-0042", True), ("search=dario@", True),
     ("search=nobody", False), ("view=nonsense&site=abc&page=-3", True)],
)  # fmt: skip
def test_the_list_filters(desk: Client, ended: ChargingSession, query: str, listed: bool) -> None:
    assert (f'href="/ops/sessions/{ended.pk}/"' in text(desk, f"/ops/sessions/?{query}")) is listed


def test_the_list_costs_the_same_for_many(desk: Client, ended: ChargingSession, django_assert_max_num_queries) -> None:
    for number in range(5):
        copy = ChargingSession.objects.get(pk=ended.pk)
        copy.pk, copy.start_key, copy.transaction_id = None, f"k{number}", f"t{number}"
        copy.save()
    with django_assert_max_num_queries(21):
        assert desk.get("/ops/sessions/").status_code == 200


def test_a_charge_of_a_silent_charger_is_closed_in_our_books(desk: Client, running: ChargingSession) -> None:
    desk.post(f"/ops/sessions/{running.pk}/close/", {"reason": "The charger is gone"})
    running.refresh_from_db()
    assert (running.status, running.closed_by_us, running.energy) == ("completed", True, Decimal(11000))


def test_stopping_at_an_unreachable_charger_says_so_and_changes_nothing(desk: Client, running: ChargingSession) -> None:
    answer = desk.post(f"/ops/sessions/{running.pk}/stop/", follow=True)
    assert answer.status_code == 200
    running.refresh_from_db()
    assert running.status == "active"
    assert not running.station.commands.exists()


def test_the_receipt_is_a_pdf(desk: Client, ended: ChargingSession) -> None:
    answer = desk.get(f"/ops/sessions/{ended.pk}/receipt/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_carla_sees_none_of_it(client: Client, carla: User, ended: ChargingSession) -> None:
    client.force_login(carla)
    assert f"/ops/sessions/{ended.pk}/" not in text(client, "/ops/sessions/")
    assert client.get(f"/ops/sessions/{ended.pk}/").status_code == 404
    assert client.get(f"/ops/sessions/{ended.pk}/receipt/").status_code == 404
    assert client.post(f"/ops/sessions/{ended.pk}/close/").status_code == 404


def test_a_charge_without_any_reading_has_a_page(desk: Client, station: ChargingStation) -> None:
    csms.handle([
        events.TransactionStarted(
            station=ref(station), received_at=NOON, occurred_at=NOON, evse=values.EvseRef(1, 1),
            token=values.IdToken("UNKNOWN"), meter_wh=Decimal(0),
        )
    ])  # fmt: skip
    assert desk.get(f"/ops/sessions/{ChargingSession.objects.get().pk}/").status_code == 200
