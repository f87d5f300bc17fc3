"""/ops/companies/: who charges on a company's account, what it spends, and what its invoices say."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.models import Company, CompanyInvitation, CompanyMember
from billing.documents import parties
from billing.forms.companies import CompanyForm, InviteForm, MemberForm, MembersFileForm
from billing.selectors import companies as selectors
from billing.selectors import months
from billing.services.fleets import companies, member_import, memberships
from cms.core import csv_lines
from cms.core.errors import Conflict, Invalid

PAGE = 20


@members_only("company.view")
def page(request: MemberRequest) -> HttpResponse:
    found = list(selectors.listed(request.user, request.operator))
    budgets = selectors.budgets(found, request.operator)
    context = {
        "rows": [(company, budgets[company.pk]) for company in found],
        "may_edit": access.can(request.user, "company.edit", request.operator),
    }
    return render(request, "operator/companies/list.html", context)


@members_only("company.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    return _detail(request, _mine(request, pk), InviteForm())


@members_only("company.edit")
def create(request: MemberRequest) -> HttpResponse:
    form = CompanyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = companies.create(operator=request.operator, values=form.values(), by=request.user)
        except Invalid as wrong:
            errors.place(form, wrong, names={"pec": "recipient", "sdi_code": "recipient"})
        else:
            messages.success(request, _("%(company)s may charge now: invite the first driver.") % {"company": made})
            return redirect("company", pk=made.pk)
    return render(request, "operator/companies/form.html", {"form": form}, status=400 if form.errors else 200)


@members_only("company.edit")
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    company = _mine(request, pk)
    form = CompanyForm.of(company, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            companies.update(company=company, values=form.values(), by=request.user)
        except Invalid as wrong:
            errors.place(form, wrong, names={"pec": "recipient", "sdi_code": "recipient"})
        else:
            messages.success(request, _("Saved."))
            return redirect("company", pk=pk)
    context = {"form": form, "company": _mine(request, pk)}
    return render(request, "operator/companies/form.html", context, status=400 if form.errors else 200)


@require_POST
@members_only("company.edit")
def archive(request: MemberRequest, pk: int) -> HttpResponse:
    company = _mine(request, pk)
    companies.archive(company=company, by=request.user)
    messages.success(request, _("%(company)s is no longer a customer.") % {"company": company})
    return redirect("company", pk=pk)


@require_POST
@members_only("company.edit")
def invite(request: MemberRequest, pk: int) -> HttpResponse:
    company = _mine(request, pk)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _detail(request, company, form, status=400)
    try:
        invitation = memberships.invite(company=company, by=request.user, **form.cleaned_data)
    except Invalid as wrong:
        errors.place(form, wrong)
        return _detail(request, company, form, status=400)
    except Conflict as refused:
        form.add_error("email", refused.text)
        return _detail(request, company, form, status=409)
    messages.success(request, _("An invitation is on its way to %(person)s.") % {"person": invitation.email})
    return redirect("company", pk=pk)


@members_only("company.edit")
def invite_many(request: MemberRequest, pk: int) -> HttpResponse:
    company = _mine(request, pk)
    form = MembersFileForm(request.POST, request.FILES) if request.method == "POST" else MembersFileForm()
    if form.is_valid():
        try:
            content = form.cleaned_data["file"].read(csv_lines.MOST_BYTES + 1)
            made = member_import.invite_all(company=company, content=content, by=request.user)
        except Invalid as wrong:
            errors.place(form, wrong)
        else:
            messages.success(request, _("Invited: %(n)s.") % {"n": len(made)})
            return redirect("company", pk=pk)
    context = {"form": form, "company": company}
    return render(request, "operator/companies/members_file.html", context, status=400 if form.errors else 200)


@require_POST
@members_only("company.edit")
def withdraw(request: MemberRequest, pk: int) -> HttpResponse:
    mine = CompanyInvitation.objects.filter(company__operator=request.operator).select_related("company")
    invitation = get_object_or_404(mine, pk=pk)
    memberships.withdraw(invitation=invitation, by=request.user)
    messages.success(request, _("The invitation of %(person)s is withdrawn.") % {"person": invitation.email})
    return redirect("company", pk=invitation.company_id)


@members_only("company.edit")
def member(request: MemberRequest, pk: int) -> HttpResponse:
    membership = _member(request, pk)
    facts = {name: getattr(membership, name) for name in ("cost_centre", "monthly_cap", "administrator")}
    form = MemberForm(request.POST or None, initial=facts)
    if request.method == "POST" and form.is_valid():
        try:
            memberships.change_member(member=membership, by=request.user, **form.cleaned_data)
        except Invalid as wrong:
            errors.place(form, wrong)
        else:
            messages.success(request, _("Saved."))
            return redirect("company", pk=membership.company_id)
    context = {"member": membership, "form": form}
    return render(request, "operator/companies/member.html", context, status=400 if form.errors else 200)


@require_POST
@members_only("company.edit")
def end(request: MemberRequest, pk: int) -> HttpResponse:
    membership = _member(request, pk)
    memberships.end(member=membership, by=request.user)
    messages.success(request, _("%(driver)s pays for new charges from now on.") % {"driver": membership.driver})
    return redirect("company", pk=membership.company_id)


def _detail(request: MemberRequest, company: Company, invite: InviteForm, *, status: int = 200) -> HttpResponse:
    month = selectors.month(company, months.parse(request.GET.get("month", "")))
    context: dict[str, Any] = {
        "company": company,
        "currency": request.operator.currency,
        "month": month,
        "charges": Paginator(selectors.charges(company, month.first), PAGE).get_page(request.GET.get("page")),
        "given": {"company": str(company.pk), "month": f"{month.first:%Y-%m}"},
        "events": selectors.events(company),
        "invitations": selectors.waiting(company),
        "invoices": selectors.invoices(company)[:12],
        "missing": parties.missing(parties.buyer(company)),
        "invite": invite,
        "may_edit": access.can(request.user, "company.edit", company),
    }
    return render(request, "operator/companies/detail.html", context, status=status)


def _mine(request: MemberRequest, pk: int) -> Company:
    mine = Company.objects.visible_to(request.user).filter(operator=request.operator)
    return get_object_or_404(mine.select_related("operator"), pk=pk)


def _member(request: MemberRequest, pk: int) -> CompanyMember:
    found = memberships.belonging().filter(company__operator=request.operator)
    return get_object_or_404(found.select_related("company__operator", "driver__user"), pk=pk)
