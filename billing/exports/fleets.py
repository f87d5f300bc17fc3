"""What a company's people charged in a month, by cost centre: for its own books, and for who asks the operator about an invoice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, Operator
from billing.models import CDR
from billing.selectors import companies
from billing.tariffs import exact
from cms.core.csv_dialect import Cell
from cms.core.errors import Invalid

from . import asking, paging
from .charges import number
from .kinds import Ask, Column, Format, Kind, Params

COLUMNS = (
    Column("cost_centre", _("Cost centre")),
    Column("driver", _("Driver")),
    Column("started_at", pgettext_lazy("time", "Start"), Format.INSTANT),
    Column("stopped_at", _("End"), Format.INSTANT),
    Column("location", _("Location")),
    Column("station", _("Station"), width=14),
    Column("energy_kwh", _("Energy, kWh"), Format.ENERGY, summed=True),
    Column("currency", _("Currency"), width=9),
    Column("taxable", _("Taxable"), Format.MONEY, summed=True),
    Column("vat", _("VAT"), Format.MONEY, summed=True),
    Column("total", _("Total"), Format.MONEY, summed=True),
    Column("invoice", _("Invoice"), width=14),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """A company of the operator's, and a month."""
    named = given.get("company", "")
    whose = Company.objects.filter(operator=operator, pk=named) if named.isdecimal() and len(named) < 18 else None
    if whose is None or not whose.exists():
        raise Invalid({"company": [gettext("There is no such company.")]})
    return {"company": named, **asking.month(operator, given)}


def of(company: Company, first: date, language: str) -> Iterator[list[Cell]]:
    """By cost centre and time; credited charges are left out."""
    found = companies.charges(company, first).select_related("invoiced__invoice")
    for cdr in paging.in_order(found.order_by("cost_centre", "started_at", "pk")):
        yield _row(cdr, language)


def _row(cdr: CDR, language: str) -> list[Cell]:
    place, invoiced = cdr.session.location, getattr(cdr, "invoiced", None)
    return [
        cdr.cost_centre,
        str(cdr.driver or ""),
        cdr.started_at,
        cdr.stopped_at,
        place.name if place else "",
        cdr.session.station.identity,
        exact.rounded(exact.number(cdr.energy) / 1000, 3),
        cdr.currency,
        *(
            exact.cents(exact.number(amount), cdr.currency)
            for amount in (cdr.total_excl_vat, cdr.total_vat, cdr.total_incl_vat)
        ),
        number(invoiced.invoice, language) if invoiced else "",
    ]


def _company(ask: Ask) -> Company:
    return Company.objects.select_related("operator").get(operator=ask.operator, pk=ask.params["company"])


def _rows(ask: Ask) -> Iterable[Sequence[Cell]]:
    return of(_company(ask), asking.month_of(ask.params), ask.language)


KIND = Kind(
    name="company_charges",
    title=_("Charges of a company"),
    permission="company.view",
    clean=clean,
    stem=lambda ask: asking.stem("company", ask),
    columns=COLUMNS,
    rows=_rows,
    count=lambda ask: companies.charges(_company(ask), asking.month_of(ask.params)).count(),
    says=asking.says,
    listed=False,
    personal=True,
)
