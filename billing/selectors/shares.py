"""What a host's statement counts: everything of a location that no statement has counted yet, by the month it belongs to.

A charge counts when it is billable; a credit when its charge was counted. What a person refunded and did not credit, and lines that
a credit note took back while the charge stays, lessen the revenue by their net part, until the charge itself is credited."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from django.db.models import Count, F, Q, QuerySet, Sum

from accounts.models import Operator
from billing.models import CDR, HostStatement, HostStatementItem, Invoice, InvoiceLine, Refund, RevenueShare
from billing.tariffs import exact
from stations.models import Location

from . import months

NOTHING = Decimal(0)


@dataclass(slots=True)
class Sums:
    """Of one month at one location. `energy` in Wh, `revenue` net, `refunds` net and negative."""

    sessions: int = 0
    energy: Decimal = NOTHING
    revenue: Decimal = NOTHING
    refunds: Decimal = NOTHING

    @property
    def net(self) -> Decimal:
        return self.revenue + self.refunds

    def __bool__(self) -> bool:
        return bool(self.sessions or self.energy or self.revenue or self.refunds)


@dataclass(slots=True)
class Counted:
    """Sums by month, and the keys of what they were made of."""

    by_month: dict[date, Sums] = field(default_factory=lambda: defaultdict(Sums))
    cdrs: list[int] = field(default_factory=list)
    refunds: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    given_back: list[int] = field(default_factory=list)


def agreed(location_ids: Iterable[int], month: date) -> dict[int, RevenueShare]:
    """The agreement that holds in a month, by location. One query."""
    rows = RevenueShare.objects.filter(location__in=list(location_ids), valid_from__lte=month)
    return {share.location_id: share for share in rows.select_related("location").order_by("valid_from", "pk")}


def history(location: Location) -> list[RevenueShare]:
    return list(RevenueShare.objects.filter(location=location).order_by("valid_from", "pk"))


def holding(shares: Sequence[RevenueShare], month: date) -> RevenueShare | None:
    """Of a location's history (oldest first) what holds in a month; None before the first, and after an end."""
    found = None
    for share in shares:
        if share.valid_from <= month:
            found = share
    return None if found is None or found.ended else found


def places(operator: Operator) -> list[int]:
    """Locations that have, or had, an agreement."""
    return list(RevenueShare.objects.filter(operator=operator).values_list("location", flat=True).distinct())


def hosted(operator: Operator, email: str, month: date) -> list[Location]:
    """The sites whose agreement of a month is with this address, by name: what a host may see."""
    agreements = agreed(places(operator), month).values()
    mine = [share.location for share in agreements if not share.ended and share.host_email.lower() == email.lower()]
    return sorted(mine, key=lambda place: (place.name, place.pk))


def of_month(operator: Operator, location: Location, month: date) -> Sums:
    """What is charged for at a location in a month, as far as it is known. One query."""
    start, end = months.bounds(operator, month)
    inside = CDR.objects.filter(
        operator=operator, session__location=location, stopped_at__gte=start, stopped_at__lt=end
    )
    sums = inside.billable().aggregate(n=Count("pk"), wh=Sum("energy"), net=Sum("total_excl_vat"))
    return Sums(sums["n"], sums["wh"] or NOTHING, sums["net"] or NOTHING)


def uncounted(operator: Operator, location: Location, shares: Sequence[RevenueShare], month: date) -> Counted:
    """Up to the end of `month`, as far back as something was agreed."""
    start, _end = months.bounds(operator, shares[0].valid_from)
    end = months.bounds(operator, month)[1]
    inside = Q(session__location=location, stopped_at__gte=start, stopped_at__lt=end)
    counted = Counted()
    _charges(counted, operator, inside)
    _refunds(counted, operator, location, end)
    _credited_lines(counted, operator, location, end)
    _given_back(counted, operator, location)
    return counted


def _charges(counted: Counted, operator: Operator, inside: Q) -> None:
    free = CDR.objects.filter(inside, operator=operator, host_statement_item=None)
    billable = free.billable()
    credits = free.filter(credits__host_statement_item__isnull=False)
    for rows, sign in ((billable, 1), (credits, -1)):
        facts = rows.order_by("pk").values_list("pk", "stopped_at", "energy", "total_excl_vat", "currency")
        for pk, stopped_at, energy, net, currency in facts.iterator(2000):
            sums = counted.by_month[months.of(operator, stopped_at)]
            sums.sessions += sign
            sums.energy += energy
            sums.revenue += exact.cents(exact.number(net), currency)
            counted.cdrs.append(pk)


def _refunds(counted: Counted, operator: Operator, location: Location, end: object) -> None:
    """Of charges that stay: what was credited is in the credits already."""
    given = Refund.objects.filter(
        operator=operator,
        status=Refund.Status.DONE,
        by__isnull=False,
        host_statement_item=None,
        created_at__lt=end,
        payment__cdr__session__location=location,
        payment__cdr__host_statement_item__isnull=False,
        payment__cdr__credited_by=None,
    )
    for refund in given.select_related("payment__cdr").order_by("pk"):
        _add(counted, operator, _of_refund(refund))
        counted.refunds.append(refund.pk)


def _credited_lines(counted: Counted, operator: Operator, location: Location, end: object) -> None:
    """While the charge stays on its invoice: given back to be billed again, nothing was lost."""
    taken = InvoiceLine.objects.filter(
        invoice__operator=operator,
        invoice__kind=Invoice.Kind.CREDIT_NOTE,
        invoice__created_at__lt=end,
        host_statement_item=None,
        cdr__session__location=location,
        cdr__host_statement_item__isnull=False,
        cdr__credited_by=None,
        cdr__invoiced__invoice=F("invoice__credits"),
    )
    for line in taken.select_related("cdr", "invoice").order_by("pk"):
        _add(counted, operator, _of_line(line))
        counted.lines.append(line.pk)


def _given_back(counted: Counted, operator: Operator, location: Location) -> None:
    """What an earlier statement took off for a refund or a line, and is nothing by itself any more: the charge was credited whole,
    which the credit says; its invoice was, and it is billed anew; or the bank sent the refund back."""
    standing = HostStatementItem.objects.filter(statement__location=location, given_back=None)
    line_gone = Q(line__cdr__credited_by__isnull=False) | ~Q(line__cdr__invoiced__invoice=F("line__invoice__credits"))
    refund_gone = Q(refund__payment__cdr__credited_by__isnull=False) | ~Q(refund__status=Refund.Status.DONE)
    gone = standing.filter(Q(line__isnull=False) & line_gone | Q(refund__isnull=False) & refund_gone)
    for item in gone.select_related("line__cdr", "line__invoice", "refund__payment__cdr").order_by("pk"):
        taken = _of_line(item.line) if item.line else _of_refund(item.refund)  # type: ignore[arg-type]  # one of them
        _add(counted, operator, taken._replace(net=-taken.net))
        counted.given_back.append(item.pk)


class _Taken(NamedTuple):
    """What lessens the revenue of a charge: net, and negative."""

    cdr: CDR
    net: Decimal


def _of_refund(refund: Refund) -> _Taken:
    cdr = refund.payment.cdr
    assert cdr is not None  # filtered
    if not cdr.total_incl_vat:
        return _Taken(cdr, NOTHING)
    share = Fraction(cdr.total_excl_vat) / Fraction(cdr.total_incl_vat)
    return _Taken(cdr, exact.cents(-Fraction(refund.amount) * share, cdr.currency))


def _of_line(line: InvoiceLine) -> _Taken:
    assert line.cdr is not None  # filtered
    gross = 1 + Fraction(line.vat_rate or 0) / 100 if line.invoice.tax_included else Fraction(1)
    return _Taken(line.cdr, exact.cents(Fraction(line.amount) / gross, line.invoice.currency))


def _add(counted: Counted, operator: Operator, taken: _Taken) -> None:
    counted.by_month[months.of(operator, taken.cdr.stopped_at)].refunds += taken.net


def statements(operator: Operator) -> QuerySet[HostStatement]:
    return HostStatement.objects.filter(operator=operator).select_related("location", "share").order_by("-month", "-pk")


def written_to(operator: Operator, email: str) -> QuerySet[HostStatement]:
    """Statements of a host, of sites that are another's meanwhile too."""
    return statements(operator).filter(host_email__iexact=email)
