"""CSV that opens right: for Italian Excel (BOM, `;`, decimal comma, dd/mm/yyyy hh:mm), in a plain English preset (`,`, `.`,
ISO) and for machines (no BOM, instants in UTC). CRLF in all. Text cells that a spreadsheet would run as a formula are disarmed, and
for spreadsheets those that it would make a number or a date of (00184, 14.01.01, 1E5): an apostrophe keeps them text. Numbers are
left alone, since a credit is a negative number (ux.md §4.7)."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

Cell = str | int | Decimal | date | datetime | bool | None


@dataclass(frozen=True, slots=True)
class Dialect:
    """`instant` "" is ISO 8601 in UTC: 2026-10-31T23:05:00Z."""

    delimiter: str
    decimal: str
    day: str
    instant: str
    bom: str


ITALIAN = Dialect(";", ",", "%d/%m/%Y", "%d/%m/%Y %H:%M", "\ufeff")
ENGLISH = Dialect(",", ".", "%Y-%m-%d", "%Y-%m-%d %H:%M", "\ufeff")
MACHINE = Dialect(",", ".", "%Y-%m-%d", "", "")
DIALECTS = {"it": ITALIAN, "en": ENGLISH}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MISREAD = re.compile(r"0\d+|\d{16,}|\d+[eE]\d+|\d+(?:[.,:/-]\d+)+", re.ASCII)


def write(head: Sequence[str], rows: Iterable[Sequence[Cell]], *, language: str, zone: ZoneInfo) -> str:
    """The whole file as text. Instants are shown in `zone`; Decimals keep the digits that they have."""
    return "".join(lines(head, rows, dialect=DIALECTS.get(language[:2], ENGLISH), zone=zone))


def lines(head: Sequence[str], rows: Iterable[Sequence[Cell]], *, dialect: Dialect, zone: ZoneInfo) -> Iterator[str]:
    """The same line by line, for files of any length: the first with the BOM, each with its CRLF."""
    writer = csv.writer(_Echo(), delimiter=dialect.delimiter, lineterminator="\r\n")
    yield dialect.bom + writer.writerow([cell(title, dialect, zone) for title in head])
    for row in rows:
        yield writer.writerow([cell(value, dialect, zone) for value in row])


class _Echo:
    """What csv writes to, and gets back as the result of `writerow`."""

    def write(self, text: str) -> str:
        return text


def cell(value: Cell, dialect: Dialect, zone: ZoneInfo) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case int() | Decimal():
            return f"{value:f}".replace(".", dialect.decimal) if isinstance(value, Decimal) else str(value)
        case datetime():
            return _instant(value, dialect, zone)
        case date():
            return value.strftime(dialect.day)
        case _:
            return _text(str(value), dialect)


def _text(text: str, dialect: Dialect) -> str:
    is_misread = dialect is not MACHINE and _MISREAD.fullmatch(text)
    return f"'{text}" if is_misread or text.startswith(_FORMULA) else text


def _instant(at: datetime, dialect: Dialect, zone: ZoneInfo) -> str:
    if not dialect.instant:
        return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return at.astimezone(zone).strftime(dialect.instant)
