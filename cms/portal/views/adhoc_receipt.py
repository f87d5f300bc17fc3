"""What the end page of a charge without an account can do: the PDF, a mail, and the invoice for who needs one. The secret in the
address is the right to all of it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.services import drivers
from billing.documents import pdf as documents
from billing.models import CDR, AdhocCharge, Invoice
from billing.selectors import adhoc as charges
from billing.services.cards import adhoc_papers
from billing.services.invoicing import invoices
from cms.core.errors import DomainError, Invalid
from cms.portal import mails, rides, tasks, texts
from cms.portal.forms import EmailForm, GuestForm
from cms.portal.views import addresses, files, receipt


@addresses.secret
def pdf(request: HttpRequest, token: str) -> HttpResponse:
    cdr = _rated(token)[1]
    return files.pdf(documents.receipt(cdr, get_language() or "it"), f"colonnina-{cdr.pk}.pdf")


@addresses.secret
def invoice_pdf(request: HttpRequest, token: str) -> HttpResponse:
    cdr = _rated(token)[1]
    made = Invoice.objects.filter(claims__cdr=cdr).first()
    if made is None:
        raise Http404("no invoice of this charge")
    return files.pdf(documents.invoice(made), f"{made.number.replace('/', '-')}.pdf")


@addresses.secret
@addresses.posted("portal:done", "token")
def mail(request: HttpRequest, token: str) -> HttpResponse:
    """Kept until the receipt is there, then it is on its way."""
    charge = _found(token)
    form = EmailForm(request.POST)
    if not form.is_valid():
        return _again(request, charge, mail_form=form)
    address = form.cleaned_data["email"]
    cdr = charges.cdr_of(charge)
    if cdr is not None and mails.key_for(cdr, address) is None:
        form.add_error("email", texts.MAILED_ENOUGH)
        return _again(request, charge, mail_form=form)
    adhoc_papers.remember(charge=charge, email=address)
    tasks.mail_asked_receipt.delay(charge.pk)
    messages.success(request, _("The receipt goes to %(email)s.") % {"email": address})
    return redirect("portal:done", token)


@addresses.secret
@addresses.posted("portal:done", "token")
def invoice(request: HttpRequest, token: str) -> HttpResponse:
    """Four fields, checked before anything is issued; asked twice it is one invoice."""
    charge, cdr = _rated(token)
    form = GuestForm(request.POST)
    if not form.is_valid():
        return _again(request, charge, form=form)
    try:
        values = form.values()
        buyer = drivers.guest(operator=charge.operator, values=values)
        if timezone.now() > adhoc_papers.invoice_until(cdr):
            messages.error(request, texts.TOO_LATE_FOR_AN_INVOICE)
            return redirect("portal:done", token)
        adhoc_papers.remember(charge=charge, buyer=values)
        made = invoices.issue(cdrs=[cdr], by=None, language=get_language(), guest=buyer)
    except Invalid as wrong:
        form.show(wrong)
        return _again(request, charge, form=form)
    except DomainError as error:
        messages.error(request, str(texts.NO_INVOICE.get(error.code, error.text)))
    else:
        messages.success(request, _("Invoice %(number)s is ready.") % {"number": made.number})
    return redirect("portal:done", token)


def _again(
    request: HttpRequest, charge: AdhocCharge, *, form: GuestForm | None = None, mail_form: EmailForm | None = None
) -> HttpResponse:
    ride = rides.of_adhoc(charge)
    if ride is None or not ride.ended:
        raise Http404("not ended yet")
    return receipt.page(request, ride, guest_form=form, mail_form=mail_form)


def _rated(token: str) -> tuple[AdhocCharge, CDR]:
    charge = _found(token)
    cdr = charges.cdr_of(charge)
    if cdr is None:
        raise Http404("no receipt yet")
    return charge, cdr


def _found(token: str) -> AdhocCharge:
    charge = charges.by_token(token)
    if charge is None:
        raise Http404("no such charge")
    return charge
