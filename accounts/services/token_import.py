"""Many cards from one file: all of it or nothing, with every wrong line named."""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Operator, Token, User
from accounts.services import tokens
from cms.core import csv_lines
from cms.core.errors import Invalid

MOST_LINES = 5000
MOST_BYTES = csv_lines.MOST_BYTES
_HEADINGS = {"id", "id_tag", "uid", "idtag", "token"}


class Line(NamedTuple):
    number: int
    uid: str
    label: str


def read(content: bytes) -> list[Line]:
    """Lines of `id` and optional `label`. Raises Invalid."""
    lines = [
        Line(number, cells[0], cells[1] if len(cells) > 1 else "")
        for number, cells in csv_lines.read(content, most=MOST_LINES)
    ]
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
