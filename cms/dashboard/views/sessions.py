"""/ops/sessions/: every charge, and one of them from plug to price."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.models import User
from billing import pricing
from billing.documents import pdf
from billing.models import CDR
from cms import charts
from cms.core.errors import Conflict
from cms.dashboard import (
    blocks,
    consequences,
    cost_panel,
    deciding,
    evidence_card,
    people,
    revisions,
    signed_panel,
    stages,
    story,
)
from cms.dashboard.deciding import ReasonForm
from cms.dashboard.selectors import review, sessions
from cms.templatetags import figures
from sessions_app import selectors as told
from sessions_app.models import ChargingSession, Evidence
from sessions_app.selectors import feedback
from sessions_app.services import stops
from stations.models import Command, Location

PAGE = 50
STOPS = ("RemoteStopTransaction", "RequestStopTransaction")


@members_only("session.view")
def page(request: MemberRequest) -> HttpResponse:
    filters = sessions.Filters.read(request.GET.dict())
    waiting = filters.view == "review"
    matching = sessions.matching(request.operator, filters)
    found = Paginator(review.by_stake(matching) if waiting else matching, PAGE).get_page(request.GET.get("page"))
    running, watts = sessions.totals(request.operator)
    context = {
        "filters": filters,
        "page": found,
        "facets": sessions.facets(request.operator, filters),
        "sites": Location.objects.filter(operator=request.operator, archived_at=None).order_by("name"),
        "running": running,
        "watts": watts,
        "topic": f"operator:{request.operator.pk}",
    }
    rows = blocks.Block("operator/sessions/rows.html", lambda: {"rows": _rows(found)})
    if waiting:
        rows = blocks.Block("operator/sessions/review.html", lambda: _waiting(request, found))
    shown = {"rows": rows}
    return blocks.page(request, "operator/sessions/list.html", context, shown)


@members_only("session.view")
def session(request: MemberRequest, pk: int) -> HttpResponse:
    return show(request, mine(request, pk))


def show(
    request: MemberRequest,
    session: ChargingSession,
    *,
    asks: str = "",
    form: ReasonForm | None = None,
    consequence: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page of one charge. `asks` is the decision whose dialog stands open, `form` as it was filled in, `consequence` what it
    says instead of what it says to everybody."""
    asked = _Asked(session, get_language() or "it", request.user)
    context = {
        "session": session,
        "zone": asked.zone.key,
        "topic": f"session:{session.pk}",
        "may_stop": access.can(request.user, "session.stop", session),
        "may_see_messages": access.can(request.user, "messages.view", session),
        "may_see_documents": access.can(request.user, "invoice.view", session),
        "may_credit": access.can(request.user, "invoice.issue", session),
        "decisions": deciding.open_to(request.user, session),
    }
    shown = {
        "head": blocks.Block("operator/sessions/head.html", asked.head),
        "curve": blocks.Block("operator/sessions/curve.html", asked.curve),
        "facts": blocks.Block("operator/sessions/facts.html", asked.facts),
        "proof": blocks.Block("operator/sessions/evidence.html", asked.evidence),
        "dialogs": blocks.Block(
            "operator/sessions/decisions.html",
            lambda: {
                "bill": asked.bill,
                "dialogs": asked.dialogs(asks or request.GET.get("ask", ""), form, consequence),
            },
        ),
    }
    return blocks.page(request, "operator/sessions/session.html", context, shown, status)


@require_POST
@members_only("session.view")
def stop(request: MemberRequest, pk: int) -> HttpResponse:
    found = mine(request, pk)
    try:
        stops.remote(session=found, by=request.user)
    except Conflict as error:
        messages.error(request, error.text)
    else:
        messages.success(request, _("Stop: on its way."))
    return redirect("dashboard:session", pk=pk)


@members_only("session.view")
def receipt(request: MemberRequest, pk: int) -> HttpResponse:
    """The PDF that the driver gets."""
    session = mine(request, pk)
    access.demand(request.user, "invoice.view", session)
    cdr = get_object_or_404(CDR.objects.standing(), session=session)
    content = pdf.receipt(cdr, (get_language() or "it")[:2])
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="colonnina-{cdr.pk}.pdf"'},
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """`lasted`: how long it took, or takes so far; `cdr` None before it is priced."""

    session: ChargingSession
    lasted: timedelta
    cdr: CDR | None
    reason: str


def _waiting(request: MemberRequest, found: Iterable[ChargingSession]) -> Mapping[str, Any]:
    """The working list: why each waits, what is at stake, since when."""
    return {
        "rows": [(row, story.doubts(row.session)) for row in _rows(found)],
        "stake": review.at_stake(request.operator),
        "orphans": review.orphans(request.operator).count(),
        "may_decide": access.can(request.user, "session.correct", request.operator),
    }


def _rows(found: Iterable[ChargingSession]) -> list[_Row]:
    now, listed = timezone.now(), list(found)
    prices = sessions.prices(listed)
    return [
        _Row(
            session,
            (session.stopped_at or now) - session.started_at,
            prices.get(session.pk),
            story.reason(session) if session.stopped_at else "",
        )
        for session in listed
    ]


def zone(session: ChargingSession) -> ZoneInfo:
    """Of the site."""
    return pricing.zone_of(session)


def bill(session: ChargingSession) -> sessions.Bill:
    return sessions.bill(session, get_language() or "it")


def mine(request: MemberRequest, pk: int) -> ChargingSession:
    mine = ChargingSession.objects.visible_to(request.user)
    return get_object_or_404(mine.select_related("station", "location", "operator", "token", "driver__user"), pk=pk)


@dataclass(frozen=True, slots=True)
class _Dialog:
    """`sure`: the consequence is that of what was typed."""

    decision: deciding.Decision
    form: ReasonForm
    consequence: str
    open: bool
    sure: bool


@dataclass(frozen=True)
class _Asked:
    """The blocks of one charge's page."""

    session: ChargingSession
    language: str
    reader: User

    @property
    def zone(self) -> ZoneInfo:
        return pricing.zone_of(self.session)

    @cached_property
    def bill(self) -> sessions.Bill:
        return sessions.bill(self.session, self.language)

    @cached_property
    def points(self) -> Sequence[told.CurvePoint]:
        return told.curve(self.session)

    @cached_property
    def events(self) -> Sequence[story.Event]:
        return story.events(self.session, self.points, self.bill, people.who(self.session, self.reader))

    def head(self) -> Mapping[str, Any]:
        now = timezone.now()
        command = self._stop_command()
        over = self.session.stopped_at or now
        return {
            "bill": self.bill,
            "story": story.summary(self.session, self.bill, people.who(self.session, self.reader)),
            "doubts": story.doubts(self.session),
            "lasted": over - self.session.started_at,
            "stars": feedback.of(self.session),
            "steps": stages.of(command, now=now, zone=self.zone) if command and not self.session.stopped_at else [],
        }

    def curve(self) -> Mapping[str, Any]:
        bill, points = self.bill, self.points
        inside = [event for event in self.events if bill.cdr is None or event.at < bill.cdr.created_at]
        running = self.session.stopped_at is None
        chart = charts.session(
            [charts.Point(p.at, p.power_w, p.energy_wh, p.soc) for p in points],
            zone=self.zone,
            events=[charts.Event(event.number, event.at) for event in inside],
            blocks=cost_panel.blocks(bill.cost) if bill.cost else (),
            currency=bill.cost.currency if bill.cost else "EUR",
            running=running,
        )
        best = max((point.power_w or 0 for point in points), default=0)
        answer = _("%(power)s at best.") % {"power": figures.kw(best)} if best else _("No power was reported.")
        return {"chart": chart, "answer": answer}

    def facts(self) -> Mapping[str, Any]:
        return {
            "bill": self.bill,
            "events": self.events,
            "evidence": Evidence.objects.filter(session=self.session).count(),
            "signed": signed_panel.of(self.session, self.reader),
            "continues": told.earlier_by_session([self.session]).get(self.session.pk, ())[-1:],
        }

    def evidence(self) -> Mapping[str, Any]:
        return {
            "card": evidence_card.of(self.session, self.zone),
            "revisions": revisions.of(self.session, bills=access.can(self.reader, "invoice.view", self.session)),
        }

    def dialogs(self, asks: str, form: ReasonForm | None, consequence: str) -> list[_Dialog]:
        """One per decision that is open to the reader."""
        with timezone.override(self.zone):
            return [
                _Dialog(
                    decision,
                    form
                    if form is not None and asks == decision.kind
                    else decision.form.about(self.session, decision.kind),
                    consequence
                    if consequence and asks == decision.kind
                    else consequences.of(decision.kind, self.session, self.bill),
                    asks in (decision.kind, f"ask-{decision.kind}"),
                    bool(consequence) and asks == decision.kind,
                )
                for decision in deciding.open_to(self.reader, self.session)
            ]

    def _stop_command(self) -> Command | None:
        asked = Command.objects.filter(station=self.session.station_id, action__in=STOPS)
        mine = asked.filter(payload__contains=self.session.transaction_id)
        return mine.order_by("-pk").first()
