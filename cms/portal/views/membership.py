"""A driver's side of a company that pays: the own budget, charging privately for a while, leaving; `/company/join/<token>/`: how a
driver becomes a member."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.doors import PersonRequest
from accounts.models import Company, CompanyMember, User
from billing.models import Subscription
from billing.selectors import companies as selectors
from billing.services.fleets import memberships
from cms.core.errors import Conflict
from cms.portal.views import addresses


def own(request: PersonRequest) -> HttpResponse:
    """Of a member who looks after nobody."""
    membership = mine(request.user)
    context: dict[str, Any] = {"membership": membership}
    if membership is not None:
        context |= {"budget": selectors.budget_of(membership), "currency": membership.company.operator.currency}
    return render(request, "driver/company_none.html", context, status=200 if membership else 404)


@addresses.posted("portal:company")
@login_required
def private(request: PersonRequest) -> HttpResponse:
    """What begins from now on I pay myself."""
    membership = mine(request.user)
    if membership is None:
        raise Http404("no member of any company")
    memberships.go_private(member=membership, by=request.user)
    messages.success(request, _("What begins from now on you pay yourself."))
    return redirect("portal:company")


@addresses.posted("portal:company")
@login_required
def back(request: PersonRequest) -> HttpResponse:
    membership = mine(request.user)
    try:
        again = memberships.come_back(member=membership, by=request.user) if membership else None
    except Conflict as refused:
        messages.error(request, refused.text)
        return redirect("portal:company")
    if again is not None:
        messages.success(request, _("%(company)s pays for your charges now.") % {"company": again.company})
    return redirect("portal:company")


@addresses.posted("portal:company")
@login_required
def leave(request: PersonRequest) -> HttpResponse:
    membership = mine(request.user)
    if membership is None:
        raise Http404("no member of any company")
    memberships.end(member=membership, by=request.user)
    messages.success(
        request, _("You have left %(company)s. From now on you pay yourself.") % {"company": membership.company}
    )
    return redirect("profile")


@never_cache
@login_required
def join(request: PersonRequest, token: str) -> HttpResponse:
    """GET says what joining means and changes nothing; POST joins with the account that is signed in."""
    invitation = memberships.invitation_of(token)
    if invitation is None:
        return render(request, "driver/company_join.html", {}, status=404)
    if request.method == "POST":
        try:
            membership = memberships.accept(invitation=invitation, user=request.user)
        except Conflict as refused:
            context = {"invitation": invitation, "refusal": refused.text}
            return render(request, "driver/company_join.html", context, status=409)
        messages.success(request, _("%(company)s pays for your charges now.") % {"company": membership.company})
        return redirect("portal:find")
    context = {"invitation": invitation, "plan": _own_plan(request, invitation.company)}
    return render(request, "driver/company_join.html", context)


def mine(user: User, company: Company | None = None) -> CompanyMember | None:
    """Of one company, or the first."""
    found = memberships.belonging().filter(driver__user=user)
    found = found.filter(company=company) if company else found
    return found.select_related("company__operator", "driver__user").order_by("pk").first()


def _own_plan(request: PersonRequest, company: Company) -> Subscription | None:
    """One that goes on costing money, and includes nothing of what the company pays for."""
    running = Subscription.objects.live().exclude(status=Subscription.Status.STARTING)
    mine = running.filter(driver__user=request.user, operator=company.operator, cancel_on=None)
    return mine.select_related("version__plan").first()
