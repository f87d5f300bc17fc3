"""`/s/<token>/done/` and `/history/<id>/` of an ended charge: the amount, why, its PDF, and the invoice on request."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.doors import PersonRequest
from accounts.forms.profile import BillingForm
from billing.documents import pdf as documents
from billing.services import invoices
from cms.core.errors import DomainError
from cms.dashboard import blocks
from cms.dashboard.blocks import Block
from cms.portal import rides, texts
from cms.portal.rides import Ride
from cms.portal.selectors import receipts


@login_required
def by_token(request: PersonRequest, token: str) -> HttpResponse:
    ride = rides.by_token(request.user, token)
    if ride is None:
        raise Http404("no such charge of yours")
    return page(request, ride) if ride.ended else redirect(ride.url)


def page(request: PersonRequest, ride: Ride, form: BillingForm | None = None) -> HttpResponse:
    receipt = receipts.of(request.user, ride)
    if form is None and receipt.may_ask_invoice:
        form = BillingForm(instance=receipt.driver)
    context = {"ride": ride, "receipt": receipt, "form": form}
    status = 400 if form and form.errors else 200
    block = Block("driver/_receipt.html", dict)
    return blocks.page(request, "driver/receipt.html", context, {"receipt": block}, status=status)


@login_required
def pdf(request: PersonRequest, pk: int) -> HttpResponse:
    cdr = receipts.cdr_of(request.user, pk)
    if cdr is None:
        raise Http404("no receipt of yours")
    return pdf_file(documents.receipt(cdr, get_language() or "it"), f"colonnina-{cdr.pk}.pdf")


@require_POST
@login_required
def invoice(request: PersonRequest, pk: int) -> HttpResponse:
    """Keeps the data for the next time and issues the numbered invoice of this charge. What is missing is said beside
    its field; what the operator lacks is said in a sentence, and nothing is half done."""
    ride = rides.by_session(request.user, pk)
    cdr = receipts.cdr_of(request.user, pk)
    if ride is None or cdr is None or cdr.driver is None:
        raise Http404("no receipt of yours")
    form = BillingForm(request.POST, instance=cdr.driver)
    if not form.is_valid() or not form.keep(request.user):
        return page(request, ride, form)
    try:
        made = invoices.issue(cdrs=[cdr], by=request.user, language=get_language())
    except DomainError as error:
        said = str(texts.NO_INVOICE.get(error.code, error.text))
        if error.code == "billing_data_missing":
            form.add_error("vat_number", said)
            return page(request, ride, form)
        messages.error(request, said)
    else:
        messages.success(request, _("Invoice %(number)s is ready.") % {"number": made.number})
    return redirect("portal:charge", pk)


def pdf_file(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
