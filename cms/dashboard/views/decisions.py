"""What a person decides about a charge, on its page or from the list of those that wait."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing.services.charges import rating
from cms.core.errors import Conflict, Invalid
from cms.dashboard import consequences, deciding
from cms.dashboard.deciding import CorrectionForm, Decision, ReasonForm
from cms.dashboard.views import sessions
from sessions_app.models import ChargingSession
from sessions_app.services import decisions


@require_POST
@members_only("session.view")
def decide(request: MemberRequest, pk: int, kind: str) -> HttpResponse:
    """What is wrong is shown in the dialog with nothing lost. A correction first shows what it costs."""
    session = sessions.mine(request, pk)
    decision = deciding.DECISIONS[kind]
    access.demand(request.user, decision.right, session)
    with timezone.override(sessions.zone(session)):
        form = decision.form.about(session, kind, request.POST)
        form.is_valid()
    try:
        shown = _decided(request, session, decision, form)
    except Conflict as error:
        messages.error(request, error.text)
        return redirect("dashboard:session", pk=pk)
    if shown is not None:
        return sessions.show(
            request, session, asks=kind, form=form, consequence=shown, status=400 if form.errors else 200
        )
    rating.rate_many([pk])
    messages.success(request, str(decision.done))
    return redirect("dashboard:session", pk=pk)


def _decided(request: MemberRequest, session: ChargingSession, decision: Decision, form: ReasonForm) -> str | None:
    """None: it is done. Else what the dialog says now ("": as before)."""
    if form.errors:
        return ""
    try:
        if isinstance(form, CorrectionForm) and form.cleaned_data["previewed"] != form.figures:
            return _preview(request, session, decision, form)
        decision.apply(session, form, request.user)
    except Invalid as refused:
        errors.place(form, refused, names={"energy_wh": "energy_kwh"})
        return ""
    return None


def _preview(request: MemberRequest, session: ChargingSession, decision: Decision, form: CorrectionForm) -> str:
    after = consequences.tried(session, lambda one: decision.apply(one, form, request.user))
    form.data = {**form.data.dict(), "previewed": form.figures}  # type: ignore[attr-defined]  # a QueryDict, as posted
    return consequences.of_correction(sessions.bill(session), after)


@require_POST
@members_only("session.view")
def accept_at_once(request: MemberRequest, pk: int) -> HttpResponse:
    """The one click of the list."""
    session = sessions.mine(request, pk)
    try:
        decisions.accept(session=session, reason=_("Looked at in the list"), by=request.user)
    except Conflict as error:
        messages.error(request, error.text)
    else:
        rating.rate_many([pk])
        messages.success(request, _("Charge %(number)s accepted as it is.") % {"number": pk})
    return redirect(reverse("dashboard:sessions") + "?view=review")
