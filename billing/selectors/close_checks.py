"""The checks of a month that is to be closed: what may still be wrong with its charges, payments and documents."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from billing.models import CDR, EInvoice, Invoice, Payment, PayoutItem, SubscriptionFee
from billing.models.cdr import CDRQuerySet
from cms.core.fields import MoneyField
from sessions_app.models import ChargingSession

from . import assurance, invoices, takings
from .closing import NOTHING, Asked, Check, Found, linked

# ---- charges --------------------------------------------------------------------------------------------------------


def _unbilled(asked: Asked) -> Found:
    """Ended, and never priced."""
    ended = ChargingSession.objects.ended().ours().filter(operator=asked.operator, discarded=False)
    inside = ended.filter(stopped_at__gte=asked.start, stopped_at__lt=asked.end)
    unpriced = inside.filter(~Exists(CDR.objects.filter(session=OuterRef("pk"))))
    sums = unpriced.aggregate(n=Count("pk"), wh=Sum("energy"))
    return Found(sums["n"], _worth(asked, sums["wh"]))


def _free(asked: Asked) -> Found:
    """Energy that no tariff had a price for."""
    unpriced = (
        asked.charges.standing().filter(energy__gt=0, flags__contains="no_tariff").exclude(flags__contains="waived")
    )
    sums = unpriced.aggregate(
        n=Count("pk"), wh=Sum("energy"), stations=Count("session__station", distinct=True), last=Max("stopped_at")
    )
    return Found(sums["n"], _worth(asked, sums["wh"]), {"stations": sums["stations"]})


def _held(asked: Asked) -> Found:
    """Nobody's debt before a person has looked."""
    standing = asked.charges.standing()
    held = standing.exclude(pk__in=asked.charges.billable().values("pk"))
    return _summed(held)


def _uncollected(asked: Asked) -> Found:
    """Charges that were to be paid at once and are not, or not wholly."""
    kept = Payment.objects.filter(cdr=OuterRef("pk")).order_by().values("cdr")
    whole = kept.annotate(stayed=Sum(F("captured") - F("refunded"))).values("stayed")
    paid = Coalesce(Subquery(whole, output_field=MoneyField()), Value(NOTHING, output_field=MoneyField()))
    due = asked.charges.billable().filter(company=None, total_incl_vat__gt=0)
    theirs = Q(driver__isnull=False) | Q(payment__isnull=False) | Q(session__payments__isnull=False)
    owed = due.filter(theirs).annotate(paid=paid).filter(total_incl_vat__gt=F("paid"))
    open_ones = CDR.objects.filter(pk__in=owed.values("pk"))
    sums = open_ones.aggregate(n=Count("pk"), total=Sum("total_incl_vat"))
    if not sums["n"]:
        return Found(0)
    parts = Payment.objects.filter(cdr__in=open_ones).aggregate(came=Sum("captured"), went=Sum("refunded"))
    refused = open_ones.filter(Exists(Payment.objects.filter(cdr=OuterRef("pk"), status=Payment.Status.FAILED)))
    amount = sums["total"] - (parts["came"] or NOTHING) + (parts["went"] or NOTHING)
    return Found(sums["n"], amount, {"failed": refused.count()})


def _summed(found: CDRQuerySet) -> Found:
    sums = CDR.objects.filter(pk__in=found.values("pk")).aggregate(n=Count("pk"), total=Sum("total_incl_vat"))
    return Found(sums["n"], sums["total"] if sums["n"] else None)


def _worth(asked: Asked, wh: Decimal | None) -> Decimal | None:
    return assurance.at_price(wh, asked.price) if wh else None


# ---- documents ------------------------------------------------------------------------------------------------------


def _business(asked: Asked) -> CDRQuerySet:
    """Charges that an invoice is to be written for without being asked."""
    theirs = Q(company__isnull=False) | ~Q(driver__vat_number="") & Q(driver__isnull=False)
    return asked.charges.billable().uninvoiced().filter(theirs, total_incl_vat__gt=0)


def _to_invoice(asked: Asked) -> Found:
    found = _summed(_business(asked))
    documented = asked.charges.billable().count() if not found.count else 0
    return Found(found.count, found.amount, {"charges": documented})


def _vat_data(asked: Asked) -> Found:
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


def _sdi_refused(asked: Asked) -> Found:
    """Documents whose last file the SdI refused."""
    newest = EInvoice.objects.filter(invoice=OuterRef("pk")).order_by("-attempt").values("state")[:1]
    refused = asked.documents.annotate(sdi=Subquery(newest)).filter(sdi=EInvoice.State.REFUSED)
    return _of_documents(refused)


def _sdi_waiting(asked: Asked) -> Found:
    """Files that are written and not handed over."""
    newest = EInvoice.objects.filter(invoice=OuterRef("pk")).order_by("-attempt").values("state")[:1]
    return _of_documents(asked.documents.annotate(sdi=Subquery(newest)).filter(sdi=EInvoice.State.READY))


def _of_documents(found: QuerySet[Invoice]) -> Found:
    rows = list(found.order_by("pk").values_list("number", "total_incl_vat")[:1000])
    return Found(
        len(rows), sum((total for _n, total in rows), NOTHING) if rows else None, {"first": rows[0][0] if rows else ""}
    )


def _unpaid_invoices(asked: Asked) -> Found:
    """Due, and not paid."""
    issued = invoices.with_state(asked.documents.filter(kind=Invoice.Kind.INVOICE))
    due = issued.filter(Q(is_credited=False), Q(is_unpaid=True)).filter(Q(due_on=None) | Q(due_on__lt=asked.now.date()))
    return _of_documents(due)


def _plan_fees(asked: Asked) -> Found:
    """Fees of plans that were paid and stand on no invoice: their drivers have not told who they are."""
    bare = SubscriptionFee.objects.filter(subscription__operator=asked.operator, invoice=None, amount__gt=0)
    sums = bare.filter(paid_at__gte=asked.start, paid_at__lt=asked.end).aggregate(n=Count("pk"), total=Sum("amount"))
    return Found(sums["n"], sums["total"])


def _payout_gap(asked: Asked) -> Found:
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


def _takings_gap(asked: Asked) -> Found:
    """Charges of the month that neither an invoice nor the corrispettivi have, where the operator must keep them."""
    days = asked.takings.aggregate(n=Count("day", distinct=True))["n"]
    if asked.operator.country_code != "IT":
        return Found(0, None, {"days": days})
    bare = takings.due(asked.operator, asked.end).filter(stopped_at__gte=asked.start)
    found = _summed(bare)
    return Found(found.count, found.amount, {"days": days})


# ---- the table ------------------------------------------------------------------------------------------------------


def _count(text: Promise) -> Callable[[Found], str]:
    """`text` is a lazy plural of `n`."""
    return lambda found: str(text % {"n": found.count, **found.facts})


def _plain(text: Promise) -> Callable[[Found], str]:
    return lambda found: str(text)


def _assurance(name: str) -> Callable[[date], str]:
    return lambda month: linked("assurance", check=name)


def table() -> Sequence[Check]:
    return (
        Check(
            "sdi_refused",
            _("Refused by the SdI"),
            _sdi_refused,
            _count(
                ngettext_lazy(
                    "Invoice %(first)s was refused.", "%(n)s documents were refused, the first is %(first)s.", "n"
                )
            ),
            _plain(_("No document was refused.")),
            lambda month: linked("sdi"),
            _("Correct and resend"),
        ),
        Check(
            "uncollected",
            _("Payments that failed"),
            _uncollected,
            _count(
                ngettext_lazy(
                    "%(n)s charge is not paid (%(failed)s refused by the bank).",
                    "%(n)s charges are not paid (%(failed)s refused by the bank).",
                    "n",
                )
            ),
            _plain(_("Every charge that was to be paid at once is paid.")),
            _assurance("uncollected"),
            _("Collect again"),
        ),
        Check(
            "free",
            _("Charges without a price"),
            _free,
            _count(
                ngettext_lazy(
                    "%(n)s charge at %(stations)s charger had no tariff. Estimated at your average price.",
                    "%(n)s charges at %(stations)s chargers had no tariff. Estimated at your average price.",
                    "n",
                )
            ),
            _plain(_("Every kilowatt-hour had a price.")),
            _assurance("free"),
            _("Look at them"),
        ),
        Check(
            "unbilled",
            _("Charges not priced"),
            _unbilled,
            _count(
                ngettext_lazy(
                    "%(n)s charge ended and was never priced.", "%(n)s charges ended and were never priced.", "n"
                )
            ),
            _plain(_("Every charge that ended was priced.")),
            _assurance("unbilled"),
            _("Price them"),
        ),
        Check(
            "held",
            _("Charges on hold"),
            _held,
            _count(
                ngettext_lazy(
                    "%(n)s charge waits for somebody to look at it.",
                    "%(n)s charges wait for somebody to look at them.",
                    "n",
                )
            ),
            _plain(_("No charge is on hold.")),
            lambda month: linked("waiting_cdrs") + "#held",
            _("Decide"),
        ),
        Check(
            "vat_data",
            _("VAT data missing"),
            _vat_data,
            _count(
                ngettext_lazy(
                    "%(n)s charge cannot be invoiced: name or address of the customer is missing.",
                    "%(n)s charges of %(customers)s customers cannot be invoiced: names or addresses are missing.",
                    "n",
                )
            ),
            _plain(_("Every business customer’s data are complete.")),
            lambda month: linked("waiting_cdrs"),
            _("Complete the data"),
        ),
        Check(
            "to_invoice",
            _("Charges to invoice"),
            _to_invoice,
            _count(
                ngettext_lazy(
                    "%(n)s charge of a business customer has no invoice yet.",
                    "%(n)s charges of business customers have no invoice yet.",
                    "n",
                )
            ),
            lambda found: (
                ngettext(
                    "%(n)s charge of the month, and none waits for an invoice.",
                    "%(n)s charges of the month, and none waits for an invoice.",
                    found.facts.get("charges", 0),
                )
                % {"n": found.facts.get("charges", 0)}
            ),
            lambda month: linked("waiting_cdrs"),
            _("Invoice them"),
        ),
        Check(
            "sdi_waiting",
            _("E-invoices to send"),
            _sdi_waiting,
            _count(ngettext_lazy("%(n)s file is not handed over yet.", "%(n)s files are not handed over yet.", "n")),
            _plain(_("Every file was handed over.")),
            lambda month: linked("sdi"),
            _("Send them"),
        ),
        Check(
            "unpaid_invoices",
            _("Invoices overdue"),
            _unpaid_invoices,
            _count(
                ngettext_lazy("Invoice %(first)s is due and not paid.", "%(n)s invoices are due and not paid.", "n")
            ),
            _plain(_("No invoice of the month is overdue.")),
            lambda month: linked("operator_invoices", month=f"{month:%Y-%m}"),
            _("Look at them"),
            blocking=False,
        ),
        Check(
            "plan_fees",
            _("Plan fees without an invoice"),
            _plan_fees,
            _count(
                ngettext_lazy(
                    "%(n)s plan fee was paid without an invoice.", "%(n)s plan fees were paid without an invoice.", "n"
                )
            ),
            _plain(_("Every plan fee stands on an invoice.")),
            lambda month: linked("subscriptions"),
            _("Look at them"),
            blocking=False,
        ),
        Check(
            "payout_gap",
            _("Payouts"),
            _payout_gap,
            _count(
                ngettext_lazy(
                    "%(n)s movement of the provider matches no payment.",
                    "%(n)s movements of the provider match no payment.",
                    "n",
                )
            ),
            lambda found: (
                ngettext(
                    "%(n)s payout, equal to the cent.",
                    "%(n)s payouts, equal to the cent.",
                    found.facts.get("payouts", 0),
                )
                % {"n": found.facts.get("payouts", 0)}
            ),
            lambda month: linked("reconciliation"),
            _("Match them"),
        ),
        Check(
            "takings_gap",
            _("Daily takings"),
            _takings_gap,
            _count(
                ngettext_lazy(
                    "%(n)s charge is in no invoice and not in the corrispettivi.",
                    "%(n)s charges are in no invoice and not in the corrispettivi.",
                    "n",
                )
            ),
            lambda found: (
                ngettext(
                    "%(n)s day of corrispettivi is recorded.",
                    "%(n)s days of corrispettivi are recorded.",
                    found.facts.get("days", 0),
                )
                % {"n": found.facts.get("days", 0)}
            ),
            lambda month: linked("takings", month=f"{month:%Y-%m}"),
            _("Record them"),
        ),
    )
