"""`/company/`: for the people who look after a company's charging: this month by cost centre and driver, charges, invoices,
members and budgets. Who looks after none sees the own side of it (`membership`)."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.doors import PersonRequest
from accounts.forms import errors
from accounts.models import Company, CompanyInvitation, CompanyMember
from billing.documents import pdf as documents
from billing.exports import fleets
from billing.forms.companies import CapForm, InviteForm, MemberForm, MembersFileForm
from billing.models import Invoice
from billing.selectors import companies as selectors
from billing.selectors import months
from billing.services.fleets import companies, member_import, memberships
from cms.core import csv_dialect, csv_lines
from cms.core.errors import Conflict, Invalid
from cms.portal.views import addresses, files, membership

PAGE = 20


@login_required
def page(request: PersonRequest) -> HttpResponse:
    """Who looks after several companies chooses with `?company=`."""
    mine = list(companies.administered(request.user).select_related("operator").order_by("name"))
    if not mine:
        return membership.own(request)
    asked = request.GET.get("company", "")
    return _page(request, next((one for one in mine if str(one.pk) == asked), mine[0]), mine)


@addresses.posted("portal:company")
@login_required
def invite(request: PersonRequest, pk: int) -> HttpResponse:
    company = _mine(request, pk)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, company, invite=form, status=400)
    try:
        invitation = memberships.invite(company=company, by=request.user, **form.cleaned_data)
    except Invalid as wrong:
        errors.place(form, wrong)
        return _page(request, company, invite=form, status=400)
    except Conflict as refused:
        form.add_error("email", refused.text)
        return _page(request, company, invite=form, status=409)
    messages.success(request, _("An invitation is on its way to %(person)s.") % {"person": invitation.email})
    return redirect("portal:company")


@login_required
def invite_many(request: PersonRequest, pk: int) -> HttpResponse:
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
            return redirect("portal:company")
    context = {"form": form, "company": company}
    return render(request, "driver/company_file.html", context, status=400 if form.errors else 200)


@login_required
def charges(request: PersonRequest, pk: int) -> HttpResponse:
    """A month as a file, by cost centre."""
    company, language = _mine(request, pk), get_language() or "it"
    first = months.parse(request.GET.get("month", "")) or months.this(company.operator)
    head = [str(column.title) for column in fleets.COLUMNS]
    text = csv_dialect.write(
        head, fleets.of(company, first, language), language=language, zone=months.zone(company.operator)
    )
    headers = {"Content-Disposition": f'attachment; filename="colonnina-{first:%Y-%m}.csv"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


@addresses.posted("portal:company")
@login_required
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    mine = CompanyInvitation.objects.filter(company__in=companies.administered(request.user))
    invitation = get_object_or_404(mine.select_related("company"), pk=pk)
    memberships.withdraw(invitation=invitation, by=request.user)
    messages.success(request, _("The invitation of %(person)s is withdrawn.") % {"person": invitation.email})
    return redirect("portal:company")


@login_required
def member(request: PersonRequest, pk: int) -> HttpResponse:
    """Cost centre and budget of one driver."""
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
            return redirect("portal:company")
    context = {"member": membership, "form": form, "currency": membership.company.operator.currency}
    return render(request, "driver/company_member.html", context, status=400 if form.errors else 200)


@addresses.posted("portal:company")
@login_required
def end(request: PersonRequest, pk: int) -> HttpResponse:
    membership = _member(request, pk)
    memberships.end(member=membership, by=request.user)
    messages.success(request, _("%(driver)s pays for new charges from now on.") % {"driver": membership.driver})
    return redirect("portal:company")


@addresses.posted("portal:company")
@login_required
def cap(request: PersonRequest, pk: int) -> HttpResponse:
    company = _mine(request, pk)
    form = CapForm(request.POST)
    if not form.is_valid():
        return _page(request, company, cap=form, status=400)
    try:
        companies.set_cap(company=company, cap=form.cleaned_data["monthly_cap"], by=request.user)
    except Invalid as wrong:
        errors.place(form, wrong)
        return _page(request, company, cap=form, status=400)
    messages.success(request, _("Saved."))
    return redirect("portal:company")


@login_required
def invoice(request: PersonRequest, pk: int) -> HttpResponse:
    company = companies.administered(request.user)
    document = get_object_or_404(Invoice.objects.filter(company__in=company), pk=pk)
    return files.pdf(documents.invoice(document), f"{document.kind}-{document.number}.pdf".replace("/", "-"))


def _page(
    request: PersonRequest, company: Company, mine: list[Company] | None = None, *, status: int = 200, **forms: Any
) -> HttpResponse:
    month = selectors.month(company, months.parse(request.GET.get("month", "")))
    rows = selectors.charges(company, month.first)
    context = {
        "company": company,
        "companies": mine or [company],
        "currency": company.operator.currency,
        "month": month,
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "invitations": selectors.waiting(company),
        "invoices": selectors.invoices(company)[:12],
        "membership": membership.mine(request.user, company),
        "invite": forms.get("invite") or InviteForm(auto_id="invite-%s"),
        "cap": forms.get("cap") or CapForm(initial={"monthly_cap": company.monthly_cap}, auto_id="cap-%s"),
        "language": get_language(),
    }
    return render(request, "driver/company.html", context, status=status)


def _mine(request: PersonRequest, pk: int) -> Company:
    return get_object_or_404(companies.administered(request.user).select_related("operator"), pk=pk)


def _member(request: PersonRequest, pk: int) -> CompanyMember:
    found = memberships.belonging().filter(company__in=companies.administered(request.user))
    return get_object_or_404(found.select_related("company__operator", "driver__user"), pk=pk)
