"""What counts in a month of an operator's books (docs/decisions/0028): charges when they ended, documents when what they bill was
delivered, corrispettivi by their day; what was written after its own month was closed, in the first that was open."""

from datetime import date, timedelta

from django.db.models import DateTimeField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Operator
from billing.models import CDR, Invoice, InvoiceLine, TakingsEntry
from billing.models.cdr import CDRQuerySet

from . import months
from .months import Locks


def charges(operator: Operator, first: date, until: date, locks: Locks) -> CDRQuerySet:
    """Records of the months from `first` on, before `until`: credits too."""
    booked = months.span(operator, first, until, locks, happened="stopped_at", written="created_at")
    return CDR.objects.filter(booked, operator=operator)


def documents(operator: Operator, first: date, until: date, locks: Locks) -> QuerySet[Invoice]:
    """Invoices count in the month of the last delivery that they bill, as their VAT does; a credit note, and a document without
    charges, in the month it was written."""
    lines = InvoiceLine.objects.filter(invoice=OuterRef("pk"), invoice__kind=Invoice.Kind.INVOICE).order_by()
    last = lines.values("invoice").annotate(last=Max("cdr__stopped_at")).values("last")
    delivered = Coalesce(Subquery(last, output_field=DateTimeField()), "created_at")
    booked = months.span(operator, first, until, locks, happened="delivered", written="created_at")
    since = first - timedelta(days=1)  # nothing is written before it is delivered
    return Invoice.objects.filter(operator=operator, issued_on__gte=since).annotate(delivered=delivered).filter(booked)


def takings(operator: Operator, first: date, until: date, locks: Locks) -> QuerySet[TakingsEntry]:
    """Corrispettivi, with what took them out again."""
    booked = months.span(operator, first, until, locks, happened="day", written="recorded_at")
    return TakingsEntry.objects.filter(booked, operator=operator)


def is_late(operator: Operator, month: date, *, happened: str) -> Q:
    """Of what counts in a month: what happened before it."""
    return Q(**{f"{happened}__lt": months.bounds(operator, month)[0]})
