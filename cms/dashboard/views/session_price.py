"""`/ops/sessions/<id>/price/`: why a charge costs what it costs, from the assignment that won to the last cent."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.doors import MemberRequest, members_only
from billing.selectors import explanations
from billing.views import assignments
from cms.dashboard.views import sessions


@require_safe
@members_only("session.view")
def page(request: MemberRequest, pk: int) -> HttpResponse:
    session = sessions.mine(request, pk)
    told = explanations.of(session, get_language() or "it")
    context = {
        "session": session,
        "told": told,
        "looked_up": [
            (one, assignments.where(one.assignment), assignments.who(one.assignment)) for one in told.considered
        ],
        "zone": sessions.zone(session).key,
    }
    return render(request, "operator/sessions/price.html", context)
