"""The reports' pages and CSV: what the numbers are, and who may see them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db.models import Sum
from django.test import Client

from accounts.models import User
from billing.models import CDR
from cms.models import DailyRevenue, HourlyUsage
from cms.reports import rollup, tasks
from sessions_app.models import ChargingSession, Evidence
from stations.models import ChargingStation, ConnectionPeriod, StatusChange
from tests.factories import ConnectorFactory, EvseFactory, LocationFactory, StationFactory

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)  # a Monday, 14:00 in Rome


@pytest.fixture
def charged(station: ChargingStation) -> ChargingSession:
    """From 10:00 to 10:30 a car took 11 kWh and stayed until 11:00; the station fell silent at 11:30. All UTC."""
    evse = EvseFactory(station=station)
    ConnectorFactory(evse=evse)
    start = NOON - timedelta(hours=2)
    ConnectionPeriod.objects.create(
        station=station, epoch=1, version="1.6", gateway="g", connected_at=start - timedelta(hours=1),
        disconnected_at=start + timedelta(minutes=90),
    )  # fmt: skip
    for minutes, word in [(-60, "Available"), (0, "Charging"), (30, "SuspendedEV"), (60, "Available")]:
        at = start + timedelta(minutes=minutes)
        StatusChange.objects.create(station=station, evse_id=1, connector_id=1, status=word, at=at, received_at=at)
    session = ChargingSession.objects.create(
        operator=station.operator, station=station, evse_id=1, connector_id=1, ocpp_version="1.6", transaction_id="1",
        start_key="k", status="completed", started_at=start, started_received_at=start,
        stopped_at=start + timedelta(hours=1), energy=Decimal(11000),
    )  # fmt: skip
    for minutes, watts in [(0, 22000), (30, 21000), (45, 0)]:
        at = start + timedelta(minutes=minutes)
        Evidence.objects.create(
            station=station, session=session, kind="updated", occurred_at=at, received_at=at, power_w=watts
        )
    return session


@pytest.fixture
def cdr(charged: ChargingSession) -> CDR:
    return CDR.objects.create(
        operator=charged.operator, session=charged, started_at=charged.started_at, stopped_at=charged.stopped_at,
        energy=charged.energy, charging_seconds=1800, currency="EUR", total_excl_vat=Decimal("4.96"),
        total_vat=Decimal("1.09"), total_incl_vat=Decimal("6.05"), exact_excl_vat="4.959", exact_incl_vat="6.05",
        snapshot="{}", periods="[]", trace="[]",
    )  # fmt: skip


def booked(first: CDR, revision: int, energy: Decimal, total: Decimal, **facts: Any) -> CDR:
    """Another revision of the same charge."""
    return CDR.objects.create(
        operator=first.operator, session=first.session, started_at=first.started_at, stopped_at=first.stopped_at,
        revision=revision, energy=energy, charging_seconds=1800, currency="EUR", total_excl_vat=total, total_vat=0,
        total_incl_vat=total, exact_excl_vat="0", exact_incl_vat="0", snapshot="{}", periods="[]", trace="[]", **facts,
    )  # fmt: skip


@time_machine.travel(NOON, tick=False)
def test_an_hour_is_split_by_what_the_connector_did(charged: ChargingSession) -> None:
    rollup.hourly(since=NOON - timedelta(hours=3), until=NOON)
    rows = HourlyUsage.objects.order_by("hour").values_list(
        "hour", "charging_s", "idle_s", "free_s", "down_s", "sessions", "energy"
    )
    assert list(rows) == [
        (NOON - timedelta(hours=3), 0, 0, 3600, 0, 0, Decimal(0)),
        (NOON - timedelta(hours=2), 1800, 1800, 0, 0, 1, Decimal(11000)),
        (NOON - timedelta(hours=1), 0, 0, 1800, 1800, 0, Decimal(0)),
    ]


@time_machine.travel(NOON, tick=False)
def test_a_discarded_charge_counts_no_more(charged: ChargingSession, cdr: CDR) -> None:
    """Its hours and its day are written anew: no charge, no energy, no money."""
    tasks.roll_up_days()
    charged.discarded = True
    charged.save()
    booked(cdr, 2, -cdr.energy, -cdr.total_incl_vat, credits=cdr)
    booked(cdr, 3, cdr.energy, Decimal(0), flags="waived,discarded")

    tasks.roll_up_days()

    told = HourlyUsage.objects.aggregate(Sum("sessions"), Sum("energy"), Sum("charging_s"), Sum("idle_s"))
    assert told == {"sessions__sum": 0, "energy__sum": Decimal(0), "charging_s__sum": 0, "idle_s__sum": 3600}
    day = DailyRevenue.objects.get()
    assert (day.cdrs, day.energy, day.incl_vat) == (0, Decimal(0), Decimal(0))


@time_machine.travel(NOON, tick=False)
def test_a_charge_that_was_billed_anew_is_one_charge(charged: ChargingSession, cdr: CDR) -> None:
    booked(cdr, 2, -cdr.energy, -cdr.total_incl_vat, credits=cdr)
    booked(cdr, 3, cdr.energy, cdr.total_incl_vat)
    tasks.roll_up_days()
    day = DailyRevenue.objects.get()
    assert (day.cdrs, day.energy, day.incl_vat) == (1, Decimal(11_000), Decimal("6.05"))


@time_machine.travel(NOON, tick=False)
def test_rolling_up_twice_changes_nothing(charged: ChargingSession, cdr: CDR) -> None:
    tasks.roll_up_days()
    once = [list(model.objects.values()) for model in (HourlyUsage, DailyRevenue)]
    tasks.roll_up_recent()
    assert [list(model.objects.values()) for model in (HourlyUsage, DailyRevenue)] == once
    assert DailyRevenue.objects.get().incl_vat == Decimal("6.05")


def taken(client: Client, kind: str, **filters: str) -> Any:
    """The file, through the door of all files."""
    asked = {"kind": kind, "preset": "csv_it", **filters}
    return client.post("/ops/billing/exports/start/", asked, headers={"Accept-Language": "it"}, follow=True)


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("usage", "lunedì;12;100,00"),  # 10:00 UTC is noon in Rome
        ("energy", "15/06/2026;11,000;;"),
        ("utilisation", "Bologna;0,50;0,50;1,50;0,50;1;11,000"),
        ("revenue", "01/06/2026;EUR;1;11,000;4,96;6,05"),
        ("uptime", "CP-0042;83,33;0,50;1;11,000"),
    ],
)
def test_the_csv_holds_the_exact_figures(
    client: Client, olga: User, charged: ChargingSession, cdr: CDR, name: str, line: str
) -> None:
    charged.station.location.name = "Bologna"
    charged.station.location.save()
    tasks.roll_up_days()
    client.force_login(olga)
    answer = taken(client, f"report_{name}")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert line.casefold() in answer.getvalue().decode().casefold().splitlines()


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize("name", ["usage", "energy", "utilisation", "revenue", "uptime"])
def test_every_report_has_a_picture_a_sentence_and_a_table(
    client: Client, olga: User, charged: ChargingSession, cdr: CDR, name: str, django_assert_max_num_queries
) -> None:
    tasks.roll_up_days()
    client.force_login(olga)
    with django_assert_max_num_queries(14):
        page = client.get(f"/ops/reports/{name}/").content.decode()
    assert '<svg class="chart' in page or 'class="chart' in page
    assert "<table" in page


@pytest.mark.parametrize("query", ["site=999999", "site=abc", "range=7000", "range=", "site=-1&range=x"])
def test_an_unknown_filter_is_no_filter(client: Client, olga: User, query: str) -> None:
    client.force_login(olga)
    assert client.get(f"/ops/reports/usage/?{query}").status_code == 200


def test_what_was_priced_weeks_late_is_in_the_report_of_its_day(charged: ChargingSession, cdr: CDR) -> None:
    """A station comes back after forty days and replays its queue."""
    with time_machine.travel(NOON + timedelta(days=40), tick=False):
        CDR.objects.update(created_at=NOON + timedelta(days=39))
        tasks.roll_up_days()
    assert DailyRevenue.objects.values_list("day", "incl_vat").get() == (NOON.date(), Decimal("6.05"))
    assert HourlyUsage.objects.aggregate(Sum("energy"))["energy__sum"] == Decimal(11000)


def test_the_history_of_another_system_is_in_the_report_of_its_days(charged: ChargingSession) -> None:
    """What was taken over yesterday was never priced here."""
    with time_machine.travel(NOON + timedelta(days=40), tick=False):
        ChargingSession.objects.update(created_at=NOON + timedelta(days=39), ocpp_version=ChargingSession.IMPORTED)
        tasks.roll_up_days()
    assert HourlyUsage.objects.aggregate(Sum("energy"), Sum("sessions")) == {
        "energy__sum": Decimal(11000),
        "sessions__sum": 1,
    }


@time_machine.travel(NOON, tick=False)
def test_the_uptime_report_asks_its_own_question(client: Client, olga: User, charged: ChargingSession) -> None:
    tasks.roll_up_days()
    client.force_login(olga)
    page = client.get("/ops/reports/uptime/", headers={"Accept-Language": "en"})
    chart = page.context["built"].chart
    assert (chart.question, chart.head[0]) == ("Which stations fail?", "Station")
    assert "up 83.33" in chart.svg  # silent for the last half hour of three


@pytest.mark.parametrize(("name", "shown"), [("revenue", False), ("energy", True)])
def test_a_range_is_offered_where_it_says_something(client: Client, olga: User, name: str, shown: bool) -> None:
    client.force_login(olga)
    assert (b'<select class="input" id="range"' in client.get(f"/ops/reports/{name}/").content) is shown


@time_machine.travel(NOON, tick=False)
def test_carla_sees_nothing_of_olgas_network(client: Client, carla: User, charged: ChargingSession, cdr: CDR) -> None:
    tasks.roll_up_days()
    client.force_login(carla)
    page = client.get(f"/ops/reports/uptime/?site={charged.station.location_id}").content.decode()
    assert "CP-0042" not in page
    assert taken(client, "report_uptime", site=str(charged.station.location_id)).getvalue().decode().count("\r\n") == 1


def test_an_unknown_report_does_not_exist(client: Client, olga: User) -> None:
    client.force_login(olga)
    assert client.get("/ops/reports/weather/").status_code == 404


def test_many_stations_cost_no_more_queries(client: Client, olga: User, operator, django_assert_num_queries) -> None:
    StationFactory.create_batch(3, operator=operator, location=LocationFactory(operator=operator))
    with django_assert_num_queries(8):  # the same for one station
        rollup.hourly(since=NOON, until=NOON)
