"""What is at risk, charge by charge, as CSV in the dialect of the reader's spreadsheet."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from billing.selectors import assurance
from billing.selectors.assurance import Asked, Check
from billing.tariffs import exact
from cms.core import csv_dialect
from cms.core.csv_dialect import Cell

_CHUNK = 2000


def text(asked: Asked, checks: Sequence[Check], *, language: str) -> str:
    """One line per case and check; a charge with two doubts stands twice. Amounts that are no price say so."""
    zone = ZoneInfo(asked.operator.time_zone)
    with override(language):
        head = [
            _("Check"),
            _("Charge"),
            _("Station"),
            _("Location"),
            pgettext("time", "Start"),
            _("End"),
            _("Energy, kWh"),
            _("At risk"),
            _("Currency"),
            _("Estimated"),
            _("Reasons"),
        ]
        return csv_dialect.write(head, _lines(asked, checks), language=language, zone=zone)


def _lines(asked: Asked, checks: Iterable[Check]) -> Iterator[list[Cell]]:
    price = assurance.average_price(asked)
    for check in checks:
        yield from _charges(asked, check, price) if check.where else _strays(asked, check)


def _charges(asked: Asked, check: Check, price: Decimal | None) -> Iterator[list[Cell]]:
    found = assurance.cases(check, asked).select_related("station", "location").defer("state")
    for case in found.iterator(_CHUNK):
        amount, is_exact = assurance.worth(case, price)
        yield [
            str(check.title),
            case.pk,
            case.station.identity,
            case.location.name if case.location else "",
            case.started_at,
            case.stopped_at,
            exact.rounded(exact.number(case.energy) / 1000, 3),
            None if amount is None else exact.cents(exact.number(amount), asked.operator.currency),
            asked.operator.currency,
            not is_exact,
            case.review,
        ]


def _strays(asked: Asked, check: Check) -> Iterator[list[Cell]]:
    for stray in assurance.strays(asked).select_related("station__location").iterator(_CHUNK):
        place = stray.station.location
        told = [stray.station.identity, place.name if place else "", None, stray.occurred_at]
        yield [str(check.title), None, *told, None, None, asked.operator.currency, True, ""]
