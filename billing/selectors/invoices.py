"""Documents as lists show them, and the charges that wait for one."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, Trim
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.documents import parties, positions
from billing.models import CDR, EInvoice, Invoice, InvoiceLine, Payment
from billing.models.payment import kept_for
from billing.selectors import einvoices
from cms.core.fields import MoneyField
from cms.core.models import Actor
from sessions_app.selectors import doubts


@dataclass(frozen=True, slots=True)
class Wish:
    """Filters of the invoice list; empty ones do not count. `text` searches number, buyer and VAT number; `sdi` is a state of the
    last e-invoice, or "none" where there should be one and is not."""

    text: str = ""
    kind: str = ""
    sdi: str = ""
    driver: int | None = None
    since: date | None = None
    until: date | None = None


def visible(actor: Actor, wish: Wish = Wish()) -> QuerySet[Invoice]:
    """Newest first, ready for `payment_state`, each with `charges` (how many) and `paid` (how many of them are)."""
    found = Invoice.objects.visible_to(actor).select_related("driver__user", "company", "credits", "operator")
    conditions: dict[str, Any] = {
        "kind": wish.kind,
        "driver": wish.driver,
        "issued_on__gte": wish.since,
        "issued_on__lte": wish.until,
    }
    found = found.filter(**{name: value for name, value in conditions.items() if value})
    if wish.text:
        found = found.filter(Q(number__icontains=wish.text) | Q(buyer__icontains=wish.text))
    paid = Q(lines__cdr__payment__status=Payment.Status.CAPTURED)
    counted = found.annotate(
        charges=Count("lines__cdr", distinct=True), paid=Count("lines__cdr", distinct=True, filter=paid)
    )
    listed = with_state(counted).order_by("-pk")
    return by_sdi(listed, wish.sdi) if wish.sdi else with_sdi(listed)


NONE = "none"


def with_sdi(found: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Each row with `sdi`, the state of its last e-invoice (None where there is none), and `is_internal`, where none is wanted."""
    newest = EInvoice.objects.filter(invoice=OuterRef("pk")).order_by("-attempt").values("state")[:1]
    return found.annotate(sdi=Subquery(newest), is_internal=Exists(einvoices.last_refused(OuterRef("credits"))))


def by_sdi(found: QuerySet[Invoice], state: str) -> QuerySet[Invoice]:
    """Those whose last e-invoice is in that state, or (NONE) that have none; with `sdi`."""
    wanted = {"sdi": None, "is_internal": False} if state == NONE else {"sdi": state}
    return with_sdi(found).filter(**wanted)


def with_state(found: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Each row with what `payment_state` needs, so that a list asks once. A document is paid when its charges are, or when what
    came in for itself (a company's monthly invoice, a fee) and for them is enough. A public body owes no VAT (split payment)."""
    worth = CDR.objects.filter(invoice_lines__invoice=OuterRef("pk"), total_incl_vat__gt=0)
    unpaid = worth.annotate(kept=kept_for()).filter(kept__lt=F("total_incl_vat"))
    charged = InvoiceLine.objects.filter(invoice=OuterRef("pk"), cdr__isnull=False)
    credits = Invoice.objects.filter(credits=OuterRef("pk")).order_by().values("credits")
    due = Case(When(buyer__contains=_SPLIT, then=F("total_excl_vat")), default=F("total_incl_vat"))
    found = found.annotate(
        own=_sum(_kept("invoice")),
        came=F("own") + _sum(_kept("cdr__invoiced__invoice")),
        credited=_sum(credits.annotate(sum_back=Sum("total_incl_vat")).values("sum_back")),
        due_back=_sum(credits.annotate(sum_due=Sum(due)).values("sum_due")),
        due=ExpressionWrapper(due, output_field=MoneyField()),
    )
    is_owed = Case(When(Exists(charged), then=Exists(unpaid)), default=Q(total_incl_vat__gt=0))
    whole = Q(total_incl_vat__lte=-F("credited")) & Exists(Invoice.objects.filter(credits=OuterRef("pk")))
    return found.annotate(
        is_credited=Case(When(whole, then=True), default=False),
        is_unpaid=Case(When(came__gte=F("due") + F("due_back"), own__gt=0, then=False), default=is_owed),
    )


_SPLIT = parties.dumps({"vat_treatment": positions.SPLIT})[1:-1]


def _kept(path: str) -> QuerySet[Any, Any]:
    mine = Payment.objects.filter(**{path: OuterRef("pk")}).order_by().values(path)
    return mine.annotate(sum_kept=Sum(F("captured") - F("refunded"))).values("sum_kept")


def _sum(of_one: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(of_one, output_field=MoneyField()), Value(0, output_field=MoneyField()))


def payment_state(invoice: Invoice) -> str:
    """paid, open or credited (wholly); a credit note is "credit". Asks the database for a row that did not come through `with_state`."""
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return "credit"
    known = invoice if hasattr(invoice, "is_unpaid") else with_state(Invoice.objects.filter(pk=invoice.pk)).get()
    if known.is_credited:  # type: ignore[attr-defined]
        return "credited"
    return "open" if known.is_unpaid else "paid"  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Charges without an invoice whose driver has VAT data, and those that a person holds back."""

    to_invoice: int
    to_invoice_total: Decimal
    held: int


def waiting(operator: Operator) -> Waiting:
    open_ones = CDR.objects.billable().uninvoiced().filter(operator=operator, total_incl_vat__gt=0)
    business = open_ones.filter(Q(company__isnull=False) | (Q(driver__isnull=False) & ~Q(driver__vat_number="")))
    sums = business.aggregate(n=Count("pk"), total=Sum("total_incl_vat"))
    return Waiting(sums["n"], sums["total"] or Decimal(0), held(operator).count())


def by_driver(operator: Operator) -> QuerySet[Any, Any]:
    """Charges without an invoice, a row per driver and currency, the largest sum first: driver, key (as text), name, driver__vat_number, currency,
    n, total, since."""
    user = "driver__user__"
    whole = Trim(Concat(f"{user}first_name", Value(" "), f"{user}last_name"))
    name = Coalesce(
        NullIf("driver__billing_name", Value("")), NullIf(whole, Value("")), f"{user}email", output_field=TextField()
    )
    open_ones = CDR.objects.billable().uninvoiced().filter(operator=operator, total_incl_vat__gt=0, company=None)
    return (
        open_ones.exclude(driver=None)
        .annotate(name=name, key=Cast("driver", TextField()))
        .values("driver", "key", "name", "driver__vat_number", "currency")
        .annotate(n=Count("pk"), total=Sum("total_incl_vat"), since=Min("started_at"))
        .order_by("-total", "driver")
    )


def by_company(operator: Operator) -> QuerySet[Any, Any]:
    """The same for companies: company, key, name, company__vat_number, currency, n, total, since."""
    open_ones = CDR.objects.billable().uninvoiced().filter(operator=operator, total_incl_vat__gt=0)
    return (
        open_ones.exclude(company=None)
        .annotate(name=F("company__name"), key=Cast("company", TextField()))
        .values("company", "key", "name", "company__vat_number", "currency")
        .annotate(n=Count("pk"), total=Sum("total_incl_vat"), since=Min("started_at"))
        .order_by("-total", "company")
    )


def why_held(cdr: CDR) -> list[str | Promise]:
    """In words: what is in doubt about the charge, and about its record."""
    flags = cdr.flags.split(",")
    found = doubts.told([*cdr.session.review.split(","), *(["estimated"] if "estimated" in flags else [])])
    return [*found, _("the parts of the charge do not add up to its energy")] if "periods_mismatch" in flags else found


def held(operator: Operator) -> QuerySet[CDR]:
    """Standing charges that nobody pays before a person has looked."""
    standing = CDR.objects.standing().filter(operator=operator)
    return standing.exclude(pk__in=CDR.objects.billable().filter(operator=operator).values("pk")).order_by("-pk")
