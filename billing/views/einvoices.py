"""/ops/billing/sdi/: e-invoices on their way: zips for the intermediary, answers of the SdI, and what cannot go yet."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.models import EInvoice, EInvoiceBatch, Invoice
from billing.selectors import einvoices as selectors
from billing.services.invoicing import batches, einvoices, fiscal, sdi
from cms.core.errors import DomainError, Invalid, Unavailable

PAGE = 20
SHOWN = 20  # of what cannot go yet: one after the other is mended anyway


@members_only("invoice.view")
def page(request: MemberRequest) -> HttpResponse:
    return render(request, "operator/invoices/sdi.html", _context(request))


@require_POST
@members_only("invoice.issue")
def hand_over(request: MemberRequest) -> HttpResponse:
    try:
        batch = batches.hand_over(operator=request.operator, by=request.user)
    except DomainError as error:
        messages.error(request, error.text)
        return redirect("sdi")
    messages.success(
        request,
        ngettext("%(n)s file is in %(name)s.", "%(n)s files are in %(name)s.", batch.files)
        % {"n": batch.files, "name": batch.name},
    )
    return redirect("sdi")


@members_only("invoice.view")
def batch(request: MemberRequest, pk: int) -> HttpResponse:
    """The zip as it was handed over, to the byte."""
    found = get_object_or_404(EInvoiceBatch.objects.visible_to(request.user).filter(operator=request.operator), pk=pk)
    return _file(batches.zip_of(found), found.name, "application/zip")


@members_only("invoice.view")
def xml(request: MemberRequest, pk: int) -> HttpResponse:
    """The last file of a document."""
    found = EInvoice.objects.visible_to(request.user).filter(operator=request.operator, invoice=pk)
    file = found.order_by("-attempt").first()
    if file is None:
        invoice = get_object_or_404(Invoice.objects.visible_to(request.user).filter(operator=request.operator), pk=pk)
        return redirect("operator_invoice", pk=invoice.pk)
    return _file(bytes(file.xml), file.file_name, "application/xml")


@members_only("invoice.view")
def factur_x(request: MemberRequest, pk: int) -> HttpResponse:
    """The PDF with its EN 16931 file inside."""
    mine = Invoice.objects.visible_to(request.user).filter(operator=request.operator)
    invoice = get_object_or_404(mine.select_related("operator", "driver__user", "company", "credits"), pk=pk)
    try:
        data = einvoices.factur_x(invoice)
    except Unavailable as missing:
        messages.error(request, missing.text)
        return redirect("operator_invoice", pk=pk)
    return _file(data, f"{invoice.number.replace('/', '-')}-factur-x.pdf", "application/pdf")


@require_POST
@members_only("invoice.issue")
def receive(request: MemberRequest) -> HttpResponse:
    """Shows what became of each file; the same ones may be uploaded again."""
    files = request.FILES.getlist("files")
    try:
        if sum(file.size or 0 for file in files) > sdi.MOST_ZIP:
            raise Invalid({"files": [_("That is far too much for messages of the SdI.")]})
        uploads = [(file.name or "", file.read()) for file in files]
        taken = sdi.receive(operator=request.operator, files=uploads, by=request.user)
    except Invalid as refused:
        return render(request, "operator/invoices/sdi.html", {**_context(request), "error": refused.text}, status=400)
    return render(request, "operator/invoices/sdi.html", {**_context(request), "taken": taken})


@require_POST
@members_only("invoice.issue")
def make(request: MemberRequest, pk: int) -> HttpResponse:
    """The file of a document whose data have been completed, or a refused one's again."""
    mine = Invoice.objects.visible_to(request.user).filter(operator=request.operator).select_related("operator")
    invoice = get_object_or_404(mine, pk=pk)
    try:
        if invoice.einvoices.exists():
            file = einvoices.send_again(invoice=invoice, by=request.user)
        else:
            file = einvoices.make(invoice=invoice)
        messages.success(request, _("%(file)s waits for the next zip.") % {"file": file.file_name})
    except DomainError as error:
        messages.error(request, error.text)
    return redirect("operator_invoice", pk=pk)


def _context(request: MemberRequest) -> dict[str, object]:
    operator = request.operator
    incomplete = selectors.not_made(operator).select_related("operator", "driver__user", "company", "credits")
    return {
        "waiting": selectors.waiting(operator).count(),
        "refused": [(file, selectors.story(file.invoice)) for file in selectors.refused(operator)[:SHOWN]],
        "incomplete": [(invoice, einvoices.problems(invoice)) for invoice in incomplete[:SHOWN]],
        "incomplete_count": incomplete.count(),
        "page": Paginator(selectors.batches(operator), PAGE).get_page(request.GET.get("page")),
        "italian": fiscal.italian(operator),
        "may_issue": access.can(request.user, "invoice.issue", operator),
    }


def _file(data: bytes, name: str, media_type: str) -> HttpResponse:
    return HttpResponse(
        data, content_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
