"""/ops/groups/: drivers who are treated alike, and the price they get."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.models import Driver, DriverGroup
from accounts.services import groups
from billing.models import TariffAssignment
from cms.core import typed
from cms.core.errors import DomainError

PAGE = 50


@members_only("driver.view")
def page(request: MemberRequest) -> HttpResponse:
    """POST adds one."""
    if request.method == "POST":
        return _create(request)
    priced = TariffAssignment.objects.filter(driver_group=OuterRef("pk"), tariff__isnull=False)
    found = DriverGroup.objects.visible_to(request.user).filter(operator=request.operator)
    found = found.annotate(people=Count("drivers"), priced=Exists(priced)).order_by("name")
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "may_edit": access.can(request.user, "driver.edit", request.operator),
    }
    return render(request, "operator/groups/list.html", context)


@members_only("driver.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    group = _mine(request, pk)
    people = group.drivers.select_related("user").order_by("user__last_name", "user__email")
    prices = TariffAssignment.objects.filter(driver_group=group).select_related("tariff", "location", "station")
    context = {
        "group": group,
        "page": Paginator(people, PAGE).get_page(request.GET.get("page")),
        "prices": prices.order_by("-valid_from", "-pk"),
        "promotions": group.promotions.filter(ended_at=None).order_by("-pk"),
        "may_edit": access.can(request.user, "driver.edit", group),
        "may_price": access.can(request.user, "tariff.edit", group),
    }
    return render(request, "operator/groups/detail.html", context)


@require_POST
@members_only("driver.edit")
def rename(request: MemberRequest, pk: int) -> HttpResponse:
    group = _mine(request, pk)
    try:
        groups.rename(group=group, name=typed.line(request.POST.dict(), "name"), by=request.user)
    except DomainError as refused:
        messages.error(request, refused.text)
    return redirect("driver_group", pk=pk)


@require_POST
@members_only("driver.edit")
def add(request: MemberRequest, pk: int) -> HttpResponse:
    group = _mine(request, pk)
    try:
        driver = groups.add(group=group, email=typed.line(request.POST.dict(), "email", most=254), by=request.user)
    except DomainError as refused:
        messages.error(request, refused.text)
    else:
        messages.success(request, _("%(driver)s belongs to %(group)s now.") % {"driver": driver, "group": group})
    return redirect("driver_group", pk=pk)


@require_POST
@members_only("driver.edit")
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    group = _mine(request, pk)
    number = typed.number(request.POST.dict(), "driver")
    driver = get_object_or_404(Driver.objects.filter(groups=group), pk=number)
    groups.remove(group=group, driver=driver, by=request.user)
    messages.success(request, _("%(driver)s no longer belongs to %(group)s.") % {"driver": driver, "group": group})
    return redirect("driver_group", pk=pk)


def _create(request: MemberRequest) -> HttpResponse:
    access.demand(request.user, "driver.edit", request.operator)
    try:
        made = groups.create(operator=request.operator, name=typed.line(request.POST.dict(), "name"), by=request.user)
    except DomainError as refused:
        messages.error(request, refused.text)
        return redirect("driver_groups")
    return redirect("driver_group", pk=made.pk)


def _mine(request: MemberRequest, pk: int) -> DriverGroup:
    return get_object_or_404(DriverGroup.objects.visible_to(request.user).filter(operator=request.operator), pk=pk)
