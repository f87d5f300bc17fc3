"""`/history/`: months, totals, and the file for an expense report."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from billing.services.charges import rating
from sessions_app.services import decisions
from tests.cms.driving import Driving, minute, see
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
HERE = "/history/"
DAY = 24 * 60


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(minute(70 * DAY), tick=False) as clock:
        yield clock


def test_the_newest_month_leads_with_its_total(him: Client, world: Driving) -> None:
    world.charged(20_000)
    world.charged(10_000, begun=DAY)
    world.charged(5_000, begun=35 * DAY)
    html = see(him, HERE)
    assert '€2.95 <span class="rest">in June 2026, 1 charge, 5.00 kWh.' in html
    assert '<a class="btn" href="?month=2026-05">May 2026<small>€17.70</small></a>' in html


def test_another_month_is_a_link(him: Client, world: Driving) -> None:
    first, second = world.charged(20_000), world.charged(10_000, begun=DAY)
    world.charged(5_000, begun=35 * DAY)
    html = see(him, "/history/?month=2026-05")
    assert '€17.70 <span class="rest">in May 2026, 2 charges, 30.00 kWh.' in html
    assert html.index(f'href="/history/{second.pk}/"') < html.index(f'href="/history/{first.pk}/"')


@pytest.mark.parametrize("month", ["2026-13", "x", "", "2031-01", "0000-00", "²"])
def test_an_unknown_month_is_the_newest(him: Client, world: Driving, month: str) -> None:
    world.charged(20_000)
    assert "in May 2026" in see(him, f"/history/?month={month}")


def test_a_charge_begun_at_23_30_utc_belongs_to_the_next_day_here(him: Client, world: Driving) -> None:
    world.charged(1_000, begun=30 * DAY + 14 * 60)  # 31 May 22:30 UTC: 1 June, 00:30 in Rome
    assert "in June 2026, 1 charge" in see(him, HERE)


def test_the_running_charge_is_on_top(him: Client, world: Driving) -> None:
    session = world.begins(69 * DAY)
    world.reads(session, 69 * DAY + 10, 1_833, power=11_000)
    html = see(him, HERE)
    assert "Your first charge is under way." in html
    assert f'href="/history/{session.pk}/"' in html
    assert "1.83 kWh" in html


def test_without_charges_it_leads_to_the_chargers(him: Client) -> None:
    html = see(him, HERE)
    assert "No charge yet." in html
    assert '<a class="btn primary" href="/">Find a charger</a>' in html


def test_nina_has_a_history_of_her_own(client: Client, world: Driving) -> None:
    world.charged(20_000)
    client.force_login(UserFactory(email="nina@driver.example"))
    assert "No charge yet." in see(client, HERE)
    assert client.get("/history/export.csv").content.decode("utf-8-sig").count("\r\n") == 1


def test_the_number_of_queries_does_not_grow(him: Client, world: Driving, django_assert_max_num_queries: Any) -> None:
    for n in range(8):
        world.charged(1_000, begun=n * 120)
    with django_assert_max_num_queries(11):
        see(him, HERE)


ROW = (
    "01/05/2026 10:30;01/05/2026 11:30;Via Stalingrado 71;Via Stalingrado 71, Bologna;{card};20,000;EUR;9,67;2,13;11,80;"
    "Rete Adriatica S.r.l.;IT00743110157"
)


def test_the_file_opens_right_in_italian_excel(him: Client, world: Driving) -> None:
    world.charged(20_000)
    answer = him.get("/history/export.csv?month=2026-05", headers={"accept-language": "it"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="colonnina-2026-05.csv"'
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer["Repr-Digest"] == f"sha-256=:{digest}:"
    rows = answer.content.decode().split("\r\n")
    assert rows[0].startswith("\ufeff")
    assert rows[0].count(";") == 11
    assert rows[1] == ROW.format(card=world.token)


@pytest.mark.parametrize("month", ["9999-12", "0001-01", "2026-13", "%00"])
def test_a_month_beyond_the_calendar_is_no_month(him: Client, world: Driving, month: str) -> None:
    world.charged(20_000)
    answer = him.get(f"/history/export.csv?month={month}")
    assert (answer.status_code, len(answer.content.decode().strip().splitlines())) == (200, 2)


def test_the_file_of_a_month_holds_that_month_and_without_one_everything(him: Client, world: Driving) -> None:
    world.charged(20_000)
    world.charged(5_000, begun=35 * DAY)
    may = him.get("/history/export.csv?month=2026-05").content.decode()
    whole = him.get("/history/export.csv").content.decode()
    assert (may.count("\r\n"), whole.count("\r\n")) == (2, 3)


def test_a_cancelled_charge_is_listed_costs_nothing_and_counts_not(him: Client, world: Driving) -> None:
    kept, cancelled = world.charged(20_000), world.charged(10_000, begun=DAY)
    decisions.discard(session=cancelled, reason="A test of the installer", by=None)
    rating.rate_many([cancelled.pk])

    html = see(him, HERE)

    assert '€11.80 <span class="rest">in May 2026, 1 charge, 20.00 kWh.' in html
    assert html.count("cancelled: costs nothing") == 1
    page = see(him, f"/history/{cancelled.pk}/")
    assert 'This charge was cancelled. <span class="rest">It costs nothing.' in page
    assert f"/history/{cancelled.pk}/receipt.pdf" not in page
    rows = him.get("/history/export.csv").content.decode().strip().splitlines()
    assert len(rows) == 2
    assert kept.energy == 20_000
