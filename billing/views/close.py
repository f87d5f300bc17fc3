"""/ops/billing/close/: the end of a month on one page (ux.md). Everything shown was kept by the last look: a few queries."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.exports import kinds
from billing.models import MonthClose, MonthCloseEvent
from billing.selectors import months, worklist
from billing.selectors.closing import CHECKS
from billing.selectors.months import Locks
from billing.selectors.worklist import Picture
from billing.services.invoicing import closing
from billing.services.month_end import close, exports, statements
from cms.charts import columns
from cms.charts.chart import Chart
from cms.charts.svg import number, percent
from cms.core import typed
from cms.core.errors import Conflict, Invalid, NotFound
from cms.templatetags import figures

FILES = (
    "charges",
    "invoices",
    "corrispettivi_days",
    "journal",
    "vat",
    "fatturapa",
    "payments",
)  # what an accountant takes along


@members_only("invoice.view")
@require_GET
def page(request: MemberRequest) -> HttpResponse:
    operator = request.operator
    if not (said := request.GET.get("month", "")):
        return redirect(_url(worklist.waiting(operator)))
    month = _month(request, said)
    locks = Locks.of(operator)
    row = MonthClose.objects.filter(operator=operator, month=month).first()
    if row is None or (row.checked_at is None and not locks.is_closed(month)):
        row = close.look(operator=operator, month=month)
        close.fill(operator=operator, month=month)
    picture = worklist.picture(row)
    past = worklist.past(operator, month, close.SHOWN)
    this = months.this(operator)
    context = {
        "picture": picture,
        "month": month,
        "word": _word(month, this),
        "before": months.after(month, -1),
        "after": months.after(month) if month < this else None,
        "over": month < this,
        "closed": locks.is_closed(month),
        "closed_with": locks.last if locks.is_closed(month) and not row.is_closed else None,
        "may_reopen": locks.last == month,
        "open_month": months.after(locks.last) if locks.last else month,
        "may_close": access.can(request.user, "month.close", operator),
        "net": picture.figure("net"),
        "vat": picture.figure("vat"),
        "currency": operator.currency,
        "chart": _chart(past, month, operator.currency),
        "answer": _answer(past, month, operator.currency),
        "sums": _sums(picture),
        "given": {"month": f"{month:%Y-%m}"},
        "kinds": [kinds.KINDS[name] for name in ("journal", "vat", "fatturapa") if name in kinds.KINDS],
        "events": [_Told(event, _title(event)) for event in picture.events],
        "statements": statements.waiting(operator=operator, month=month),
        "invoices_waiting": _found(picture, "to_invoice"),
    }
    return render(request, "operator/close/page.html", context)


@members_only("month.close")
@require_POST
def act(request: MemberRequest, month: str, verb: str) -> HttpResponse:
    """One of VERBS, then the page again: what cannot be is said there."""
    if verb not in VERBS:
        raise Http404
    on = _month(request, month)
    try:
        answer = VERBS[verb](request, on)
    except (Conflict, Invalid) as error:
        messages.error(request, error.text)
    except NotFound as unknown:
        raise Http404 from unknown
    else:
        if answer is not None:
            return answer
    return redirect(_url(on))


class _Told(NamedTuple):
    """Something that happened to the month, and the check that it was about."""

    event: MonthCloseEvent
    title: str


def _title(event: MonthCloseEvent) -> str:
    check = CHECKS.get(event.subject)
    return str(check.title) if check else event.subject


def _found(picture: Picture, name: str) -> int:
    return next((line.found.count for line in picture.lines if line.check.name == name), 0)


def _sums(picture: Picture) -> dict[str, Decimal]:
    parts = ("invoices", "takings", "credit_notes", "late")
    return {name: Decimal(picture.figures.get(name, {}).get("net", "0")) for name in parts}


def _look(request: MemberRequest, month: date) -> None:
    close.look(operator=request.operator, month=month)
    close.fill(operator=request.operator, month=month)


def _accept(request: MemberRequest, month: date) -> None:
    given = request.POST.dict()
    check, reason = typed.line(given, "check"), typed.line(given, "reason", 500)
    close.accept(operator=request.operator, month=month, check=check, reason=reason, by=request.user)


def _withdraw(request: MemberRequest, month: date) -> None:
    check = typed.line(request.POST.dict(), "check")
    close.withdraw(operator=request.operator, month=month, check=check, by=request.user)


def _close(request: MemberRequest, month: date) -> None:
    close.close(operator=request.operator, month=month, by=request.user)
    messages.success(request, _("%(month)s is closed.") % {"month": _long(month)})


def _reopen(request: MemberRequest, month: date) -> None:
    reason = typed.line(request.POST.dict(), "reason", 500)
    close.reopen(operator=request.operator, month=month, reason=reason, by=request.user)


def _invoices(request: MemberRequest, month: date) -> None:
    issued = closing.monthly(operator=request.operator, until=months.after(month))
    close.look(operator=request.operator, month=month)
    said = ngettext("%(n)s invoice was issued.", "%(n)s invoices were issued.", issued) % {"n": issued}
    messages.success(request, said) if issued else messages.info(request, said)


def _exports(request: MemberRequest, month: date) -> HttpResponse:
    for kind in FILES:
        exports.start(
            operator=request.operator,
            kind=kind,
            params={"month": f"{month:%Y-%m}"},
            by=request.user,
            language=get_language() or "",
        )
    return redirect("jobs")


def _statements(request: MemberRequest, month: date) -> HttpResponse:
    made = statements.issue_all(operator=request.operator, month=month, by=request.user)
    said = ngettext("%(n)s statement was written and is mailed.", "%(n)s statements were written and are mailed.", made)
    messages.success(request, said % {"n": made})
    return redirect("host_statements")


VERBS: dict[str, Callable[[MemberRequest, date], HttpResponse | None]] = {
    "look": _look,
    "accept": _accept,
    "withdraw": _withdraw,
    "close": _close,
    "reopen": _reopen,
    "invoices": _invoices,
    "exports": _exports,
    "statements": _statements,
}


def _month(request: MemberRequest, said: str) -> date:
    """404 for what is no month, and for one that has not begun."""
    month = months.parse(said)
    if month is None or month > months.this(request.operator):
        raise Http404
    return month


def _url(month: date) -> str:
    return f"{reverse('month_close')}?month={month:%Y-%m}"


def _word(month: date, this: date) -> str:
    """“October”, with its year where it is not clear."""
    return date_format(month, "F") if months.after(month, 12) > this else _long(month)


def _long(month: date) -> str:
    return date_format(month, "F Y")


# ---- chart 10 -------------------------------------------------------------------------------------------------------

Past = Mapping[date, Mapping[str, Any]]


def _chart(past: Past, month: date, currency: str) -> Chart:
    shown = [months.after(month, back) for back in range(-11, 1)]
    return columns.revenue([_column(past, on) for on in shown], currency=currency)


def _column(past: Past, month: date) -> columns.Month:
    cost = _figure(past, month, "energy_cost")
    return columns.Month(
        word=date_format(month, "b"),
        revenue=max(_figure(past, month, "net") or Decimal(0), Decimal(0)),
        energy_cost=cost,
        last_year=_figure(past, months.after(month, -12), "net"),
    )


def _answer(past: Past, month: date, currency: str) -> str:
    """What the picture shows, in a sentence."""
    net, cost = _figure(past, month, "net"), _figure(past, month, "energy_cost")
    before = _figure(past, months.after(month, -12), "net")
    if not net:
        return _("Nothing was earned in this month yet.")
    facts = {"month": date_format(month, "F"), "amount": _short(net if cost is None else net - cost, currency)}
    if cost is None:
        said = _("%(month)s brings in %(amount)s without VAT") % facts
    elif net >= cost:
        said = _("Yes: %(month)s leaves %(amount)s beyond the energy") % facts
    else:
        said = _("No: in %(month)s the energy costs more than comes in") % facts
    if not before:
        return f"{said}."
    change = float((net - before) / before)
    words = (
        _("%(percent)s more revenue than a year ago") if change >= 0 else _("%(percent)s less revenue than a year ago")
    )
    return f"{said}, {words % {'percent': percent(abs(change))}}."


def _short(amount: Decimal, currency: str) -> str:
    if abs(amount) < 10_000:
        return figures.money(amount, currency)
    sign = figures.SIGNS.get(currency, currency)
    return _("%(n)s thousand %(currency)s") % {"n": number(amount / 1000, 1), "currency": sign}


def _figure(past: Past, month: date, name: str) -> Decimal | None:
    value = past.get(month, {}).get(name)
    return None if value is None else Decimal(value)
