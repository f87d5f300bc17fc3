"""CSV that opens right: for Italian Excel (BOM, `;`, decimal comma, dd/mm/yyyy hh:mm) and in a plain English preset (`,`, `.`,
ISO). CRLF in both. Text cells that a spreadsheet would run as a formula are disarmed; numbers are left alone, since a credit
is a negative number (ux.md §4.7)."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

Cell = str | int | Decimal | date | datetime | bool | None


@dataclass(frozen=True, slots=True)
class Dialect:
    delimiter: str
    decimal: str
    day: str
    instant: str
    bom: str


ITALIAN = Dialect(";", ",", "%d/%m/%Y", "%d/%m/%Y %H:%M", "\ufeff")
ENGLISH = Dialect(",", ".", "%Y-%m-%d", "%Y-%m-%d %H:%M", "\ufeff")
DIALECTS = {"it": ITALIAN, "en": ENGLISH}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(head: Sequence[str], rows: Iterable[Sequence[Cell]], *, language: str, zone: ZoneInfo) -> str:
    """The whole file as text. Instants are shown in `zone`; Decimals keep the digits that they have."""
    dialect = DIALECTS.get(language[:2], ENGLISH)
    out = io.StringIO()
    out.write(dialect.bom)
    writer = csv.writer(out, delimiter=dialect.delimiter, lineterminator="\r\n")
    writer.writerow([cell(title, dialect, zone) for title in head])
    for row in rows:
        writer.writerow([cell(value, dialect, zone) for value in row])
    return out.getvalue()


def cell(value: Cell, dialect: Dialect, zone: ZoneInfo) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case int() | Decimal():
            return f"{value:f}".replace(".", dialect.decimal) if isinstance(value, Decimal) else str(value)
        case datetime():
            return value.astimezone(zone).strftime(dialect.instant)
        case date():
            return value.strftime(dialect.day)
        case _:
            text = str(value)
            return f"'{text}" if text.startswith(_FORMULA) else text
