"""What may still be wrong with the documents of a month that is to be closed, and with what the provider paid out."""

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum

from billing.models import EInvoice, Invoice, PayoutItem, SubscriptionFee
from billing.models.cdr import CDRQuerySet

from . import einvoices, invoices, month_charges, takings
from .closing import NOTHING, Asked, Found


def _business(asked: Asked) -> CDRQuerySet:
    """Charges that an invoice is to be written for without being asked."""
    theirs = Q(company__isnull=False) | ~Q(driver__vat_number="") & Q(driver__isnull=False)
    return asked.charges.billable().uninvoiced().filter(theirs, total_incl_vat__gt=0)


def to_invoice(asked: Asked) -> Found:
    found = month_charges.summed(_business(asked))
    documented = asked.charges.billable().count() if not found.count else 0
    return Found(found.count, found.amount, {"charges": documented})


def vat_data(asked: Asked) -> Found:
    """Charges of business customers whose data an invoice cannot do without are missing."""
    fields = ("billing_name", "address", "city")
    company, driver = Q(), Q()
    for name in fields:
        company |= Q(**{f"company__{name}": ""})
        driver |= Q(**{f"driver__{name}": ""})
    nobody = Q(company__vat_number="", company__fiscal_code="")
    lacking = Q(company__isnull=False) & (company | nobody) | Q(company=None) & driver
    found = _business(asked).filter(lacking)
    sums = found.aggregate(n=Count("pk"), total=Sum("total_incl_vat"), who=Count("driver", distinct=True))
    return Found(sums["n"], sums["total"], {"customers": sums["who"]})


def sdi_refused(asked: Asked) -> Found:
    """Documents whose last file the SdI refused."""
    newest = EInvoice.objects.filter(invoice=OuterRef("pk")).order_by("-attempt").values("state")[:1]
    refused = asked.documents.annotate(sdi=Subquery(newest)).filter(sdi=EInvoice.State.REFUSED)
    return _of_documents(refused)


def sdi_waiting(asked: Asked) -> Found:
    """Files that are written and not handed over, or that cannot be written yet."""
    newest = EInvoice.objects.filter(invoice=OuterRef("pk")).order_by("-attempt").values("state")[:1]
    not_made = einvoices.not_made(asked.operator).values("pk")
    waits = Q(sdi=EInvoice.State.READY) | Q(pk__in=not_made.order_by())
    return _of_documents(asked.documents.annotate(sdi=Subquery(newest)).filter(waits))


def _of_documents(found: QuerySet[Invoice]) -> Found:
    rows = list(found.order_by("pk").values_list("number", "total_incl_vat")[:1000])
    return Found(
        len(rows), sum((total for _n, total in rows), NOTHING) if rows else None, {"first": rows[0][0] if rows else ""}
    )


def unpaid_invoices(asked: Asked) -> Found:
    """Due, and not paid."""
    issued = invoices.with_state(asked.documents.filter(kind=Invoice.Kind.INVOICE))
    due = issued.filter(Q(is_credited=False), Q(is_unpaid=True)).filter(Q(due_on=None) | Q(due_on__lt=asked.now.date()))
    return _of_documents(due)


def plan_fees(asked: Asked) -> Found:
    """Fees of plans that were paid and stand on no invoice: their drivers have not told who they are."""
    bare = SubscriptionFee.objects.filter(subscription__operator=asked.operator, invoice=None, amount__gt=0)
    sums = bare.filter(paid_at__gte=asked.start, paid_at__lt=asked.end).aggregate(n=Count("pk"), total=Sum("amount"))
    return Found(sums["n"], sums["total"])


def payout_gap(asked: Asked) -> Found:
    """Money that the provider counts and we do not: movements of payments and refunds that are nobody's."""
    moved = PayoutItem.objects.filter(operator=asked.operator, booked_at__gte=asked.start, booked_at__lt=asked.end)
    kinds = (PayoutItem.Kind.PAYMENT, PayoutItem.Kind.REFUND)
    stray = Q(kind__in=kinds, payment=None, refund=None)
    wrong = Q(kind=PayoutItem.Kind.PAYMENT, payment__isnull=False) & ~Q(gross=F("payment__captured"))
    sums = moved.aggregate(
        n=Count("pk", filter=stray | wrong),
        total=Sum("gross", filter=stray | wrong),
        payouts=Count("payout", distinct=True),
    )
    return Found(sums["n"], sums["total"], {"payouts": sums["payouts"]})


def takings_gap(asked: Asked) -> Found:
    """Charges of the month that neither an invoice nor the corrispettivi have, where the operator must keep them."""
    days = asked.takings.aggregate(n=Count("day", distinct=True))["n"]
    if asked.operator.country_code != "IT":
        return Found(0, None, {"days": days})
    bare = takings.due(asked.operator, asked.end).filter(stopped_at__gte=asked.start)
    found = month_charges.summed(bare)
    return Found(found.count, found.amount, {"days": days})
