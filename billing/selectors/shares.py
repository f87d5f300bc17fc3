"""What a host's statement counts: everything of a location that no statement has counted yet, by the month it belongs to.

A charge counts when it is billable; a credit when its charge was counted. What a person refunded and did not credit, and lines that
a credit note took back while the charge stays, lessen the revenue by their net part."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.db.models import F, Q, QuerySet

from accounts.models import Operator
from billing.models import CDR, HostStatement, Invoice, InvoiceLine, Refund, RevenueShare
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


def uncounted(operator: Operator, location: Location, shares: Sequence[RevenueShare], month: date) -> Counted:
    """Up to the end of `month`, as far back as something was agreed."""
    start, _end = months.bounds(operator, shares[0].valid_from)
    end = months.bounds(operator, month)[1]
    inside = Q(session__location=location, stopped_at__gte=start, stopped_at__lt=end)
    counted = Counted()
    _charges(counted, operator, inside)
    _refunds(counted, operator, location, end)
    _credited_lines(counted, operator, location, end)
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
        cdr = refund.payment.cdr
        assert cdr is not None  # filtered
        if cdr.total_incl_vat:
            share = Fraction(cdr.total_excl_vat) / Fraction(cdr.total_incl_vat)
            net = exact.cents(-Fraction(refund.amount) * share, cdr.currency)
            counted.by_month[months.of(operator, cdr.stopped_at)].refunds += net
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
        assert line.cdr is not None  # filtered
        gross = 1 + Fraction(line.vat_rate or 0) / 100 if line.invoice.tax_included else Fraction(1)
        net = exact.cents(Fraction(line.amount) / gross, line.invoice.currency)
        counted.by_month[months.of(operator, line.cdr.stopped_at)].refunds += net
        counted.lines.append(line.pk)


def statements(operator: Operator) -> QuerySet[HostStatement]:
    return HostStatement.objects.filter(operator=operator).select_related("location", "share").order_by("-month", "-pk")
