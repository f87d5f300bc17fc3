"""`/profile/`: a driver's name, language and billing data."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.doors import PersonRequest
from accounts.forms.profile import BillingForm, PersonForm
from accounts.models import Driver


@login_required
def page(request: PersonRequest) -> HttpResponse:
    """Two forms, one page: `what` names the one that was sent. Billing data wait for the first charge."""
    sent = request.POST.get("what") if request.method == "POST" else None
    driver = Driver.objects.filter(user=request.user).order_by("-updated_at").first()
    person = PersonForm(request.POST if sent == "person" else None, instance=request.user)
    billing = BillingForm(request.POST if sent == "billing" else None, instance=driver) if driver else None
    if sent == "person" and person.is_valid():
        person.save()
        return _saved(request)
    if billing is not None and sent == "billing" and billing.is_valid() and billing.keep(request.user):
        return _saved(request)
    wrong = bool(person.errors or (billing and billing.errors))
    return render(
        request, "accounts/profile.html", {"person": person, "billing": billing}, status=400 if wrong else 200
    )


def _saved(request: PersonRequest) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect("profile")
