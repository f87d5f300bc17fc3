"""`/ops/settings/members/`: who works here; `/accounts/invitation/…/`: how they come in."""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.forms.member import InvitationForm
from accounts.models import Membership, Role
from accounts.selectors import members as selectors
from accounts.services import members
from cms.core.errors import Conflict, Invalid


@members_only("member.edit")
def page(request: MemberRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _invited(request, form):
        return redirect("members")
    facts = {"members": selectors.of(request.operator), "roles": Role.choices, "form": form}
    return render(request, "accounts/members.html", facts, status=400 if form.errors else 200)


@require_POST
@members_only("member.edit")
def change_role(request: MemberRequest, pk: int) -> HttpResponse:
    membership = _mine(request, pk)
    members.change_role(membership=membership, role=request.POST.get("role", ""), by=request.user)
    facts = {"person": membership.user, "role": membership.get_role_display()}
    messages.success(request, _("%(person)s is %(role)s now.") % facts)
    return redirect("members")


@require_POST
@members_only("member.edit")
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    membership = _mine(request, pk)
    members.remove(membership=membership, by=request.user)
    messages.success(request, _("%(person)s no longer works here.") % {"person": membership.user})
    return redirect("/ops/" if membership.user_id == request.user.pk else "members")


@require_POST
@members_only("member.edit")
def invite_again(request: MemberRequest, pk: int) -> HttpResponse:
    membership = _mine(request, pk)
    members.invite(operator=request.operator, email=membership.user.email, role=membership.role, by=request.user)
    messages.success(request, _("The invitation is on its way to %(person)s again.") % {"person": membership.user})
    return redirect("members")


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET shows who invites, and changes nothing: mail scanners open links. POST comes in."""
    membership = members.invitation(token)
    if membership is None:
        return render(request, "accounts/invitation.html", {}, status=404)
    if request.method != "POST":
        return render(request, "accounts/invitation.html", {"membership": membership})
    if request.user.is_authenticated and request.user != membership.user:
        logout(request)
    may_sign_in = members.accept(membership=membership)
    request.session[selectors.SESSION_KEY] = membership.operator_id
    home = "/host/" if membership.role == Role.HOST else "/ops/"
    if request.user.is_authenticated:
        return redirect(home)
    if may_sign_in:
        return perform_login(request, membership.user, email=membership.user.email, redirect_url=home)
    return redirect(f"{reverse('account_login')}?next={home}")


def _invited(request: MemberRequest, form: InvitationForm) -> bool:
    try:
        membership = members.invite(operator=request.operator, by=request.user, **form.cleaned_data)
    except Invalid as refused:
        errors.place(form, refused)
        return False
    except Conflict as refused:
        form.add_error("email", refused.text)
        return False
    messages.success(request, _("An invitation is on its way to %(person)s.") % {"person": membership.user.email})
    return True


def _mine(request: MemberRequest, pk: int) -> Membership:
    return get_object_or_404(selectors.of(request.operator), pk=pk)
