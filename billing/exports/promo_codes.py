"""The codes of a batch, one a line: for the printer, or the mail that gives them away."""

from collections.abc import Iterator, Mapping

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.models import Promotion
from billing.selectors import promotions
from cms.core import typed
from cms.core.csv_dialect import Cell
from cms.core.errors import Invalid

from . import asking, paging
from .kinds import Ask, Column, Format, Kind, Params

COLUMNS = (
    Column("code", _("code")),
    Column("entered", _("entered"), Format.WHOLE),
    Column("ended", _("ended"), Format.FLAG),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    batch = typed.line(dict(given), "batch", most=60)
    if not batch or not Promotion.objects.filter(operator=operator, batch=batch).exists():
        raise Invalid({"batch": [gettext("There is no such batch.")]})
    return {"batch": batch}


def found(ask: Ask) -> QuerySet[Promotion]:
    return promotions.counted(Promotion.objects.filter(operator=ask.operator, batch=ask.params["batch"]))


def rows(ask: Ask) -> Iterator[list[Cell]]:
    for promotion in paging.by_key(found(ask)):
        yield [promotion.code, promotion.entered, promotion.ended_at is not None]  # type: ignore[attr-defined]  # annotated


def _stem(ask: Ask) -> str:
    return "codes-" + "".join(sign if sign.isalnum() else "-" for sign in ask.params["batch"])


KIND = Kind(
    name="promo_codes",
    title=_("Vouchers and promo codes"),
    permission="promotion.edit",
    clean=clean,
    stem=_stem,
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: found(ask).count(),
    says=asking.says,
    listed=False,
)
