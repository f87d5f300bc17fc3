"""/ops/invoices/export/ and /ops/cdrs/export/: the lists as files (ux.md §4.7)."""

from datetime import date, datetime, timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import get_language

from accounts.doors import MemberRequest, members_only
from billing import exports, pricing
from billing.models import CDR, Invoice
from billing.selectors import invoices as selectors
from cms.core import typed


@members_only("invoice.view")
def invoices(request: MemberRequest) -> HttpResponse:
    """The documents that the list shows with the same filters."""
    kind = request.GET.get("kind", "")
    wish = selectors.Wish(
        text=typed.line(request.GET.dict(), "search"),
        kind=kind if kind in Invoice.Kind.values else "",
        since=_day(request, "since"),
        until=_day(request, "until"),
    )
    found = selectors.visible(request.user, wish).filter(operator=request.operator).order_by("pk")
    text = exports.invoices(found, language=_language(), zone=pricing.zone(request.operator.time_zone))
    return _file(text, "invoices")


@members_only("invoice.view")
def cdrs(request: MemberRequest) -> HttpResponse:
    """Charges that ended from `since` to `until`; without dates, in this month and the last."""
    zone = pricing.zone(request.operator.time_zone)
    today = timezone.now().astimezone(zone).date()
    since = _day(request, "since") or (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    until = _day(request, "until") or today
    start = datetime(since.year, since.month, since.day, tzinfo=zone)
    end = datetime(until.year, until.month, until.day, tzinfo=zone) + timedelta(days=1)
    found = CDR.objects.filter(operator=request.operator, stopped_at__gte=start, stopped_at__lt=end).order_by("pk")
    return _file(exports.cdrs(found, language=_language(), zone=zone), f"charges-{since}-{until}")


def _day(request: MemberRequest, name: str) -> date | None:
    """A date of the query string; anything else is as if it were not there."""
    try:
        day = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def _language() -> str:
    return get_language() or "it"


def _file(text: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
