"""Months are looked at, worked through, closed and, with a reason, opened again (docs/decisions/0028)."""

import json
import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Operator, User
from billing.models import CDR, MonthClose, MonthCloseEvent
from billing.selectors import closing, months, worklist
from billing.selectors.closing import CHECKS, Found
from billing.selectors.months import Locks
from billing.services.month_end import cash
from cms.core.errors import Conflict, Invalid, NotFound

logger = logging.getLogger(__name__)

SHOWN = 24  # months of the chart: a year, and the year before it
_LOOKED_AT_NIGHTLY = 13


def look(*, operator: Operator, month: date) -> MonthClose:
    """Looks at an open month again and keeps what it found; a closed one stays as it is."""
    row, locks = _row(operator, month), Locks.of(operator)
    if locks.is_closed(month):
        return row
    now = timezone.now()
    asked = closing.asked(operator, month, locks, now)
    found = {name: worklist.dumped(one) for name, one in closing.find_all(asked).items()}
    facts = {"checks": _text(found), "figures": _text(closing.figures(asked)), "checked_at": now}
    MonthClose.objects.filter(pk=row.pk, closed_at=None).update(**facts)
    row.refresh_from_db()
    _count(row)
    return row


def fill(*, operator: Operator, month: date) -> None:
    """The figures of the months that the chart shows and nobody has looked at yet."""
    first = CDR.objects.filter(operator=operator).aggregate(first=Min("stopped_at"))["first"]
    if first is None:
        return
    locks, now = Locks.of(operator), timezone.now()
    wanted = max(months.of(operator, first), months.after(month, 1 - SHOWN))
    known = set(MonthClose.objects.filter(operator=operator, month__gte=wanted).values_list("month", flat=True))
    while wanted < month:
        if wanted not in known:
            told = closing.figures(closing.asked(operator, wanted, locks, now))
            MonthClose.objects.get_or_create(operator=operator, month=wanted, defaults={"figures": _text(told)})
        wanted = months.after(wanted)


def look_at_all(*, operator: Operator) -> int:
    """Every night: what money moved, and the open months, at most a year back. A closed one whose figures would be others now is
    written down."""
    cash.book(operator=operator)
    this, locks = months.this(operator), Locks.of(operator)
    month = months.after(this, 1 - _LOOKED_AT_NIGHTLY)
    if locks.last is not None:
        month = max(month, months.after(locks.last))
        _verify(operator, locks.last, locks)
    seen = 0
    while month <= this:
        look(operator=operator, month=month)
        month, seen = months.after(month), seen + 1
    fill(operator=operator, month=this)
    return seen


@transaction.atomic
def accept(*, operator: Operator, month: date, check: str, reason: str, by: User) -> None:
    """What a check found may stay as it is. It holds for what was found, not for more of it.

    Raises Forbidden; NotFound for no such check; Invalid(reason); Conflict month_closed, nothing_found.
    """
    access.demand(by, "month.close", operator)
    row = _open_row(operator, month)
    if check not in CHECKS:
        raise NotFound(_("There is no such check."), check=check)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why: the reason is kept with the month.")]})
    found = worklist.loaded(row).get(check, Found(0))
    if not found.count:
        raise Conflict(_("There is nothing to accept any more."), code="nothing_found")
    facts = _text(worklist.dumped(found))
    _happened(row, MonthCloseEvent.Kind.ACCEPTED, by, subject=check, reason=reason.strip(), facts=facts)
    _count(row)


@transaction.atomic
def withdraw(*, operator: Operator, month: date, check: str, by: User) -> None:
    """Takes an acceptance back. A second time is boring. Raises Forbidden, Conflict month_closed."""
    access.demand(by, "month.close", operator)
    row = _open_row(operator, month)
    if check in worklist.acceptances(row):
        _happened(row, MonthCloseEvent.Kind.WITHDRAWN, by, subject=check)
        _count(row)


def close(*, operator: Operator, month: date, by: User) -> MonthClose:
    """From now on nothing counts in the month any more, nor in those before it; its figures stay. A second time is boring.

    Raises Forbidden; Conflict month_not_over, earlier_month_open, checks_open (facts: checks).
    """
    access.demand(by, "month.close", operator)
    _may_end(operator, month)
    look(operator=operator, month=month)
    with transaction.atomic():
        row = MonthClose.objects.select_for_update().get(operator=operator, month=month)
        if row.is_closed:
            return row
        picture = worklist.picture(row)
        if picture.to_decide:
            names = [line.check.name for line in picture.to_decide]
            raise Conflict(_("Some checks are still to be decided."), code="checks_open", checks=names)
        # what is written after the look counts in the next month, so that the figures that were kept are the month's
        row.closed_at, row.cutoff = timezone.now(), row.checked_at
        row.save(update_fields=["closed_at", "cutoff", "updated_at"])
        facts = _text({"checks": json.loads(row.checks), "figures": json.loads(row.figures)})
        _happened(row, MonthCloseEvent.Kind.CLOSED, by, facts=facts)
    return row


@transaction.atomic
def reopen(*, operator: Operator, month: date, reason: str, by: User) -> MonthClose:
    """What was written since counts in it again. Only the last closed month: those before it stay closed.

    Raises Forbidden; Invalid(reason); Conflict month_open, later_month_closed.
    """
    access.demand(by, "month.close", operator)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why: the reason is kept with the month.")]})
    last = Locks.of(operator).last
    if last is None or last < month:
        raise Conflict(_("This month is open."), code="month_open")
    if last > month:
        later = {"month": date_format(last, "YEAR_MONTH_FORMAT")}
        raise Conflict(_("Open %(month)s first: it was closed later.") % later, code="later_month_closed")
    row = MonthClose.objects.select_for_update().get(operator=operator, month=month)
    row.closed_at = row.cutoff = None
    row.save(update_fields=["closed_at", "cutoff", "updated_at"])
    _happened(row, MonthCloseEvent.Kind.REOPENED, by, reason=reason.strip())
    return look(operator=operator, month=month)


def _may_end(operator: Operator, month: date) -> None:
    if month >= months.this(operator):
        raise Conflict(_("This month is not over yet."), code="month_not_over")
    last = Locks.of(operator).last
    if last is not None and month > months.after(last):
        earlier = {"month": date_format(months.after(last), "YEAR_MONTH_FORMAT")}
        raise Conflict(_("Close %(month)s first.") % earlier, code="earlier_month_open")


def _row(operator: Operator, month: date) -> MonthClose:
    return MonthClose.objects.get_or_create(operator=operator, month=month)[0]


def _open_row(operator: Operator, month: date) -> MonthClose:
    if Locks.of(operator).is_closed(month):
        raise Conflict(_("This month is closed."), code="month_closed")
    return _row(operator, month)


def _verify(operator: Operator, month: date, locks: Locks) -> None:
    """Nothing may move a closed month; if a bug, or somebody with the database in hand, did, it is found the next night."""
    row = MonthClose.objects.get(operator=operator, month=month)
    now = closing.figures(closing.asked(operator, month, locks, row.checked_at or timezone.now()))
    kept = json.loads(row.figures)
    moved = [name for name in now if name != "energy_cost" and now[name] != kept.get(name)]
    if moved:
        logger.error("closed month moved operator=%s month=%s figures=%s", operator.slug, month, ",".join(moved))


def _count(row: MonthClose) -> None:
    """For the badge, which every page shows."""
    row.to_decide = len(worklist.picture(row).to_decide)
    MonthClose.objects.filter(pk=row.pk).update(to_decide=row.to_decide)


def _happened(row: MonthClose, kind: MonthCloseEvent.Kind, by: User, **facts: str) -> None:
    MonthCloseEvent.objects.create(month_close=row, kind=kind, by=by, **facts)


def _text(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)
