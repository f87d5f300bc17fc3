"""/ops/billing/assurance/: energy that was given and may never become money, and what to do about it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.selectors import assurance as selectors
from billing.selectors import assurance_checks
from billing.selectors.assurance_checks import Asked, Check
from billing.services.charges import assurance, resolutions
from billing.services.charges.resolutions import Outcome, Resolution
from cms.charts.sparkline import sparkline
from cms.core import typed
from cms.core.errors import Invalid
from sessions_app.models import ChargingSession, Evidence
from stations.models import ChargingStation

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One case: a charge, or a stop (`session` None). `amount` None where nobody can say; not `exact`: by the average price."""

    pk: int
    session: ChargingSession | None
    station: ChargingStation
    at: datetime
    energy: Decimal | None
    amount: Decimal | None
    exact: bool


@members_only("invoice.view")
def page(request: MemberRequest) -> HttpResponse:
    """All checks; with ?check=… the cases of one."""
    asked = Asked(request.operator, timezone.now())
    if name := request.GET.get("check", ""):
        return _cases(request, asked, _check(name))
    picture = selectors.picture(asked)
    trend = selectors.trend(asked, picture)
    context = {
        "picture": picture,
        "rows": [(check, finding, _line(trend[check.name])) for check, finding in picture.worst_first()],
        "trend": _line(trend[""]),
        "currency": request.operator.currency,
        "now": asked.now,
    }
    return render(request, "operator/assurance/page.html", context)


@members_only("invoice.view")
def resolve(request: MemberRequest) -> HttpResponse:
    """GET says what it means in money and asks why, POST does it: for `ids`, or with `every` for all of the check."""
    given = request.POST if request.method == "POST" else request.GET
    check, how = _check(given.get("check", "")), resolutions.BY_NAME.get(given.get("do", ""))
    if how is None or how.name not in check.actions:
        raise Http404
    access.demand(request.user, how.permission, request.operator)
    ids = None if given.get("every") else [int(pk) for pk in given.getlist("ids") if typed.number({"pk": pk}, "pk")]
    if request.method != "POST":
        return _asking(request, check, how, ids)
    reason = typed.line(given.dict(), "reason", 500)
    try:
        outcome = resolutions.resolve(
            operator=request.operator, check=check, how=how, ids=ids, reason=reason, by=request.user
        )
    except Invalid as error:
        return _asking(request, check, how, ids, error.text)
    assurance.snapshot(operator=request.operator)
    _tell(request, how, outcome)
    return redirect(f"{reverse('assurance')}?check={check.name}")


def _cases(request: MemberRequest, asked: Asked, check: Check) -> HttpResponse:
    price = selectors.average_price(asked)
    found = _queried(asked, check)
    listed = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = [_row(case, price) for case in listed]
    context = {
        "check": check,
        "page": listed,
        "rows": rows,
        "guessed": any(row.amount and not row.exact for row in rows),
        "offered": resolutions.offered(check, request.user, request.operator),
        "price": price,
        "currency": request.operator.currency,
        "most": resolutions.MOST,
    }
    return render(request, "operator/assurance/cases.html", context)


def _asking(
    request: MemberRequest, check: Check, how: Resolution, ids: list[int] | None, wrong: str = ""
) -> HttpResponse:
    asked = Asked(request.operator, timezone.now())
    price = selectors.average_price(asked)
    rows = [_row(case, price) for case in resolutions.chosen(asked, check, ids)]
    if not rows:
        messages.info(request, _("Choose at least one: nothing of it is open any more, or nothing was chosen."))
        return redirect(f"{reverse('assurance')}?check={check.name}")
    context = {
        "check": check,
        "how": how,
        "rows": rows,
        "total": sum((row.amount or Decimal(0) for row in rows), Decimal(0)),
        "guessed": any(row.amount and not row.exact for row in rows),
        "currency": request.operator.currency,
        "wrong": wrong,
    }
    return render(request, "operator/assurance/resolve.html", context, status=400 if wrong else 200)


def _queried(asked: Asked, check: Check) -> Any:
    if check.where is None:
        return selectors.strays(asked).select_related("station__location")
    return selectors.cases(check, asked).select_related("station__location").defer("state")


def _row(case: ChargingSession | Evidence, price: Decimal | None) -> Row:
    if isinstance(case, Evidence):
        return Row(case.pk, None, case.station, case.occurred_at, None, None, exact=False)
    amount, exact = selectors.worth(case, price)
    return Row(case.pk, case, case.station, case.started_at, case.energy, amount, exact)


def _line(days: list[selectors.Day]) -> SafeString:
    return sparkline([(day.day, day.cases) for day in days], days=selectors.WINDOW.days)


def _check(name: str) -> Check:
    if name not in assurance_checks.BY_NAME:
        raise Http404
    return assurance_checks.BY_NAME[name]


def _tell(request: MemberRequest, how: Resolution, outcome: Outcome) -> None:
    if outcome.done:
        done = ngettext("%(what)s: done for %(n)s case.", "%(what)s: done for %(n)s cases.", outcome.done)
        messages.success(request, done % {"what": how.word, "n": outcome.done})
    for why in outcome.refused:
        messages.error(request, why)
