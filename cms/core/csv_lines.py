"""Lines of a CSV file that people upload: whatever their spreadsheet put between the cells."""

import csv
import io
from typing import NamedTuple

from django.utils.translation import gettext as _

from cms.core.errors import Invalid

MOST_BYTES = 1_000_000


class Line(NamedTuple):
    number: int
    cells: list[str]

    def cell(self, place: int) -> str:
        """ "" where the line is shorter."""
        return self.cells[place] if place < len(self.cells) else ""


def read(content: bytes, *, most: int) -> list[Line]:
    """Lines that are not empty, with trimmed cells, separated by comma, semicolon or tab. Raises Invalid (field `file`)."""
    if len(content) > MOST_BYTES:
        raise Invalid({"file": [_("The file is larger than 1 MB.")]})
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid({"file": [_("The file is not UTF-8 text (byte %(n)s).") % {"n": error.start}]}) from error
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    rows = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [Line(rows.line_num, [cell.strip() for cell in row]) for row in rows if any(map(str.strip, row))]
    except csv.Error as error:
        words = {"n": rows.line_num}
        raise Invalid({"file": [_("Line %(n)s: a quotation mark is open, or a cell is too long.") % words]}) from error
    if len(lines) > most + 1:  # a line of headings may be among them
        raise Invalid({"file": [_("More than %(n)s lines: split the file.") % {"n": most}]})
    return lines
