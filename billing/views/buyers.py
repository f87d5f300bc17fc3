"""/ops/drivers/…/billing/ and /ops/companies/…/billing/: what invoices say of a customer, and how it is taxed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.models import Company, Driver
from billing.forms.buyer import BuyerForm
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


def _page(request: MemberRequest, buyer: Buyer, name: str) -> HttpResponse:
    form = BuyerForm.of(buyer, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _saved(request, form, buyer):
        messages.success(request, _("Saved."))
        return redirect(name, pk=buyer.pk)
    context = {"form": form, "buyer": buyer}
    return render(request, "operator/billing/buyer.html", context, status=400 if form.errors else 200)


def _saved(request: MemberRequest, form: BuyerForm, buyer: Buyer) -> bool:
    try:
        buyers.update(buyer=buyer, values=form.values(), by=request.user)
    except Invalid as refused:
        errors.place(form, refused, names={"pec": "recipient", "sdi_code": "recipient"})
        return False
    return True
