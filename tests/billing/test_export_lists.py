"""What an accountant opens in a spreadsheet."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from openpyxl import load_workbook

from accounts.models import Driver, Operator, User
from billing.exports import kinds, paging, presets, writers
from billing.exports.kinds import Ask, Column, Format, Kind
from billing.models import CDR, TariffVersion
from billing.services.charges import rating
from billing.services.invoicing import invoices
from sessions_app.models import ChargingSession
from tests.billing.test_issue_invoices import BELLINI

ROME = ZoneInfo("Europe/Rome")
pytestmark = pytest.mark.any_database


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


def written(operator: Operator | None, kind: str, preset: str, language: str = "it", **params: str) -> bytes:
    of = kinds.of(kind)
    how = presets.of(of, preset)
    ask = Ask(operator, params, how.language or language, ROME, None)  # type: ignore[arg-type]
    out = io.BytesIO()
    writers.write(of, how, ask, out, lambda done: None)
    return out.getvalue()


def lines(operator: Operator, kind: str, preset: str = "csv_it", **params: str) -> list[list[str]]:
    text = written(operator, kind, preset, **params).decode().removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if preset == "csv_it" else ","))


def test_charges_open_in_italian_excel(cdr: CDR, anna: User, operator: Operator) -> None:
    invoices.issue(cdrs=[cdr], by=anna)
    assert written(operator, "charges", "csv_it", month="2026-06").startswith(b"\xef\xbb\xbf")
    head, row = lines(operator, "charges", month="2026-06")
    assert len(head) == len(row)
    assert row[:3] == [str(cdr.session_id), "15/06/2026 10:00", "15/06/2026 11:00"]
    assert row[4:7] == ["IT*ADR*E0042*1", "CP-0042", "…B2C3"]
    assert row[7] == "'=Bellini S.r.l."
    assert row[8:11] == ["18,640", "60,0", "0,0"]
    assert row[12:] == ["EUR", "8,40", "1,85", "10,25", "n. 1/2026", "0"]


def test_machines_get_names_points_and_utc(cdr: CDR, operator: Operator) -> None:
    head, row = lines(operator, "charges", "machine", month="2026-06")
    assert head[:3] == ["charge", "started_at", "stopped_at"]
    assert row[1:3] == ["2026-06-15T08:00:00Z", "2026-06-15T09:00:00Z"]
    assert row[-5:-2] == ["8.40", "1.85", "10.25"]


def test_a_credit_is_a_negative_number(cdr: CDR, anna: User, operator: Operator) -> None:
    rating.credit(cdr=cdr, by=anna)
    _head, _first, credit = lines(operator, "charges", month="2026-06")
    assert (credit[8], credit[15], credit[17]) == ("-18,640", "-10,25", "1")


def test_documents_are_listed_by_rate(cdr: CDR, anna: User, operator: Operator) -> None:
    invoices.credit_note(invoice=invoices.issue(cdrs=[cdr], by=anna), by=anna)
    _head, first, second = lines(operator, "invoices", "csv_en")
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
    cdr: CDR, ended: Callable[..., ChargingSession], operator: Operator, django_assert_max_num_queries: Any
) -> None:
    rating.rate_many([ended().pk for _ in range(5)])
    with django_assert_max_num_queries(3):
        assert len(lines(operator, "charges", month="2026-06")) == 7


def test_pages_hold_every_row_once_and_in_order(
    cdr: CDR, ended: Callable[..., ChargingSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many fit on one: four of five, and exactly as many as there are."""
    rating.rate_many([ended(energy=Decimal(1000 * n)).pk for n in (4, 2, 3, 1)])
    every = list(CDR.objects.order_by("pk"))
    for page in (2, 4, 5):
        monkeypatch.setattr(paging, "PAGE", page)
        monkeypatch.setattr(paging, "_LOOKUP", page)
        assert list(paging.by_key(CDR.objects.all())) == every
        assert list(paging.by_key(CDR.objects.all(), newest_first=True)) == every[::-1]
        by_energy = list(CDR.objects.order_by("energy"))
        assert list(paging.in_order(CDR.objects.order_by("energy"))) == by_energy


@pytest.mark.parametrize(
    ("vat_number", "fiscal_code", "shown"),
    [
        ("IT00743110157", "00743110157", ["IT00743110157", ""]),
        ("", "RSSMRA80A01F205X", ["", "RSSMRA80A01F205X"]),
        ("DE136695976", "", ["DE136695976", ""]),
    ],
)
def test_no_code_loses_its_zeros(
    cdr: CDR, anna: User, operator: Operator, vat_number: str, fiscal_code: str, shown: list[str]
) -> None:
    Driver.objects.filter(pk=cdr.driver_id).update(vat_number=vat_number, fiscal_code=fiscal_code)
    invoices.issue(cdrs=[CDR.objects.get(pk=cdr.pk)], by=anna)
    _head, row = lines(operator, "invoices")
    assert row[5:7] == shown


# ---- workbooks ------------------------------------------------------------------------------------------------------

AT = datetime(2026, 7, 1, 22, 5, tzinfo=UTC)
LIST = Kind(
    name="demo list",
    title="Demo",  # type: ignore[arg-type]
    permission="invoice.view",
    clean=lambda operator, given: {},
    stem=lambda ask: "demo",
    columns=(
        Column("what", "Che cosa"),
        Column("at", "Quando", Format.INSTANT),
        Column("day", "Giorno", Format.DAY),
        Column("currency", "Valuta"),
        Column("amount", "Importo", Format.MONEY, summed=True),
        Column("flag", "Segno", Format.FLAG),
    ),
    rows=lambda ask: iter(
        [
            ["=1+1", AT, date(2026, 7, 2), "EUR", Decimal("1234.50"), True],
            ["-x\x00", AT, None, "EUR", Decimal("-6.74"), False],
            ["IT01234567890", None, None, "CHF", Decimal("3.10"), None],
        ]
    ),
)


@pytest.fixture
def demo_list() -> Any:
    kinds.register(LIST)
    yield
    del kinds.KINDS[LIST.name]


def test_a_workbook_has_real_dates_numbers_and_totals_per_currency(demo_list: None) -> None:
    sheet = load_workbook(io.BytesIO(written(None, "demo list", "xlsx"))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["Che cosa", "Quando", "Giorno", "Valuta", "Importo", "Segno"]
    assert rows[1] == ["=1+1", datetime(2026, 7, 2, 0, 5), datetime(2026, 7, 2), "EUR", 1234.5, 1]
    assert sheet["A2"].data_type == "s"  # not a formula
    assert rows[2][0] == "-x"
    assert rows[5:] == [
        ["Totale", None, None, "CHF", 3.1, None],
        ["Totale", None, None, "EUR", 1227.76, None],
    ]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:F4")
    assert (sheet["E2"].number_format, sheet["B2"].number_format) == ("#,##0.00", "dd/mm/yyyy hh:mm")
    assert sheet.column_dimensions["A"].width == 22


@pytest.mark.parametrize("preset", ["xlsx", "csv_it", "csv_en", "machine"])
def test_the_same_rows_are_the_same_bytes_a_year_later(demo_list: None, preset: str) -> None:
    first = written(None, "demo list", preset)
    with time_machine.travel(datetime(2027, 6, 16, 9, tzinfo=UTC) + timedelta(seconds=7)):
        assert written(None, "demo list", preset) == first


def test_a_workbook_is_whole(demo_list: None) -> None:
    assert zipfile.ZipFile(io.BytesIO(written(None, "demo list", "xlsx"))).testzip() is None


def test_italian_dialect_to_the_byte(demo_list: None) -> None:
    assert (
        written(None, "demo list", "csv_it")
        == (
            "\ufeffChe cosa;Quando;Giorno;Valuta;Importo;Segno\r\n"
            "'=1+1;02/07/2026 00:05;02/07/2026;EUR;1234,50;1\r\n"
            "'-x\x00;02/07/2026 00:05;;EUR;-6,74;0\r\n"
            "IT01234567890;;;CHF;3,10;\r\n"
        ).encode()
    )
