"""/ops/billing/invoices/ and /ops/cdrs/: documents, and the charges that wait for one."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.documents import en16931, invoice_sheet, paid, parties, pdf
from billing.forms.credit import CreditForm
from billing.models import CDR, DunningCase, EInvoice, Invoice
from billing.selectors import einvoices, months
from billing.selectors import invoices as selectors
from billing.services.debts import claims
from billing.services.invoicing import closing, credit_notes, document_mails, fiscal, invoices
from billing.services.invoicing import einvoices as einvoice_files
from billing.services.invoicing.credit_notes import Left
from cms.core import typed
from cms.core.errors import DomainError, Invalid

PAGE = 50


@members_only("invoice.view")
def page(request: MemberRequest, only: str = "") -> HttpResponse:
    """Documents of all kinds, or of the one asked for; `only`: where an address says which."""
    given = request.GET.dict()
    search, kind, sdi, month = (
        typed.line(given, "search"),
        given.get("kind", only),
        given.get("sdi", ""),
        given.get("month", ""),
    )
    first = months.parse(month)
    wish = selectors.Wish(
        text=search,
        kind=kind if kind in Invoice.Kind.values else "",
        sdi=sdi if sdi in (*EInvoice.State.values, selectors.NONE) else "",
        since=first,
        until=months.after(first) - timedelta(days=1) if first else None,
    )
    mine = selectors.visible(request.user, wish).filter(operator=request.operator)
    context = {
        "page": Paginator(mine, PAGE).get_page(request.GET.get("page")),
        "search": search,
        "kind": wish.kind,
        "kinds": Invoice.Kind.choices,
        "sdi": wish.sdi,
        "sdi_states": [*EInvoice.State.choices, (selectors.NONE, _("not made"))],
        "month": month if first else "",
        "italian": fiscal.italian(request.operator),
        "to_send": einvoices.waiting(request.operator).count(),
        "waiting": selectors.waiting(request.operator),
        "may_issue": access.can(request.user, "invoice.issue", request.operator),
    }
    return render(request, "operator/invoices/list.html", context)


@members_only("invoice.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    invoice = _mine(request, pk)
    language = get_language() or "it"
    rows = invoice.lines.select_related("cdr").order_by("position")
    story, italian = einvoices.story(invoice), fiscal.italian(request.operator)
    context = {
        "invoice": invoice,
        "lines": [(line, *invoice_sheet.quantity_and_price(line, invoice, language)) for line in rows],
        "vat": invoices.vat_rows(invoice),
        "parties": [parties.printed(parties.loads(text), language) for text in (invoice.seller, invoice.buyer)],
        "state": selectors.payment_state(invoice),
        "credit_notes": invoice.credit_notes.all(),
        "may_issue": access.can(request.user, "invoice.issue", request.operator),
        "italian": italian,
        "story": story,
        "problems": [] if story.file or not italian else einvoice_files.problems(invoice),
        "payments": invoice.payments.order_by("pk"),
        "left": claims.of_invoice(invoice),
        "case": DunningCase.objects.filter(invoice=invoice, closed_at=None).first(),
        "may_collect": access.can(request.user, "payment.collect", request.operator),
        "has_factur_x": en16931.available(),
        "too_much": _paid_too_much(invoice.credits or invoice),
        "mail_to": [person.email for person in document_mails.recipients(invoice)],
    }
    return render(request, "operator/invoices/detail.html", context)


def _paid_too_much(invoice: Invoice) -> Decimal:
    """What came in for an invoice beyond what its credit notes have left of it."""
    owed = invoice.total_incl_vat + sum(note.total_incl_vat for note in invoice.credit_notes.all())
    return max(Decimal(0), paid.total(paid.of_invoice(invoice)) - owed)


@members_only("invoice.view")
def document(request: MemberRequest, pk: int) -> HttpResponse:
    invoice = _mine(request, pk)
    name = f"{invoice.kind}-{invoice.number}".replace("/", "-")
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return HttpResponse(pdf.invoice(invoice), content_type="application/pdf", headers=headers)


@members_only("invoice.issue")
def credit(request: MemberRequest, pk: int) -> HttpResponse:
    """Which lines, how much of each, and what becomes of the charges."""
    invoice = _mine(request, pk)
    form = CreditForm(credit_notes.left(invoice), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            note = credit_notes.give(
                invoice=invoice,
                by=request.user,
                lines=form.chosen,
                again=form.again,
                reason=form.cleaned_data["reason"],
            )
        except Invalid as refused:
            form.add_error(None, refused.text)
        except DomainError as error:
            messages.error(request, error.text)
            return redirect("operator_invoice", pk=pk)
        else:
            messages.success(
                request, _("Credit note %(number)s takes back %(invoice)s.") % {"number": note, "invoice": invoice}
            )
            return redirect("operator_invoice", pk=note.pk)
    everything = request.GET.get("lines") != "none"
    context = {
        "invoice": invoice,
        "form": form,
        "everything": everything,
        "rows": [_credit_row(form, entry, invoice, everything) for entry in form.left],
        "has_charges": any(entry.line.cdr_id for entry in form.left),
    }
    return render(request, "operator/invoices/credit.html", context, status=400 if form.errors else 200)


def _credit_row(form: CreditForm, entry: Left, invoice: Invoice, everything: bool) -> dict[str, Any]:
    language = get_language() or "it"
    part, name = f"of_{entry.line.pk}", f"line_{entry.line.pk}"
    quantity, price = invoice_sheet.quantity_and_price(entry.line, invoice, language)
    return {
        "left": entry,
        "quantity": quantity,
        "price": price,
        "name": name,
        "chosen": name in form.data if form.is_bound else everything,
        "part": form[part] if part in form.fields else None,
        "most": form.fields[part].prepare_value(entry.quantity) if part in form.fields else "",
    }


@require_POST
@members_only("invoice.issue")
def mail(request: MemberRequest, pk: int) -> HttpResponse:
    """The copy for the customer once more."""
    try:
        addresses = document_mails.send_again(invoice=_mine(request, pk), by=request.user)
        messages.success(request, _("Sent to %(people)s.") % {"people": ", ".join(addresses)})
    except DomainError as error:
        messages.error(request, error.text)
    return redirect("operator_invoice", pk=pk)


@members_only("invoice.view")
def waiting(request: MemberRequest) -> HttpResponse:
    """Charges without an invoice, by driver, and those that a person holds back."""
    held = selectors.held(request.operator)
    context = {
        "drivers": Paginator(selectors.by_driver(request.operator), PAGE).get_page(request.GET.get("page")),
        "companies": selectors.by_company(request.operator)[:PAGE],
        "held": [
            (cdr, selectors.why_held(cdr)) for cdr in held.select_related("session__station", "driver__user")[:PAGE]
        ],
        "may_issue": access.can(request.user, "invoice.issue", request.operator),
    }
    return render(request, "operator/invoices/waiting.html", context)


@require_POST
@members_only("invoice.issue")
def issue(request: MemberRequest) -> HttpResponse:
    """One invoice of everything that one driver, or one company, has not been invoiced for."""
    given = request.POST.dict()
    driver, company = typed.number(given, "driver"), typed.number(given, "company")
    open_ones = CDR.objects.billable().uninvoiced().filter(operator=request.operator, total_incl_vat__gt=0)
    whose = {"driver": driver, "company": None} if driver is not None else {"company": company}
    cdrs = [] if driver is None and company is None else list(open_ones.filter(**whose).order_by("started_at", "pk"))
    try:
        *before, made = [invoices.issue(cdrs=piece, by=request.user) for piece in list(closing.pieces(cdrs)) or [[]]]
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("operator_data" if error.code == "legal_entity_missing" else "waiting_cdrs")
    for one in (*before, made):
        messages.success(request, _("Invoice %(number)s is issued.") % {"number": one.number})
    return redirect("operator_invoice", pk=made.pk)


def _mine(request: MemberRequest, pk: int) -> Invoice:
    mine = Invoice.objects.filter(operator=request.operator)
    mine = mine.select_related("driver__user", "company", "credits", "operator")
    return get_object_or_404(mine, pk=pk)
