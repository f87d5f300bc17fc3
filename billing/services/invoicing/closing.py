"""The end of the month: what companies' people and drivers with a VAT number charged becomes their invoice."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import chain

from accounts.models import Driver, Operator
from billing import pricing
from billing.models import CDR
from billing.models.cdr import CDRQuerySet
from billing.services.fleets import companies
from billing.services.invoicing import invoices, issuing
from billing.tariffs import trace
from cms.core.errors import Conflict


def monthly(*, operator: Operator, until: date | None = None) -> int:
    """An invoice for each company and for each driver with a VAT number, of all charges that ended before the first of this month (or `until`).
    Each is a transaction of its own, so the run may stop anywhere and start again. Returns how many were issued."""
    if not operator.has_legal_entity:
        return 0
    own = (_bundles(_open_cdrs(operator, until).filter(driver=driver)) for driver in _drivers(operator, until))
    whole = chain(companies.bundles(operator, _end(operator, until)), chain.from_iterable(own))
    return sum(_issued(piece) for together in whole for piece in pieces(together))


def pieces(together: Sequence[CDR]) -> Iterator[list[CDR]]:
    """As many charges at a time as fit into one document; mostly all."""
    piece: list[CDR] = []
    lines = 0
    for cdr in together:
        more = len(trace.loads(cdr.trace).lines)
        if piece and lines + more >= issuing.MOST_LINES:  # one is for the stamp duty
            yield piece
            piece, lines = [], 0
        piece.append(cdr)
        lines += more
    if piece:
        yield piece


def _issued(together: list[CDR]) -> bool:
    try:
        invoices.issue(cdrs=together, by=None)
    except Conflict:  # the driver's data are incomplete, or somebody was quicker: both show on the list of open charges
        return False
    return True


def _drivers(operator: Operator, until: date | None) -> list[Driver]:
    with_vat = Driver.objects.filter(operator=operator).exclude(vat_number="")
    return list(with_vat.filter(pk__in=_open_cdrs(operator, until).values("driver")).order_by("pk"))


def _open_cdrs(operator: Operator, until: date | None) -> CDRQuerySet:
    priced = CDR.objects.billable().uninvoiced().filter(total_incl_vat__gt=0, company=None)
    return priced.filter(operator=operator, stopped_at__lt=_end(operator, until))


def _end(operator: Operator, until: date | None) -> datetime:
    """Midnight at the operator's before the first day that is not invoiced yet."""
    day = until or invoices.today_at(operator).replace(day=1)
    return datetime(day.year, day.month, day.day, tzinfo=pricing.zone(operator.time_zone))


def _bundles(cdrs: CDRQuerySet) -> list[list[CDR]]:
    """By currency and terms."""
    found: dict[tuple[str, bool], list[CDR]] = {}
    for cdr in cdrs.order_by("started_at", "pk"):
        found.setdefault((cdr.currency, cdr.tax_included), []).append(cdr)
    return list(found.values())
