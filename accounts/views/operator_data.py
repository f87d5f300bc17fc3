"""`/ops/settings/`: who the operator is."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.forms.operator import OperatorForm
from accounts.services import operators
from cms.core.errors import Invalid


@members_only("operator.edit")
def page(request: MemberRequest) -> HttpResponse:
    form = OperatorForm(request.POST or None, instance=request.operator)
    if request.method == "POST" and form.is_valid() and _saved(request, form):
        messages.success(request, _("Saved."))
        return redirect("operator_data")
    return render(request, "accounts/operator.html", {"form": form}, status=400 if form.errors else 200)


def _saved(request: MemberRequest, form: OperatorForm) -> bool:
    try:
        operators.update(operator=request.operator, by=request.user, values=form.cleaned_data)
    except Invalid as refused:
        errors.place(form, refused)
        return False
    return True
