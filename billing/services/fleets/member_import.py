"""Many drivers of a company from one file: all of them are invited or nobody, with every wrong line named."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Company, CompanyInvitation
from billing.services.fleets import companies, memberships
from billing.services.fleets.companies import Actor
from cms.core import csv_lines
from cms.core.csv_lines import Line
from cms.core.errors import Conflict, Invalid
from cms.core.form_fields import ForgivingDecimalField

MOST_LINES = 1000
_YES = frozenset({"1", "x", "y", "yes", "true", "s", "si", "sì"})
_NO = frozenset({"", "0", "-", "n", "no", "false"})


@transaction.atomic
def invite_all(*, company: Company, content: bytes, by: Actor) -> list[CompanyInvitation]:
    """Lines of e-mail, cost centre, budget a month, administrator (yes); all but the first may be missing, and so may a line of
    headings. Raises Forbidden; Invalid with one message for each wrong line: then nobody was invited."""
    companies.demand(company, by)
    lines = csv_lines.read(content, most=MOST_LINES)
    if lines and "@" not in lines[0].cell(0):
        lines = lines[1:]
    if not lines:
        raise Invalid({"file": [_("There is no e-mail address in this file.")]})
    if len(lines) > MOST_LINES:
        raise Invalid({"file": [_("More than %(n)s lines: split the file.") % {"n": MOST_LINES}]})
    made, wrong, seen = [], [], set()
    for line in lines:
        try:
            if line.cell(0).lower() in seen:
                raise Invalid({"email": [_("This address is in the file twice.")]})
            seen.add(line.cell(0).lower())
            made.append(_invited(company, line, by))
        except Invalid as error:
            wrong.append(_said(line, " ".join(str(text) for texts in error.fields.values() for text in texts)))
        except Conflict as error:
            wrong.append(_said(line, error.text))
    if wrong:
        raise Invalid({"file": wrong})
    return made


def _invited(company: Company, line: Line, by: Actor) -> CompanyInvitation:
    return memberships.invite(
        company=company,
        email=line.cell(0),
        cost_centre=line.cell(1),
        monthly_cap=_budget(line.cell(2)),
        administrator=_flag(line.cell(3)),
        by=by,
    )


def _budget(text: str) -> Decimal | None:
    try:
        amount: Decimal | None = ForgivingDecimalField(max_digits=9, decimal_places=2, required=False).clean(text)
    except ValidationError as wrong:
        raise Invalid({"monthly_cap": [_("The budget is no amount: %(text)s") % {"text": text}]}) from wrong
    return amount


def _flag(text: str) -> bool:
    if text.casefold() not in _YES | _NO:
        raise Invalid({"administrator": [_("Administrator: yes or no, not “%(text)s”.") % {"text": text}]})
    return text.casefold() in _YES


def _said(line: Line, text: str) -> str:
    return _("Line %(n)s, %(id)s: %(text)s") % {"n": line.number, "id": line.cell(0) or "–", "text": text}
