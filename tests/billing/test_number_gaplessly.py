"""Twenty clerks at once: no gap, no duplicate, on the database that the suite runs on."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from accounts.models import Operator
from billing.documents import numbering
from billing.models import CDR, Invoice, NumberSequence
from billing.services import invoices, rating
from cms.core.errors import Conflict
from tests.billing.test_issue_invoices import BELLINI
from tests.factories import DriverFactory, OperatorFactory, StationFactory
from tests.factories.billing import EndedSessionFactory, TariffAssignmentFactory, TariffFactory, TariffVersionFactory

CLERKS = 20


@pytest.fixture
def shared(transactional_db: None, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Makes threads see one real database. SQLite's in-memory one has no busy timeout, so they get a copy of it in a file."""
    settings = connections.settings["default"]
    name = settings["NAME"]

    def share() -> None:
        if connection.vendor != "sqlite":
            return
        file = tmp_path / "shared.sqlite3"
        with sqlite3.connect(file) as copy:
            connection.connection.backup(copy)
        settings["NAME"] = str(file)

    yield share
    settings["NAME"] = name  # before the connection of the test itself is closed


def charges(count: int) -> tuple[Operator, list[CDR]]:
    operator = OperatorFactory()
    TariffAssignmentFactory(
        operator=operator, tariff=TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
    )
    driver, station = DriverFactory(operator=operator, **BELLINI), StationFactory(operator=operator)
    rating.rate_many([EndedSessionFactory(station=station, driver=driver).pk for _ in range(count)])
    return operator, list(CDR.objects.order_by("pk"))


def in_threads(work: Any, jobs: list[Any]) -> list[Any]:
    together = Barrier(len(jobs))

    def run(job: Any) -> Any:
        try:
            connections["default"].ensure_connection()
            together.wait(timeout=30)
            return work(job)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_twenty_at_once_leave_no_gap(shared: Callable[[], None], told: dict) -> None:
    _, cdrs = charges(CLERKS)
    shared()
    documents = in_threads(lambda cdr: invoices.issue(cdrs=[cdr], by=None), cdrs)
    assert sorted(document.sequence for document in documents) == list(range(1, CLERKS + 1))
    assert len({document.number for document in documents}) == CLERKS


def test_one_charge_asked_for_by_twenty_is_invoiced_once(shared: Callable[[], None], told: dict) -> None:
    _, [cdr] = charges(1)
    shared()
    documents = in_threads(lambda _: invoices.issue(cdrs=[cdr], by=None), list(range(CLERKS)))
    assert {document.number for document in documents} == {f"1/{timezone.now().year}"}


def test_a_document_that_fails_gives_its_number_back(shared: Callable[[], None], told: dict) -> None:
    """Every second clerk fails after the number was taken."""
    _, cdrs = charges(CLERKS)
    shared()

    def issue(job: tuple[int, CDR]) -> int | None:
        place, cdr = job
        try:
            with transaction.atomic():
                document = invoices.issue(cdrs=[cdr], by=None)
                if place % 2:
                    raise Conflict("the printer is on fire")
                return document.sequence
        except Conflict:
            return None

    taken = [sequence for sequence in in_threads(issue, list(enumerate(cdrs))) if sequence]
    assert sorted(taken) == list(range(1, CLERKS // 2 + 1))


def test_the_database_refuses_a_second_document_of_one_number(operator: Operator) -> None:
    facts: dict[str, Any] = {
        "operator": operator, "year": 2026, "sequence": 1, "number": "1/2026", "issued_on": "2026-01-01", "currency": "EUR",
        "seller": "{}", "buyer": "{}", "vat_summary": json.dumps([]), "total_excl_vat": 0, "total_vat": 0, "total_incl_vat": 0,
    }  # fmt: skip
    Invoice.objects.create(**facts)
    with pytest.raises(IntegrityError):
        Invoice.objects.create(**facts)


def test_a_number_is_only_taken_inside_a_transaction(transactional_db: None) -> None:
    operator = OperatorFactory()
    with pytest.raises(transaction.TransactionManagementError):
        numbering.take(operator_id=operator.pk, series="", today=timezone.now().date())
    assert not NumberSequence.objects.exists()
