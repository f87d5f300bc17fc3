"""/ops/billing/invoices/<id>/received/: money that reached the bank account, entered on the invoice that it pays."""

import secrets

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing.forms.payments import TransferForm
from billing.models import Invoice
from billing.services.debts import claims, transfers
from cms.core.errors import DomainError, Invalid


@members_only("payment.collect")
def receive(request: MemberRequest, pk: int) -> HttpResponse:
    """GET asks how much and when, POST enters it: the invoice is paid once all of it has come."""
    invoice = _mine(request, pk)
    left = claims.of_invoice(invoice)
    first = {"amount": left, "on": timezone.localdate(), "key": secrets.token_hex(8)}
    form = TransferForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            transfers.receive(invoice=invoice, by=request.user, **form.cleaned_data)
        except Invalid as wrong:
            errors.place(form, wrong)
        except DomainError as error:
            messages.error(request, error.text)
            return redirect("operator_invoice", pk)
        else:
            paid = claims.of_invoice(invoice) <= 0
            messages.success(request, _("The invoice is paid.") if paid else _("Entered. The rest is still open."))
            return redirect("operator_invoice", pk)
    context = {"invoice": invoice, "form": form, "left": left}
    return render(request, "operator/invoices/received.html", context, status=400 if form.errors else 200)


def _mine(request: MemberRequest, pk: int) -> Invoice:
    mine = Invoice.objects.filter(operator=request.operator).select_related("operator", "driver", "company")
    return get_object_or_404(mine, pk=pk)
