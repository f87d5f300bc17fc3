"""/ops/billing/corrispettivi/: charges without an invoice, day by day and point by point, and whether the chain is whole."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.exports import asking
from billing.models import TakingsChain
from billing.selectors import months
from billing.selectors import takings as selectors
from billing.services.invoicing import fiscal, takings


@members_only("invoice.view")
def page(request: MemberRequest) -> HttpResponse:
    """A month of days; with ?day=… the points of one."""
    operator = request.operator
    if "day" in request.GET:
        return _day(request)
    month = months.parse(request.GET.get("month", "")) or selectors.today(operator).replace(day=1)
    until = min(months.after(month), selectors.today(operator))
    days = selectors.days(operator, month, until) if month < until else []
    context = {
        "month": month,
        "before": months.after(month, -1),
        "after": months.after(month) if months.after(month) <= selectors.today(operator) else None,
        "days": days,
        "total": sum(day.total for day in days),
        "energy": sum(day.energy_kwh for day in days) * 1000,
        "charges": sum(day.charges - day.reversals for day in days),
        "gaps": sum(day.gaps for day in days),
        "late": selectors.late(operator, month),
        "chain": TakingsChain.objects.filter(operator=operator).first(),
        "settings": fiscal.settings_of(operator),
        "italian": fiscal.italian(operator),
        "given": {"month": f"{month:%Y-%m}"},
        "deadline": months.after(month, 2) - timedelta(days=1),
        "may_issue": access.can(request.user, "invoice.issue", operator),
    }
    return render(request, "operator/takings/month.html", context)


def _day(request: MemberRequest) -> HttpResponse:
    day = asking.day(request.GET.dict(), "day")
    if day is None:
        raise Http404
    context = {
        "day": day,
        "points": selectors.points(request.operator, day),
        "whole": _whole(request, day),
        "given": {"since": f"{day}", "until": f"{day}"},
    }
    return render(request, "operator/takings/day.html", context)


def _whole(request: MemberRequest, day: date) -> selectors.Totals | None:
    return next(iter(selectors.days(request.operator, day, day + timedelta(days=1))), None)


@require_POST
@members_only("invoice.view")
def verify(request: MemberRequest) -> HttpResponse:
    verdict = selectors.verify(request.operator)
    if verdict.broken is None:
        messages.success(request, _("The chain is whole: %(n)s entries, every hash is right.") % {"n": verdict.entries})
    else:
        messages.error(
            request, _("The chain is broken at entry %(n)s: it is missing or was changed.") % {"n": verdict.broken}
        )
    return redirect("takings")


@require_POST
@members_only("invoice.issue")
def record(request: MemberRequest) -> HttpResponse:
    """What the night has missed, now."""
    written = takings.record(operator=request.operator)
    messages.success(request, _("%(n)s entries written.") % {"n": written})
    return redirect("takings")
