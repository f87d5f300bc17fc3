"""/ops/invoices/ and /ops/cdrs/: documents, and the charges that wait for one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.documents import parties, pdf, sheets
from billing.models import CDR, Invoice
from billing.selectors import invoices as selectors
from billing.services import invoices
from cms.core import typed
from cms.core.errors import DomainError

PAGE = 50


@members_only("invoice.view")
def page(request: MemberRequest) -> HttpResponse:
    search, kind = typed.line(request.GET.dict(), "search"), request.GET.get("kind", "")
    wish = selectors.Wish(text=search, kind=kind if kind in Invoice.Kind.values else "")
    mine = selectors.visible(request.user, wish).filter(operator=request.operator)
    context = {
        "page": Paginator(mine, PAGE).get_page(request.GET.get("page")),
        "search": search,
        "kind": wish.kind,
        "kinds": Invoice.Kind.choices,
        "waiting": selectors.waiting(request.operator),
        "may_issue": access.can(request.user, "invoice.issue", request.operator),
    }
    return render(request, "operator/invoices/list.html", context)


@members_only("invoice.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    invoice = _mine(request, pk)
    language = get_language() or "it"
    rows = invoice.lines.select_related("cdr").order_by("position")
    context = {
        "invoice": invoice,
        "lines": [(line, *sheets.quantity_and_price(line, invoice, language)) for line in rows],
        "vat": invoices.vat_rows(invoice),
        "parties": [parties.printed(parties.loads(text), language) for text in (invoice.seller, invoice.buyer)],
        "state": selectors.payment_state(invoice),
        "credit_notes": invoice.credit_notes.all(),
        "may_issue": access.can(request.user, "invoice.issue", request.operator),
    }
    return render(request, "operator/invoices/detail.html", context)


@members_only("invoice.view")
def document(request: MemberRequest, pk: int) -> HttpResponse:
    invoice = _mine(request, pk)
    name = f"{invoice.kind}-{invoice.number}".replace("/", "-")
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return HttpResponse(pdf.invoice(invoice), content_type="application/pdf", headers=headers)


@require_POST
@members_only("invoice.issue")
def credit(request: MemberRequest, pk: int) -> HttpResponse:
    invoice = _mine(request, pk)
    try:
        note = invoices.credit_note(invoice=invoice, by=request.user)
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("operator_invoice", pk=pk)
    messages.success(request, _("Credit note %(number)s cancels %(invoice)s.") % {"number": note, "invoice": invoice})
    return redirect("operator_invoice", pk=note.pk)


@members_only("invoice.view")
def waiting(request: MemberRequest) -> HttpResponse:
    """Charges without an invoice, by driver, and those that a person holds back."""
    context = {
        "drivers": Paginator(selectors.by_driver(request.operator), PAGE).get_page(request.GET.get("page")),
        "held": selectors.held(request.operator).select_related("session__station", "driver__user")[:PAGE],
        "may_issue": access.can(request.user, "invoice.issue", request.operator),
    }
    return render(request, "operator/invoices/waiting.html", context)


@require_POST
@members_only("invoice.issue")
def issue(request: MemberRequest) -> HttpResponse:
    """One invoice of everything that one driver has not been invoiced for."""
    driver = request.POST.get("driver", "")
    open_ones = CDR.objects.billable().uninvoiced().filter(operator=request.operator, total_incl_vat__gt=0)
    cdrs = (
        list(open_ones.filter(driver=int(driver)))
        if driver.isascii() and driver.isdecimal() and len(driver) < 19
        else []
    )
    try:
        made = invoices.issue(cdrs=cdrs, by=request.user)
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("operator_data" if error.code == "legal_entity_missing" else "waiting_cdrs")
    messages.success(request, _("Invoice %(number)s is issued.") % {"number": made.number})
    return redirect("operator_invoice", pk=made.pk)


def _mine(request: MemberRequest, pk: int) -> Invoice:
    mine = Invoice.objects.filter(operator=request.operator).select_related("driver__user", "credits", "operator")
    return get_object_or_404(mine, pk=pk)
