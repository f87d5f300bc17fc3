"""Rows become a file, one at a time: memory stays flat however long the list is, and the same rows are the same bytes."""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import override

from cms.core import csv_dialect
from cms.core.csv_dialect import Cell

from .kinds import Ask, Format, Kind, Step
from .presets import Preset

_SHEET_ROWS = 1_000_000  # Excel ends at 1,048,576
_CENT = Decimal("0.01")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member of the zip that a workbook is
_FORMATS = {
    Format.MONEY: "#,##0.00",
    Format.NUMBER: "#,##0.0",
    Format.ENERGY: "#,##0.000",
    Format.WHOLE: "0",
    Format.INSTANT: "dd/mm/yyyy hh:mm",
    Format.DAY: "dd/mm/yyyy",
}
_WIDTHS = {Format.TEXT: 22, Format.INSTANT: 17, Format.DAY: 12, Format.MONEY: 13, Format.FLAG: 8}
_CONTROL = {number: None for number in range(32) if number not in (9, 10, 13)}


def write(kind: Kind, preset: Preset, ask: Ask, out: IO[bytes], step: Step) -> int:
    """Writes the whole file. Returns how many rows, or things, it has."""
    with override(ask.language):
        if kind.build is not None:
            return kind.build(ask, out, step)
        if preset.dialect is None:
            return _workbook(kind, ask, out, step)
        return _csv(kind, preset, ask, out, step)


def _csv(kind: Kind, preset: Preset, ask: Ask, out: IO[bytes], step: Step) -> int:
    assert preset.dialect is not None
    head = [column.name if preset.machine else str(column.title) for column in kind.columns]
    rows = _Counted(kind, ask, step)
    for line in csv_dialect.lines(head, rows, dialect=preset.dialect, zone=ask.zone):
        out.write(line.encode())
    return rows.seen


class _Counted:
    """The rows of a list, amounts with two decimals at least, telling how far they are."""

    def __init__(self, kind: Kind, ask: Ask, step: Step) -> None:
        self._kind, self._ask, self._step = kind, ask, step
        self._money = [place for place, column in enumerate(kind.columns) if column.format is Format.MONEY]
        self.seen = 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        assert self._kind.rows is not None
        for row in self._kind.rows(self._ask):
            yield self._with_cents(row)
            self.seen += 1
            self._step(self.seen)

    def _with_cents(self, row: Sequence[Cell]) -> Sequence[Cell]:
        cells = list(row)
        for place in self._money:
            amount = cells[place]
            if isinstance(amount, Decimal) and amount.as_tuple().exponent > -2:  # type: ignore[operator]  # finite
                cells[place] = amount.quantize(_CENT)
        return cells


# ---- workbooks ------------------------------------------------------------------------------------------------------


def _workbook(kind: Kind, ask: Ask, out: IO[bytes], step: Step) -> int:
    """Real dates and numbers, a head that stays, widths, filters, totals."""
    from openpyxl import Workbook  # slow to import, and only this needs it

    book = Workbook(write_only=True)
    rows, sheet = _Counted(kind, ask, step), _Sheet(book, kind, ask)
    for row in rows:
        if sheet.rows == _SHEET_ROWS:
            sheet.end()
            sheet = _Sheet(book, kind, ask, sheet.number + 1, sheet.totals)
        sheet.append(row)
    sheet.total()
    sheet.end()
    with TemporaryFile() as whole:
        book.save(whole)
        _without_clocks(whole, out)
    return rows.seen


class _Sheet:
    def __init__(self, book: Any, kind: Kind, ask: Ask, number: int = 1, totals: Any = None) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter

        self.columns, self.zone, self.number, self.rows = kind.columns, ask.zone, number, 0
        self.totals: dict[str, list[Decimal | int | None]] = totals if totals is not None else {}
        title = str(kind.title)[:25]
        self.sheet = book.create_sheet(title if number == 1 else f"{title} {number}")
        self.sheet.freeze_panes = "A2"
        self.cells, self.bold = [], []
        for place, column in enumerate(self.columns, start=1):
            title_cell = WriteOnlyCell(self.sheet)
            title_cell.font = Font(bold=True)
            title_cell.value = str(column.title)
            self.bold.append(title_cell)
            plain = WriteOnlyCell(self.sheet)
            plain.number_format = _FORMATS.get(column.format, "General")
            self.cells.append(plain)
            width = column.width or max(_WIDTHS.get(column.format, 11), len(str(column.title)) + 2)
            self.sheet.column_dimensions[get_column_letter(place)].width = width
        self.last_letter = get_column_letter(len(self.columns))
        self.currency = next((i for i, column in enumerate(self.columns) if column.name == "currency"), None)
        self.sheet.append(self.bold)

    def append(self, row: Sequence[Cell]) -> None:
        for cell, value in zip(self.cells, row, strict=True):
            _put(cell, value, self.zone)
        self.sheet.append(self.cells)
        self.rows += 1
        self._add(row)

    def _add(self, row: Sequence[Cell]) -> None:
        currency = str(row[self.currency] or "") if self.currency is not None else ""
        sums = self.totals.setdefault(currency, [None] * len(self.columns))
        for place, (column, value) in enumerate(zip(self.columns, row, strict=True)):
            if column.summed and isinstance(value, int | Decimal):
                sums[place] = (sums[place] or 0) + value

    def total(self) -> None:
        """One line per currency, below an empty one, so that a filter leaves it alone."""
        if not self.rows or not any(column.summed for column in self.columns):
            return
        self.sheet.append([])
        for currency, sums in sorted(self.totals.items()):
            for place, (column, bold, value) in enumerate(zip(self.columns, self.bold, sums, strict=True)):
                said: Cell = value if column.summed else currency if place == self.currency else None
                bold.number_format = _FORMATS.get(column.format, "General")
                _put(bold, _("Total") if place == 0 and said is None else said, self.zone)
            self.sheet.append(self.bold)

    def end(self) -> None:
        self.sheet.auto_filter.ref = f"A1:{self.last_letter}{self.rows + 1}"


def _put(cell: Any, value: Cell, zone: ZoneInfo) -> None:
    """Text stays text, whatever it begins with; instants are what the clock on the wall said."""
    match value:
        case bool():
            cell.value = int(value)
        case datetime():
            cell.value = value.astimezone(zone).replace(tzinfo=None)
        case str():
            cell.value = value.translate(_CONTROL)[:32_767]
            cell.data_type = "s"
        case _:
            cell.value = value


def _without_clocks(whole: IO[bytes], out: IO[bytes]) -> None:
    """A workbook says when it was saved, in its properties and on each part: then the same rows were never the same file."""
    with zipfile.ZipFile(whole) as saved, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        for info in saved.infolist():
            told = zipfile.ZipInfo(info.filename, _EPOCH)
            told.compress_type, told.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            with saved.open(info) as source, copy.open(told, "w", force_zip64=True) as target:
                if info.filename == "docProps/core.xml":
                    target.write(_timeless(source.read()))
                else:
                    while part := source.read(1 << 16):
                        target.write(part)


def _timeless(properties: bytes) -> bytes:
    import re

    return re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", properties)
