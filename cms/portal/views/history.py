"""`/history/`: what I charged and what it cost, month by month, and the same as a file for expenses."""

import base64
import hashlib

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.doors import PersonRequest
from cms.portal import expenses, rides
from cms.portal.selectors import history
from sessions_app.models import ChargingSession

PAGE = 50


@login_required
def page(request: PersonRequest) -> HttpResponse:
    months = history.months(request.user)
    asked = history.parse(request.GET.get("month", ""))
    month = next((m for m in months if m.first == asked), months[0] if months else None)
    charges = history.charges(request.user, month.first) if month else ChargingSession.objects.none()
    context = {
        "under_way": rides.under_way(request.user, at=timezone.now()),
        "months": months,
        "month": month,
        "page": Paginator(charges, PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "driver/history.html", context)


@login_required
def export(request: PersonRequest) -> HttpResponse:
    """The driver’s own charges: at once and kept nowhere, so with its checksum (RFC 9530). Files of an operator are jobs."""
    month = history.parse(request.GET.get("month", ""))
    name = f"colonnina-{month:%Y-%m}.csv" if month else "colonnina.csv"
    content = expenses.of(request.user, month).encode()
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Repr-Digest": f"sha-256=:{digest}:"}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
