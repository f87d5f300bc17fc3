"""CSV that opens right in Italian Excel, and one in plain English."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cms.core import csv_dialect

ROME = ZoneInfo("Europe/Rome")
ROW = ["Via Po, 3", Decimal("1234.50"), datetime(2026, 7, 1, 22, 5, tzinfo=UTC), date(2026, 7, 2), -3, None, True]


def test_italian_excel_reads_decimals_days_and_accents() -> None:
    text = csv_dialect.write(["Città", "€", "Inizio", "Giorno", "n", "vuoto", "sì"], [ROW], language="it", zone=ROME)
    assert text == ("\ufeffCittà;€;Inizio;Giorno;n;vuoto;sì\r\nVia Po, 3;1234,50;02/07/2026 00:05;02/07/2026;-3;;1\r\n")


def test_english_readers_get_points_and_iso_days() -> None:
    text = csv_dialect.write(["place"], [ROW], language="en", zone=ROME)
    assert text == '\ufeffplace\r\n"Via Po, 3",1234.50,2026-07-02 00:05,2026-07-02,-3,,1\r\n'


@pytest.mark.parametrize("text", ["=1+1", "+39 051", "-x", "@SUM(A1)", "\tcmd"])
def test_a_text_that_looks_like_a_formula_is_disarmed(text: str) -> None:
    assert csv_dialect.cell(text, csv_dialect.ITALIAN, ROME) == f"'{text}"


def test_a_negative_number_stays_a_number() -> None:
    assert csv_dialect.cell(Decimal("-6.74"), csv_dialect.ITALIAN, ROME) == "-6,74"


@pytest.mark.parametrize(
    "text", ["00184", "14.01.01", "1/2026", "2026-06", "44.4949", "12E5", "1234567890123456", "1.4.2"]
)
def test_a_text_that_looks_like_a_number_or_a_date_stays_text(text: str) -> None:
    assert csv_dialect.cell(text, csv_dialect.ITALIAN, ROME) == csv_dialect.cell(text, csv_dialect.ENGLISH, ROME)
    assert csv_dialect.cell(text, csv_dialect.ITALIAN, ROME) == f"'{text}"
    assert csv_dialect.cell(text, csv_dialect.MACHINE, ROME) == text


@pytest.mark.parametrize("text", ["184", "CP-0042", "IT01234567890", "n. 12/2026", "IT*REA*E0042*1", "Via Po 3"])
def test_other_texts_are_left_alone(text: str) -> None:
    assert csv_dialect.cell(text, csv_dialect.ITALIAN, ROME) == text
