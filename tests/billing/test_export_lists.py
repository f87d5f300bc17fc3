"""What an accountant opens in a spreadsheet."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.models import Driver, User
from billing import exports
from billing.models import CDR, Invoice, TariffVersion
from billing.services import invoices, rating
from sessions_app.models import ChargingSession
from tests.billing.test_issue_invoices import BELLINI

ROME = ZoneInfo("Europe/Rome")


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(datetime(2026, 6, 16, 9, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def cdr(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], dario: Driver) -> CDR:
    Driver.objects.filter(pk=dario.pk).update(
        **{**BELLINI, "vat_number": "01234567897", "billing_name": "=Bellini S.r.l."}
    )
    price()
    rated = rating.rate(session_id=ended(energy=Decimal(18_640)).pk)
    assert rated is not None
    return rated


def lines(text: str) -> list[list[str]]:
    return [line.split(";") for line in text.removeprefix("\ufeff").split("\r\n") if line]


def test_charges_open_in_italian_excel(cdr: CDR, anna: User) -> None:
    invoices.issue(cdrs=[cdr], by=anna)
    text = exports.cdrs(CDR.objects.all(), language="it", zone=ROME)
    assert text.startswith("\ufeff")
    head, row = lines(text)
    assert len(head) == len(row)
    assert row[:3] == [str(cdr.session_id), "15/06/2026 10:00", "15/06/2026 11:00"]
    assert row[4:7] == ["IT*ADR*E0042*1", "CP-0042", "…B2C3"]
    assert row[7] == "'=Bellini S.r.l."
    assert row[8:11] == ["18,640", "60,0", "0,0"]
    assert row[12:] == ["EUR", "8,40", "1,85", "10,25", "n. 1/2026", "0"]


def test_a_credit_is_a_negative_number(cdr: CDR, anna: User) -> None:
    rating.credit(cdr=cdr, by=anna)
    _head, _first, credit = lines(exports.cdrs(CDR.objects.order_by("pk"), language="it", zone=ROME))
    assert (credit[8], credit[15], credit[17]) == ("-18,640", "-10,25", "1")


def test_documents_are_listed_by_rate(cdr: CDR, anna: User) -> None:
    invoices.credit_note(invoice=invoices.issue(cdrs=[cdr], by=anna), by=anna)
    text = exports.invoices(Invoice.objects.order_by("pk"), language="en", zone=ROME)
    _head, first, second = (line.split(",") for line in text.removeprefix("\ufeff").strip().split("\r\n"))
    assert first == [
        "No. 1/2026",
        "2026-06-16",
        "invoice",
        "",
        "'=Bellini S.r.l.",
        "IT01234567897",
        "",
        "EUR",
        "22.00",
        "8.40",
        "1.85",
        "10.25",
        "credited",
    ]
    assert second[:4] == ["No. 2/2026", "2026-06-16", "credit note", "No. 1/2026"]
    assert second[9:] == ["-8.40", "-1.85", "-10.25", ""]


def test_a_long_list_asks_a_fixed_number_of_times(
    cdr: CDR, ended: Callable[..., ChargingSession], django_assert_max_num_queries: Any
) -> None:
    rating.rate_many([ended().pk for _ in range(5)])
    with django_assert_max_num_queries(2):
        exports.cdrs(CDR.objects.all(), language="it", zone=ROME)


@pytest.mark.parametrize(
    ("vat_number", "fiscal_code", "shown"),
    [
        ("IT00743110157", "00743110157", ["IT00743110157", ""]),
        ("", "RSSMRA80A01F205X", ["", "RSSMRA80A01F205X"]),
        ("DE136695976", "", ["DE136695976", ""]),
    ],
)
def test_no_code_loses_its_zeros(cdr: CDR, anna: User, vat_number: str, fiscal_code: str, shown: list[str]) -> None:
    Driver.objects.filter(pk=cdr.driver_id).update(vat_number=vat_number, fiscal_code=fiscal_code)
    invoices.issue(cdrs=[CDR.objects.get(pk=cdr.pk)], by=anna)
    _head, row = lines(exports.invoices(Invoice.objects.all(), language="it", zone=ROME))
    assert row[5:7] == shown
