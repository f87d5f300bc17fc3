"""Twenty clerks at once: no gap, no duplicate, on the database that the suite runs on."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from accounts.models import Driver, Operator
from billing.documents import numbering
from billing.documents.positions import Position
from billing.models import CDR, EInvoice, Invoice, NumberSequence
from billing.selectors.takings import Verdict, verify
from billing.services.charges import rating
from billing.services.invoicing import einvoices, invoices, takings
from billing.tasks import documents
from cms.core.errors import Conflict
from tests.billing.test_issue_einvoices import BELLINI
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


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers only: nobody waits for the pages and files of twenty documents."""
    for task in (documents.make_einvoices, documents.mail_documents):
        monkeypatch.setattr(task, "delay", lambda ids: None)


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


def test_dates_run_with_the_numbers_whatever_the_clocks_say(shared: Callable[[], None]) -> None:
    """Twenty clerks, each with a clock of its own."""
    operator = OperatorFactory()
    shared()

    def take(day: int) -> numbering.Numbered:
        with transaction.atomic():
            return numbering.take(operator_id=operator.pk, series="", today=date(2026, 6, day))

    taken = sorted(in_threads(take, list(range(1, CLERKS + 1))), key=lambda numbered: numbered.sequence)
    assert [numbered.sequence for numbered in taken] == list(range(1, CLERKS + 1))
    assert [numbered.on for numbered in taken] == sorted(numbered.on for numbered in taken)


def test_a_fee_asked_for_by_twenty_is_invoiced_once(shared: Callable[[], None]) -> None:
    operator = OperatorFactory()
    driver = DriverFactory(operator=operator, **BELLINI)
    fee = Position("Fee", Decimal(1), "1", Decimal("9.90"), Decimal("9.90"), 22)
    shared()

    def issue(_: int) -> Invoice:
        return invoices.issue_positions(
            operator=operator,
            buyer=driver,
            positions=[fee],
            currency="EUR",
            tax_included=True,
            source="period:1",
            by=None,
        )

    made = in_threads(issue, list(range(CLERKS)))
    assert len({document.pk for document in made}) == 1
    assert made[0].sequence == 1


def test_no_two_files_share_a_name_and_no_charge_is_recorded_twice(shared: Callable[[], None], told: dict) -> None:
    operator, cdrs = charges(CLERKS)
    issued = [invoices.issue(cdrs=[cdr], by=None) for cdr in cdrs[: CLERKS // 2]]
    Driver.objects.update(vat_number="", fiscal_code="RSSMRA80A01F205X")  # the other charges are nobody's invoice
    shared()
    jobs: list[Invoice | None] = [*issued, *[None] * 4]
    made = in_threads(lambda one: einvoices.make(invoice=one) if one else takings.record(operator=operator), jobs)
    names = sorted(file.file_name for file in made if isinstance(file, EInvoice))
    assert names == [f"IT00743110157_0000{sign}.xml" for sign in "123456789A"]
    assert sum(written for written in made if isinstance(written, int)) == CLERKS // 2
    assert in_threads(lambda _: verify(operator), [None]) == [Verdict(CLERKS // 2)]
