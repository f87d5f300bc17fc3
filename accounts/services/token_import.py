"""Many cards from one file: all of it or nothing, with every wrong line named."""

import csv
import io
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Operator, Token, User
from accounts.services import tokens
from cms.core.errors import Invalid

MOST_LINES = 5000
MOST_BYTES = 1_000_000
_HEADINGS = {"id", "id_tag", "uid", "idtag", "token"}


class Line(NamedTuple):
    number: int
    uid: str
    label: str


def read(content: bytes) -> list[Line]:
    """Lines of `id` and optional `label`, separated by comma, semicolon or tab. Raises Invalid."""
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
        lines = [
            Line(rows.line_num, row[0].strip(), row[1].strip() if len(row) > 1 else "")
            for row in rows
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        words = {"n": rows.line_num}
        raise Invalid({"file": [_("Line %(n)s: a quotation mark is open, or a cell is too long.") % words]}) from error
    if lines and lines[0].uid.casefold() in _HEADINGS:
        lines = lines[1:]
    if not lines:
        raise Invalid({"file": [_("There is no card in this file.")]})
    if len(lines) > MOST_LINES:
        raise Invalid({"file": [_("More than %(n)s lines: split the file.") % {"n": MOST_LINES}]})
    return lines


@transaction.atomic
def create_all(*, operator: Operator, lines: list[Line], by: User | ApiKey | None) -> list[Token]:
    """Raises Invalid with one message per wrong line; then no card was created."""
    made: list[Token] = []
    wrong: list[str] = []
    for line in lines:
        try:
            made.append(tokens.create(operator=operator, id_tag=line.uid, label=line.label, by=by))
        except Invalid as error:
            texts = " ".join(text for texts in error.fields.values() for text in texts)
            wrong.append(_("Line %(n)s, %(id)s: %(text)s") % {"n": line.number, "id": line.uid or "–", "text": texts})
    if wrong:
        raise Invalid({"file": wrong})
    return made
