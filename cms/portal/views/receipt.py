"""`/s/<token>/done/` and `/history/<id>/` of an ended charge: the amount, why, its PDF, and the invoice on request."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.doors import PersonRequest
from accounts.forms.profile import BillingForm
from accounts.models import User
from billing.documents import pdf as documents
from billing.selectors import adhoc as adhoc_charges
from billing.services.invoicing import invoices
from cms.core.errors import DomainError
from cms.dashboard import blocks
from cms.dashboard.blocks import Block
from cms.portal import rides, texts
from cms.portal.forms import EmailForm, GuestForm
from cms.portal.rides import Ride
from cms.portal.selectors import receipts
from cms.portal.views import addresses, adhoc, files


@addresses.secret
def by_token(request: HttpRequest, token: str) -> HttpResponse:
    charge = adhoc.of(request, token)
    return adhoc.follow(request, charge, _ended) if charge else _mine(cast(PersonRequest, request), token)


@login_required
def _mine(request: PersonRequest, token: str) -> HttpResponse:
    ride = rides.by_token(request.user, token)
    if ride is None:
        raise Http404("no such charge of yours")
    return _ended(request, ride)


def _ended(request: HttpRequest, ride: Ride) -> HttpResponse:
    return page(request, ride) if ride.ended else redirect(ride.url)


def page(
    request: HttpRequest,
    ride: Ride,
    form: BillingForm | None = None,
    *,
    guest_form: GuestForm | None = None,
    mail_form: EmailForm | None = None,
) -> HttpResponse:
    """`form` for a driver's invoice, `guest_form` and `mail_form` for somebody without an account."""
    assert ride.session is not None
    cdr = adhoc_charges.cdr_of(ride.adhoc) if ride.adhoc else receipts.cdr_of(cast(User, request.user), ride.session.pk)
    receipt = receipts.of(ride, cdr)
    if ride.adhoc:
        mail_form = mail_form or EmailForm(initial={"email": ride.adhoc.email})
        guest_form = guest_form or (GuestForm() if receipt.guest_may_ask_invoice else None)
    elif form is None and receipt.may_ask_invoice:
        form = BillingForm(instance=receipt.driver)
    context = {"ride": ride, "receipt": receipt, "form": form, "guest_form": guest_form, "mail_form": mail_form}
    status = 400 if any(given and given.errors for given in (form, guest_form, mail_form)) else 200
    block = Block("driver/_receipt.html", dict)
    return blocks.page(request, "driver/receipt.html", context, {"receipt": block}, status=status)


@login_required
def pdf(request: PersonRequest, pk: int) -> HttpResponse:
    cdr = receipts.cdr_of(request.user, pk)
    if cdr is None:
        raise Http404("no receipt of yours")
    return files.pdf(documents.receipt(cdr, get_language() or "it"), f"colonnina-{cdr.pk}.pdf")


@addresses.posted("portal:charge", "pk")
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
