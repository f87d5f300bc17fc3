"""The XML files of a month in one zip: for the intermediary's archive, whatever was handed over before."""

from collections.abc import Mapping
from typing import IO

from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.services.invoicing import batches

from . import asking
from .kinds import Ask, Kind, Params, Step
from .takings import span


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """Documents dated in a month, or from day to day."""
    return asking.days(operator, given)


def build(ask: Ask, out: IO[bytes], step: Step) -> int:
    return batches.zip_of_days(ask.operator, *span(ask), out=out, step=step)


KIND = Kind(
    name="fatturapa",
    title=_("FatturaPA, zip of the XML files"),
    permission="invoice.view",
    clean=clean,
    stem=lambda ask: asking.stem("fatturapa", ask),
    count=lambda ask: batches.of_days(ask.operator, *span(ask)).count(),
    build=build,
    suffix="zip",
    media_type="application/zip",
    says=asking.says,
)
