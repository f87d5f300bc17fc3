"""/ops/drivers/…/billing/, /ops/companies/…/billing/ and …/invoices/…/buyer/: what invoices say of a customer, and how it is taxed."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.models import Company, Driver
from billing.forms.buyer import BuyerForm
from billing.models import Invoice
from billing.services.invoicing import buyers
from billing.services.invoicing.buyers import Buyer
from cms.core.errors import Invalid


@members_only("invoice.issue")
def driver(request: MemberRequest, pk: int) -> HttpResponse:
    mine = Driver.objects.visible_to(request.user).filter(operator=request.operator).select_related("user")
    return _page(request, get_object_or_404(mine, pk=pk), "driver_billing")


@members_only("invoice.issue")
def company(request: MemberRequest, pk: int) -> HttpResponse:
    mine = Company.objects.visible_to(request.user).filter(operator=request.operator)
    return _page(request, get_object_or_404(mine, pk=pk), "company_billing")


@members_only("invoice.issue")
def guest(request: MemberRequest, pk: int) -> HttpResponse:
    """The buyer of a stranger's invoice: only its next e-invoice says what is corrected here."""
    mine = Invoice.objects.filter(operator=request.operator, driver=None, company=None).select_related("operator")
    invoice = get_object_or_404(mine, pk=pk)
    party = buyers.of_guest(invoice)
    form = BuyerForm.of_guest(party, request.POST if request.method == "POST" else None)
    save = partial(buyers.correct_guest, invoice=invoice)
    if request.method == "POST" and form.is_valid() and _saved(request, form, save):
        messages.success(request, _("Saved."))
        return redirect("operator_invoice", pk=pk)
    context = {"form": form, "buyer": party.get("legal_name", ""), "invoice": invoice}
    return render(request, "operator/billing/buyer.html", context, status=400 if form.errors else 200)


def _page(request: MemberRequest, buyer: Buyer, name: str) -> HttpResponse:
    form = BuyerForm.of(buyer, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _saved(request, form, partial(buyers.update, buyer=buyer)):
        messages.success(request, _("Saved."))
        return redirect(name, pk=buyer.pk)
    context = {"form": form, "buyer": buyer}
    return render(request, "operator/billing/buyer.html", context, status=400 if form.errors else 200)


def _saved(request: MemberRequest, form: BuyerForm, save: Callable[..., object]) -> bool:
    try:
        save(values=form.values(), by=request.user)
    except Invalid as refused:
        errors.place(form, refused, names={"pec": "recipient", "sdi_code": "recipient"})
        return False
    return True
