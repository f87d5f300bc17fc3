"""/ops/drivers/: who charges here."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.models import Driver
from accounts.services import drivers as service
from billing.selectors import plans, subscriptions
from cms.core import typed
from cms.dashboard.selectors import drivers

PAGE = 50


@members_only("driver.view")
def page(request: MemberRequest) -> HttpResponse:
    search = typed.line(request.GET.dict(), "search")
    found = Paginator(drivers.matching(request.operator, search), PAGE).get_page(request.GET.get("page"))
    charges = drivers.charges(list(found))
    context = {"page": found, "rows": [(driver, charges.get(driver.pk)) for driver in found], "search": search}
    return render(request, "operator/drivers/list.html", context)


@members_only("driver.view")
def person(request: MemberRequest, pk: int) -> HttpResponse:
    driver = _mine(request, pk)
    context = {
        "driver": driver,
        "tokens": driver.tokens.order_by("pk"),
        "sessions": drivers.sessions(driver),
        "invoices": drivers.invoices(driver),
        "plan": plans.of_driver(driver),
        "debts": subscriptions.debts(request.operator, driver=driver),
        "may_edit": access.can(request.user, "driver.edit", request.operator),
        "may_edit_tokens": access.can(request.user, "token.edit", request.operator),
    }
    return render(request, "operator/drivers/person.html", context)


@require_POST
@members_only("driver.edit")
def set_blocked(request: MemberRequest, pk: int) -> HttpResponse:
    driver = _mine(request, pk)
    if request.POST.get("blocked") == "1":
        service.block(driver=driver, by=request.user)
        messages.success(request, _("%(driver)s can no longer start a charge here.") % {"driver": driver})
    else:
        service.unblock(driver=driver, by=request.user)
        messages.success(request, _("%(driver)s may charge again.") % {"driver": driver})
    return redirect("dashboard:driver", pk=pk)


def _mine(request: MemberRequest, pk: int) -> Driver:
    return get_object_or_404(Driver.objects.filter(operator=request.operator).select_related("user"), pk=pk)
