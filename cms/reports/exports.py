"""Reports as files: a kind each, with what the page is filtered by."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.utils import timezone

from accounts.models import Operator
from billing.exports import asking
from billing.exports.kinds import Ask, Kind, Params
from billing.selectors import months
from cms.core.csv_dialect import Cell

from .catalogue import REPORTS, Report
from .filters import Filters


def name_of(report: str) -> str:
    return f"report_{report}"


def kinds() -> Iterator[Kind]:
    for name, report in REPORTS.items():
        yield Kind(
            name=name_of(name),
            title=report.title,
            permission="report.view",
            clean=_clean(report),
            stem=_stem(name),
            columns=report.columns,
            rows=_rows(report),
            count=lambda ask: 0,  # a few rows of what is summed already: there at once, whatever there is
            says=_says,
            listed=False,
        )


def _clean(report: Report) -> Callable[[Operator, Mapping[str, str]], Params]:
    def clean(operator: Operator, given: Mapping[str, str]) -> Params:
        filters = Filters.read(operator, dict(given))
        return {**({"range": filters.range} if report.by_days else {}), **asking.site(operator, given)}

    return clean


def _stem(name: str) -> Callable[[Ask], str]:
    return lambda ask: f"{name}-{timezone.now().astimezone(months.zone(ask.operator)):%Y-%m-%d}"


def _rows(report: Report) -> Callable[[Ask], Sequence[Sequence[Cell]]]:
    return lambda ask: report.build(Filters.read(ask.operator, dict(ask.params))).rows


def _says(params: Mapping[str, str]) -> str:
    days = [Filters.words_of(params["range"])] if "range" in params else []
    return " · ".join([*days, *filter(None, [params.get("place")])])
