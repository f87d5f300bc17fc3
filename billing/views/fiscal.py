"""/ops/settings/documents/: e-invoices, stamp duty, corrispettivi."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing.forms.fiscal import FiscalForm
from billing.services.invoicing import fiscal
from cms.core.errors import Invalid


@members_only("operator.edit")
def page(request: MemberRequest) -> HttpResponse:
    form = FiscalForm(request.POST or None, instance=fiscal.settings_of(request.operator))
    if request.method == "POST" and form.is_valid() and _saved(request, form):
        messages.success(request, _("Saved."))
        return redirect("fiscal_settings")
    return render(request, "operator/billing/fiscal.html", {"form": form}, status=400 if form.errors else 200)


def _saved(request: MemberRequest, form: FiscalForm) -> bool:
    try:
        fiscal.update(operator=request.operator, values=form.cleaned_data, by=request.user)
    except Invalid as refused:
        errors.place(form, refused)
        return False
    return True
