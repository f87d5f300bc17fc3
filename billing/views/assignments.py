"""Where and for whom a tariff holds, and why one of several prices wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.models import Operator
from billing.forms.assignments import AssignForm
from billing.models import Tariff, TariffAssignment
from billing.selectors import conflicts
from billing.selectors import tariffs as selectors
from billing.services.prices import assigning
from billing.views import editing
from cms.core.errors import DomainError, Invalid

NAMED = 4  # prices that a sentence names


@dataclass(frozen=True, slots=True)
class Holding:
    """`where` and `who` in words; `begins` later, or None where it counts already; `ends` for an end that is scheduled."""

    row: TariffAssignment
    where: str
    who: str
    begins: datetime | None = None
    ends: bool = False

    @property
    def default(self) -> bool:
        return selectors.everywhere(self.row)

    @property
    def rank(self) -> str:
        """When it is asked, in words; see selectors.assignments."""
        place, person = _rank_of_place(self.row), _rank_of_people(self.row)
        return "; ".join(said for said in (person, place) if said)

    @property
    def key(self) -> str:
        return str(self.row.pk)


def holdings(tariff: Tariff) -> list[Holding]:
    """Of one tariff: what counts now in the order in which it is asked, then what waits."""
    now = timezone.now()
    found = [_said(row) for row in selectors.current(tariff.operator, now) if row.tariff_id == tariff.pk]
    mine = {selectors.mark(holding.row) for holding in found}
    for row in selectors.waiting(tariff.operator, now):
        if row.tariff_id == tariff.pk:
            found.append(_said(row, begins=row.valid_from))
            mine.add(selectors.mark(row))
        elif selectors.mark(row) in mine:
            found.append(_said(row, begins=row.valid_from, ends=True))
    return found


def _said(row: TariffAssignment, **facts: Any) -> Holding:
    return Holding(row, where(row), who(row), **facts)


def _rank_of_people(row: TariffAssignment) -> str:
    if row.plan:
        return _("asked before every other price")
    if row.driver_group:
        return _("asked after plans")
    if row.partner:
        return _("asked after plans and groups")
    if row.ad_hoc:
        return _("asked before the price for everybody")
    return "" if not selectors.everywhere(row) else _("asked last: where nothing else holds")


def _rank_of_place(row: TariffAssignment) -> str:
    if row.evse:
        return _("before its station")
    if row.station:
        return _("before its site")
    return _("before what holds everywhere") if row.location or row.power_type else ""


def where(row: TariffAssignment) -> str:
    place = row.evse or row.station or row.location
    said = str(place) if place else _("everywhere")
    return said if not row.power_type else f"{said}, {row.get_power_type_display()}"


def unsaved(operator: Operator, **scope: Any) -> TariffAssignment:
    """To be spoken of: what `forms.assignments.ScopeForm.scope` gives."""
    return TariffAssignment(operator=operator, **scope)


def somebody(row: TariffAssignment) -> bool:
    """For some people only?"""
    return bool(row.plan or row.driver_group or row.partner or row.ad_hoc)


def who(row: TariffAssignment) -> str:
    if row.plan:
        return _("plan %(name)s") % {"name": row.plan}
    if row.driver_group:
        return _("group %(name)s") % {"name": row.driver_group}
    if row.partner:
        return _("roaming partner %(name)s") % {"name": row.partner}
    return _("people without an account") if row.ad_hoc else _("everybody")


def met(row: TariffAssignment) -> list[str]:
    """What it meets, a sentence each."""
    found = conflicts.of(row, timezone.now())
    said = []
    if found.replaces is not None and found.replaces.tariff_id != row.tariff_id:
        said.append(_("It takes the place of %(tariff)s there.") % {"tariff": found.replaces.tariff})
    if found.followed_by is not None:
        at = date_format(timezone.localtime(found.followed_by.valid_from), "DATETIME_FORMAT")
        if found.followed_by.tariff is None:
            said.append(_("It ends there on %(at)s.") % {"at": at})
        else:
            words = {"tariff": found.followed_by.tariff, "at": at}
            said.append(_("%(tariff)s takes over there on %(at)s.") % words)
    if found.before:
        said.append(_("Asked before it: %(names)s.") % {"names": _named(found.before)})
    if found.after:
        said.append(_("Asked after it: %(names)s.") % {"names": _named(found.after)})
    return said


def _named(rows: Sequence[TariffAssignment]) -> str:
    names = [f"{row.tariff} ({where(row)}, {who(row)})" for row in rows[:NAMED]]
    rest = len(rows) - NAMED
    return "; ".join([*names, ngettext("%(n)s more", "%(n)s more", rest) % {"n": rest}] if rest > 0 else names)


@members_only("tariff.edit")
def assign(request: MemberRequest, pk: int) -> HttpResponse:
    """GET says what an assignment would meet, POST makes it. What makes no sense comes back with what was typed."""
    tariff = editing.mine(request, pk)
    if request.method != "POST":
        return _tried(request, tariff)
    form = AssignForm(request.POST, operator=request.operator)
    if form.is_valid():
        meets = met(_wanted(form, tariff))
        try:
            row = assigning.assign(
                tariff=tariff,
                operator=request.operator,
                by=request.user,
                valid_from=form.cleaned_data["valid_from"],
                valid_until=form.cleaned_data["valid_until"],
                **form.scope(),
            )
        except Invalid as error:
            errors.place(form, error, names={"plan": "who", "driver_group": "who", "ad_hoc": "who"})
        except DomainError as error:
            form.add_error(None, error.text)
        else:
            words = {"tariff": tariff, "where": where(row), "who": who(row)}
            later = row.valid_from > timezone.now()
            said = _("%(tariff)s is scheduled: %(where)s, %(who)s.") if later else _("%(tariff)s holds from now on: %(where)s, %(who)s.")  # fmt: skip
            messages.success(request, " ".join([said % words, *meets]))
            return redirect("tariff", pk=pk)
    return render(request, "operator/tariffs/assign.html", {"tariff": tariff, "assign": form}, status=400)


def _wanted(form: AssignForm, tariff: Tariff) -> TariffAssignment:
    return unsaved(form.operator, tariff=tariff, valid_from=form.cleaned_data["valid_from"], **form.scope())


def _tried(request: MemberRequest, tariff: Tariff) -> HttpResponse:
    form = AssignForm(request.GET if request.GET else None, operator=request.operator)
    context: dict[str, Any] = {"tariff": tariff, "assign": form}
    if form.is_valid():
        row = _wanted(form, tariff)
        context |= {"met": met(row), "where": where(row), "who": who(row)}
    part = "meets" if request.headers.get("HX-Request") else "assign"
    return render(request, f"operator/tariffs/{part}.html", context)


@require_POST
@members_only("tariff.edit")
def end(request: MemberRequest, pk: int, assignment: int) -> HttpResponse:
    """From now on the next best price counts there; something that has not begun never does."""
    tariff = editing.mine(request, pk)
    mine = TariffAssignment.objects.filter(operator=request.operator).select_related(*selectors.WITH_NAMES)
    row = get_object_or_404(mine, pk=assignment)
    later = row.valid_from > timezone.now()
    try:
        assigning.end(row=row, by=request.user)
    except DomainError as error:
        messages.error(request, error.text)
    else:
        said = _("Called off: %(where)s, %(who)s.") if later else _("Ended: %(where)s, %(who)s.")
        messages.success(request, said % {"where": where(row), "who": who(row)})
    return redirect("tariff", pk=tariff.pk)
