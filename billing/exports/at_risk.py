"""What is at risk, charge by charge: one line per case and check; a charge with two doubts stands twice. Amounts that are no price
say so."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Operator
from billing.selectors import assurance, assurance_checks
from billing.selectors.assurance_checks import Asked, Check
from billing.tariffs import exact
from cms.core.csv_dialect import Cell

from . import asking, paging
from .kinds import Ask, Column, Format, Kind, Params

COLUMNS = (
    Column("check", _("Check"), width=26),
    Column("charge", _("Charge"), Format.WHOLE),
    Column("station", _("Station"), width=14),
    Column("location", _("Location")),
    Column("started_at", pgettext_lazy("time", "Start"), Format.INSTANT),
    Column("stopped_at", _("End"), Format.INSTANT),
    Column("energy_kwh", _("Energy, kWh"), Format.ENERGY),
    Column("at_risk", _("At risk"), Format.MONEY, summed=True),
    Column("currency", _("Currency"), width=9),
    Column("estimated", _("Estimated"), Format.FLAG),
    Column("reasons", _("Reasons"), width=24),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """As it is `at` the moment it is asked for: the same question later is another one."""
    return {
        "at": timezone.now().isoformat(timespec="seconds"),
        **asking.choice(given, "check", list(assurance_checks.BY_NAME)),
    }


def rows(ask: Ask) -> Iterator[list[Cell]]:
    asked = Asked(ask.operator, datetime.fromisoformat(ask.params["at"]))
    price = assurance.average_price(asked)
    for check in _checks(ask.params):
        yield from _charges(asked, check, price) if check.has_charges else _strays(asked, check)


def _checks(params: Mapping[str, str]) -> Iterable[Check]:
    return [assurance_checks.BY_NAME[params["check"]]] if "check" in params else assurance_checks.CHECKS


def _charges(asked: Asked, check: Check, price: Decimal | None) -> Iterator[list[Cell]]:
    found = assurance.cases(check, asked).select_related("station", "location").defer("state")
    for case in paging.by_key(found, newest_first=True):
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
    for stray in paging.by_key(assurance.strays(asked).select_related("station__location"), newest_first=True):
        place = stray.station.location
        told = [stray.station.identity, place.name if place else "", None, stray.occurred_at]
        yield [str(check.title), None, *told, None, None, asked.operator.currency, True, ""]


def _count(ask: Ask) -> int:
    asked = Asked(ask.operator, datetime.fromisoformat(ask.params["at"]))
    checks = _checks(ask.params)
    return sum(
        assurance.cases(check, asked).count() if check.has_charges else assurance.strays(asked).count()
        for check in checks
    )


def says(params: Mapping[str, str]) -> str:
    return str(assurance_checks.BY_NAME[params["check"]].title) if "check" in params else ""


KIND = Kind(
    name="at_risk",
    title=_("Revenue at risk"),
    permission="invoice.view",
    clean=clean,
    stem=lambda ask: f"at-risk-{ask.params['at'][:10]}",
    columns=COLUMNS,
    rows=rows,
    count=_count,
    says=says,
    listed=False,
)
