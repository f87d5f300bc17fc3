"""Which document a charge gets, and the corrispettivi by day and point.

One rule: a charge of a roaming partner's customer is on the partner's invoice; one that is on an invoice, or whose payer gets a
monthly invoice (a company, a driver with a VAT number), is documented by it; every other one is a corrispettivo.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Operator
from billing import pricing
from billing.documents import takings_chain
from billing.models import CDR, Export, TakingsChain, TakingsEntry
from billing.models.cdr import CDRQuerySet
from billing.selectors import months

HORIZON = timedelta(days=400)  # nothing older is documented anew
SINCE = datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Rome"))  # art. 2 c. 1-ter D.Lgs. 127/2015
FILE = "corrispettivi"
"""The export of every charge."""
_CHUNK = 2000


class FiscalDocument(StrEnum):
    INVOICE = "invoice"
    CORRISPETTIVO = "corrispettivo"
    ROAMING = "roaming"


_PARTNERS = Q(session__price__who__contains='"partner":"') & ~Q(session__price__who__contains='"partner":""')
_INVOICED = Q(invoiced__isnull=False) | Q(company__isnull=False) | (Q(driver__isnull=False) & ~Q(driver__vat_number=""))


def with_document(found: CDRQuerySet) -> CDRQuerySet:
    """Each row with `fiscal_document`, one of FiscalDocument."""
    document = Case(
        When(_PARTNERS, then=Value(FiscalDocument.ROAMING.value)),
        When(_INVOICED, then=Value(FiscalDocument.INVOICE.value)),
        default=Value(FiscalDocument.CORRISPETTIVO.value),
        output_field=CharField(),
    )
    return found.annotate(fiscal_document=document)


def fiscal_document(cdr: CDR) -> FiscalDocument:
    documented = with_document(CDR.objects.filter(pk=cdr.pk))
    return FiscalDocument(documented.values_list("fiscal_document", flat=True).get())


def due(operator: Operator, until: datetime) -> CDRQuerySet:
    """Charges that ended before `until`, are documented by corrispettivi and are not (or no more) in the chain."""
    recorded = TakingsEntry.objects.filter(cdr=OuterRef("pk"), reason=TakingsEntry.Reason.CHARGE, reversed_by=None)
    ended = CDR.objects.billable().uninvoiced().filter(operator=operator, stopped_at__lt=until, total_incl_vat__gt=0)
    ours = ended.filter(
        Q(driver=None) | Q(driver__vat_number=""), company=None, stopped_at__gte=max(SINCE, until - HORIZON)
    )
    return ours.exclude(_PARTNERS).filter(~Exists(recorded))


def outdated(operator: Operator) -> QuerySet[TakingsEntry]:
    """Entries whose charge has been invoiced or credited since, and that nothing takes out yet."""
    standing = TakingsEntry.objects.filter(operator=operator, reason=TakingsEntry.Reason.CHARGE, reversed_by=None)
    since = today(operator) - HORIZON
    gone = Q(cdr__invoiced__isnull=False) | Q(cdr__credited_by__isnull=False)
    return standing.filter(gone, day__gte=since)


def today(operator: Operator) -> date:
    return timezone.now().astimezone(pricing.zone(operator.time_zone)).date()


def midnight(operator: Operator) -> datetime:
    """The beginning of today at the operator's: what ended before belongs to a day that is over."""
    on = today(operator)
    return datetime(on.year, on.month, on.day, tzinfo=pricing.zone(operator.time_zone))


# ---- by day and point -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one day, or one point on one day. `gaps`: charges of that day that should be in the chain and are not."""

    key: Any
    charges: int
    reversals: int
    energy_kwh: Decimal
    taxable: Decimal
    vat: Decimal
    total: Decimal
    points: int = 0
    gaps: int = 0


def days(operator: Operator, first: date, until: date) -> list[Totals]:
    """Every day of [first, until) that has entries or gaps, the newest first."""
    entries = _between(operator, first, until)
    rows = {row["day"]: row for row in _summed(entries, "day").annotate(points=Count("evse", distinct=True))}
    gaps = _gaps(operator, first, until)
    return [_totals(day, rows.get(day), gaps.get(day, 0)) for day in sorted({*rows, *gaps}, reverse=True)]


def points(operator: Operator, day: date) -> list[Totals]:
    rows = _summed(_between(operator, day, day + timedelta(days=1)), "evse").order_by("evse")
    return [_totals(row["evse"], row) for row in rows]


@dataclass(frozen=True, slots=True)
class Late:
    """What was written for a month after its file had been made: what was sent is not all any more."""

    entries: int
    first: int
    exported_at: datetime


def late(operator: Operator, month: date) -> Late | None:
    """Compared with the newest file of every charge that was asked for when the month was over; None without one, or if it is whole."""
    after = months.after(month)
    over = datetime(after.year, after.month, after.day, tzinfo=pricing.zone(operator.time_zone))
    asked = json.dumps({"month": f"{month:%Y-%m}"}, sort_keys=True)
    files = Export.objects.filter(operator=operator, kind=FILE, state=Export.State.DONE, params=asked)
    file = files.filter(created_at__gte=over).order_by("-pk").first()
    if file is None:
        return None
    newer = _between(operator, month, after).filter(recorded_at__gt=file.created_at)
    sums = newer.aggregate(n=Count("pk"), first=Min("number"))
    return Late(sums["n"], sums["first"], file.created_at) if sums["n"] else None


def entries(operator: Operator, first: date, until: date) -> QuerySet[TakingsEntry]:
    return _between(operator, first, until).order_by("number")


def _between(operator: Operator, first: date, until: date) -> QuerySet[TakingsEntry]:
    return TakingsEntry.objects.filter(operator=operator, day__gte=first, day__lt=until)


def _summed(found: QuerySet[TakingsEntry], key: str) -> QuerySet[Any, Any]:
    charge = Q(reason=TakingsEntry.Reason.CHARGE)
    return (
        found.order_by()
        .values(key)
        .annotate(
            charges=Count("pk", filter=charge),
            reversals=Count("pk", filter=~charge),
            kwh=Sum("energy"),
            net=Sum("taxable"),
            tax=Sum("vat"),
            gross=Sum("total"),
        )
    )


def _gaps(operator: Operator, first: date, until: date) -> dict[date, int]:
    zone = pricing.zone(operator.time_zone)
    start, end = (datetime(on.year, on.month, on.day, tzinfo=zone) for on in (first, until))
    found = due(operator, min(end, midnight(operator))).filter(stopped_at__gte=start)
    by_day = found.order_by().annotate(on=TruncDate(F("stopped_at"), tzinfo=zone)).values("on").annotate(n=Count("pk"))
    return {row["on"]: row["n"] for row in by_day}


def _totals(key: Any, row: dict[str, Any] | None, gaps: int = 0) -> Totals:
    if row is None:
        nothing = Decimal(0)
        return Totals(key, 0, 0, nothing, nothing, nothing, nothing, gaps=gaps)
    return Totals(
        key,
        row["charges"],
        row["reversals"],
        row["kwh"] / 1000,
        row["net"],
        row["tax"],
        row["gross"],
        row.get("points", 0),
        gaps,
    )


# ---- is the chain whole? --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` is the number of the first entry that is missing or not what it was; None for a whole chain."""

    entries: int
    broken: int | None = None


def verify(operator: Operator) -> Verdict:
    """Computes every hash again, from the first entry on. Memory stays flat."""
    previous, count = "", 0
    for entry in TakingsEntry.objects.filter(operator=operator).order_by("number").iterator(_CHUNK):
        count += 1
        if (
            entry.number != count
            or entry.previous != previous
            or entry.hash != takings_chain.digest(previous, facts(entry))
        ):
            return Verdict(count, broken=count)
        previous = entry.hash
    chain = TakingsChain.objects.filter(operator=operator).first()
    if chain and (chain.last, chain.head) != (count, previous):
        return Verdict(count, broken=count + 1)  # the last ones are gone
    return Verdict(count)


def facts(entry: TakingsEntry) -> dict[str, Any]:
    """What the hash of an entry is over."""
    named = {name: getattr(entry, name) for name in takings_chain.FIELDS if name not in ("cdr", "reverses")}
    return {**named, "cdr": entry.cdr_id, "reverses": entry.reverses_id}
