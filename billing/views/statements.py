"""/ops/billing/statements/: what hosts get, and by which agreements."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.documents import statement
from billing.forms.shares import ShareForm
from billing.models import HostStatement
from billing.selectors import months, shares
from billing.services.month_end import statements
from cms.core.errors import Conflict, Invalid
from stations.models import Location

PAGE = 50


@members_only("statement.view")
@require_GET
def page(request: MemberRequest) -> HttpResponse:
    listed = Paginator(_mine(request), PAGE).get_page(request.GET.get("page"))
    may_edit = access.can(request.user, "month.close", request.operator)
    context: dict[str, Any] = {
        "page": listed,
        "may_edit": may_edit,
        "places": _places(request) if may_edit else [],
        "last": months.after(months.this(request.operator), -1),
    }
    return render(request, "operator/statements/page.html", context)


@members_only("statement.view")
@require_GET
def pdf(request: MemberRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(_mine(request), pk=pk)
    headers = {"Content-Disposition": f'inline; filename="{statement.stem(row)}.pdf"'}
    return HttpResponse(statement.pdf(row), content_type="application/pdf", headers=headers)


@members_only("month.close")
def agree(request: MemberRequest, pk: int) -> HttpResponse:
    """The agreement of a location: a new one from a month on; the old ones stay."""
    location = get_object_or_404(Location.objects.visible_to(request.user).filter(operator=request.operator), pk=pk)
    history = shares.history(location)
    form = ShareForm(request.POST or None, initial=_initial(request, history))
    if request.method == "POST" and form.is_valid():
        try:
            statements.agree(location=location, by=request.user, **form.cleaned_data)
        except Conflict as error:
            form.add_error("valid_from", error.text)
        except Invalid as error:
            for name, said in error.fields.items():
                form.add_error(name if name in form.fields else None, list(said))
        else:
            messages.success(request, _("Agreed with the host of %(place)s.") % {"place": location})
            return redirect("host_statements")
    context = {"form": form, "location": location, "history": history[::-1], "currency": request.operator.currency}
    return render(request, "operator/statements/agree.html", context, status=400 if form.errors else 200)


def _mine(request: MemberRequest) -> QuerySet[HostStatement]:
    return shares.statements(request.operator)


def _places(request: MemberRequest) -> list[tuple[Location, Any]]:
    """Every site with what is agreed for this month, those with a host first."""
    found = list(Location.objects.filter(operator=request.operator, archived_at=None).order_by("name", "pk"))
    agreed = shares.agreed([place.pk for place in found], months.this(request.operator))
    rows = [(place, share if (share := agreed.get(place.pk)) and not share.ended else None) for place in found]
    return sorted(rows, key=lambda row: row[1] is None)


def _initial(request: MemberRequest, history: list[Any]) -> dict[str, Any]:
    first = f"{months.this(request.operator):%Y-%m}"
    if not history:
        return {"valid_from": first, "language": request.operator.language}
    return {**{name: getattr(history[-1], name) for name in ShareForm.KEPT}, "valid_from": first}
