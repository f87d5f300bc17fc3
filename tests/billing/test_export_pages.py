"""The lists as files, behind the same doors as the pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, User
from billing.models import CDR, TariffVersion
from billing.services import invoices, rating
from sessions_app.models import ChargingSession
from tests.billing.test_issue_invoices import BELLINI


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(datetime(2026, 6, 16, 9, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def cdr(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], dario: Driver) -> CDR:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    price()
    rated = rating.rate(session_id=ended(energy=Decimal(18_640)).pk)
    assert rated is not None
    return rated


def rows(client: Client, person: User, path: str) -> list[str]:
    client.force_login(person)
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return answer.content.decode().removeprefix("\ufeff").strip().split("\r\n")[1:]


def test_anna_takes_the_charges_to_her_spreadsheet(cdr: CDR, anna: User, client: Client) -> None:
    (row,) = rows(client, anna, "/ops/cdrs/export/")
    assert ";10,25;" in row
    assert rows(client, anna, "/ops/cdrs/export/?since=2026-06-16") == []
    assert len(rows(client, anna, "/ops/cdrs/export/?since=nonsense&until=2026-06-15")) == 1


def test_anna_takes_the_documents_that_the_list_shows(cdr: CDR, anna: User, client: Client) -> None:
    invoices.credit_note(invoice=invoices.issue(cdrs=[cdr], by=anna), by=anna)
    assert len(rows(client, anna, "/ops/invoices/export/")) == 2
    (note,) = rows(client, anna, "/ops/invoices/export/?kind=credit_note")
    assert note.startswith("n. 2/2026;16/06/2026;")
    assert len(rows(client, anna, "/ops/invoices/export/?kind=poem&search=Bellini")) == 2


def test_carla_gets_none_of_it(cdr: CDR, anna: User, carla: User, client: Client) -> None:
    invoices.issue(cdrs=[cdr], by=anna)
    assert rows(client, carla, "/ops/cdrs/export/") == []
    assert rows(client, carla, "/ops/invoices/export/") == []


def test_strangers_sign_in_first(client: Client, db: None) -> None:
    assert client.get("/ops/cdrs/export/").status_code == 302


def test_the_lists_lead_to_the_files(cdr: CDR, anna: User, client: Client) -> None:
    invoices.issue(cdrs=[cdr], by=anna)
    client.force_login(anna)
    assert "/ops/invoices/export/?search=Bellini" in client.get("/ops/invoices/?search=Bellini").content.decode()
    assert "/ops/cdrs/export/" in client.get("/ops/cdrs/").content.decode()
