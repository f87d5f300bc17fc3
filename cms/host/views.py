"""/host/: do my chargers work, and what did I earn? A host sees the sites whose agreement names the own address, and nothing else."""

from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.doors import MemberRequest, members_only
from accounts.models import Operator
from billing.documents import statement
from billing.selectors import months, shares
from billing.services.month_end import guests as guesting
from cms import charts
from cms.core import typed
from cms.core.errors import Invalid
from cms.dashboard.selectors import states
from cms.reports import catalogue
from cms.reports.filters import Filters
from cms.templatetags import figures
from cms.templatetags.ui import STATES
from stations.models import Location

from . import reporting, selectors

PAGE = 24


@members_only("host.view")
def page(request: MemberRequest) -> HttpResponse:
    """One site is shown whole, several side by side. The part about now is asked for again by itself."""
    mine = _sites(request)
    if len(mine) == 1:
        return _shown(request, mine[0])
    this = months.this(request.operator)
    context = {
        "sites": [{"place": place, **_now(place), **_months(place, this)} for place in mine],
        "broken": sum(selectors.now(place).broken for place in mine),
        **_statements(request),
    }
    return render(request, "host/sites.html", context)


@members_only("host.view")
def site(request: MemberRequest, pk: int) -> HttpResponse:
    return _shown(request, _mine(request, pk))


@members_only("host.view")
def report(request: MemberRequest, pk: int) -> HttpResponse:
    """Pick a charger, say what is wrong, send: it is a problem on the operator's list."""
    place = _mine(request, pk)
    chargers = reporting.chargers(place)
    given = request.POST.dict()
    if request.method == "POST":
        try:
            reporting.send(
                place=place, charger=typed.number(given, "charger"), text=given.get("text", ""), by=request.user
            )
        except Invalid as wrong:
            context = {"place": place, "chargers": chargers, "given": given, "errors": wrong.fields}
            return render(request, "host/report.html", context, status=400)
        messages.success(request, _("%(operator)s knows about it now.") % {"operator": place.operator})
        return redirect("host:site", pk=place.pk)
    chosen = {"charger": request.GET.get("charger", "")}
    return render(request, "host/report.html", {"place": place, "chargers": chargers, "given": chosen})


@members_only("host.view")
def guests(request: MemberRequest, pk: int) -> HttpResponse:
    """Staff and guests: addresses are pasted as they come."""
    place = _mine(request, pk)
    wrong: dict[str, Any] = {}
    if request.method == "POST":
        try:
            made = guesting.invite(location=place, text=request.POST.get("emails", ""), by=request.user)
        except Invalid as refused:
            wrong = refused.fields
        else:
            said = ngettext("%(n)s person is invited.", "%(n)s people are invited.", made) % {"n": made}
            messages.success(request, said)
            return redirect("host:guests", pk=place.pk)
    context = {
        "place": place,
        "guests": guesting.of(place),
        "errors": wrong,
        "emails": request.POST.get("emails", ""),
        "price": guesting.price(place),
    }
    return render(request, "host/guests.html", context, status=400 if wrong else 200)


@members_only("host.view")
def remove_guest(request: MemberRequest, pk: int, guest: int) -> HttpResponse:
    place = _mine(request, pk)
    if request.method != "POST":
        raise Http404
    guesting.remove(location=place, driver_id=guest)
    return redirect("host:guests", pk=place.pk)


@members_only("host.view")
def statement_pdf(request: MemberRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(shares.written_to(request.operator, request.user.email), pk=pk)
    headers = {"Content-Disposition": f'inline; filename="{statement.stem(row)}.pdf"', "Cache-Control": "private"}
    return HttpResponse(statement.pdf(row), content_type="application/pdf", headers=headers)


# ---- whose ----------------------------------------------------------------------------------------------------------


def _sites(request: MemberRequest) -> list[Location]:
    return shares.hosted(request.operator, request.user.email, months.this(request.operator))


def _mine(request: MemberRequest, pk: int) -> Location:
    """404 for a site of somebody else."""
    found = next((place for place in _sites(request) if place.pk == pk), None)
    if found is None:
        raise Http404
    return found


# ---- what is shown --------------------------------------------------------------------------------------------------


def _shown(request: MemberRequest, place: Location) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return render(request, "host/now.html", {"place": place, **_now(place)})
    this = months.this(request.operator)
    side_by_side = _months(place, this)
    context = {
        "place": place,
        "several": len(_sites(request)) > 1,
        **_now(place),
        **side_by_side,
        **_chart(place, request.user.email, side_by_side["this"], side_by_side["last"]),
        **_busy(place, request.operator),
        **_statements(request),
    }
    return render(request, "host/site.html", context)


def _now(place: Location) -> dict[str, Any]:
    found = selectors.now(place)
    counted = [
        charts.StateCount(token, str(STATES[token]), n, "#sockets") for token, n in states.in_order(found.counts) if n
    ]
    return {
        "found": found,
        "total": len(found.connectors),
        "ribbon": charts.ribbon(counted),
        "headline": _headline(found),
    }


def _headline(found: selectors.Now) -> str:
    total = len(found.connectors)
    if not total:
        return _("No charger is here yet.")
    if found.broken:
        said = ngettext(
            "%(n)s of %(all)s sockets does not work.", "%(n)s of %(all)s sockets do not work.", found.broken
        )
        return said % {"n": found.broken, "all": total}
    return ngettext("The socket works.", "All %(n)s sockets work.", total) % {"n": total}


def _months(place: Location, this: date) -> dict[str, Any]:
    return {
        "this": selectors.month(place, this),
        "last": selectors.month(place, months.after(this, -1)),
        "currency": place.operator.currency,
    }


def _chart(place: Location, email: str, this: selectors.Month, last: selectors.Month) -> dict[str, Any]:
    """Revenue as the statements have it; the months that have none yet as far as it is known."""
    revenue = {row.month: row.revenue for row in selectors.earlier(place, email, this.month)}
    revenue.setdefault(last.month, last.sums.revenue)
    revenue[this.month] = this.sums.revenue
    first = min(month for month in revenue)
    shown = [on for back in range(1 - selectors.SHOWN, 1) if (on := months.after(this.month, back)) >= first]
    columns = [
        charts.Month(date_format(on, "b"), revenue.get(on, shares.NOTHING), None, revenue.get(months.after(on, -12)))
        for on in shown
    ]
    currency = place.operator.currency
    drawn = charts.revenue(columns, currency=currency)
    answer = _("%(now)s without VAT so far in %(month)s, %(before)s in %(last)s.") % {
        "now": figures.money(this.sums.revenue, currency),
        "month": date_format(this.month, "F"),
        "before": figures.money(last.sums.revenue, currency),
        "last": date_format(last.month, "F"),
    }
    return {"chart": replace(drawn, question=_("What does the site bring in?")), "answer": answer}


def _busy(place: Location, operator: Operator) -> dict[str, Any]:
    return {"busy": catalogue.usage(Filters(operator, place, "90"))}


def _statements(request: MemberRequest) -> dict[str, Any]:
    listed = shares.written_to(request.operator, request.user.email)
    return {"page": Paginator(listed, PAGE).get_page(request.GET.get("page"))}
