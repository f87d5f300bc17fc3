"""What a person decides about a session: each decision is evidence like any other, with who and why; nothing is ever edited.

A decision changes the session; the rating sweep then credits what was billed and bills anew (a revision of the CDR).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, User
from cms.core import energy
from cms.core.errors import Conflict, Invalid
from sessions_app import lifecycle
from sessions_app.engine import project
from sessions_app.engine.evidence import ACCEPTED, CLOSED, CORRECTED, DISCARDED
from sessions_app.models import ChargingSession

from . import books
from .books import Held
from .recording import Recording

Actor = User | ApiKey | None
MAX_WH = Decimal(10_000_000)  # ten MWh: no charge takes as much


@transaction.atomic
def close(*, session: ChargingSession, reason: str = "", by: Actor) -> ChargingSession:
    """Ends it in our books only, where it was last seen to charge. Raises Conflict session_not_active, Forbidden."""
    held = _hold(session, "session.close", by)
    if held.state.status != lifecycle.ACTIVE:
        raise Conflict(_("This session is not running."), code="session_not_active", session=session.pk)
    last = project.last_sign(held.state) or timezone.now()
    return _decide(session, held, CLOSED, by, occurred_at=last, reason=reason or "Other")


@transaction.atomic
def correct(
    *, session: ChargingSession, energy_wh: Decimal, stopped_at: datetime, reason: str, by: Actor
) -> ChargingSession:
    """How much it was and when it ended, whatever the station said. Raises Invalid energy_wh, stopped_at or reason; Forbidden."""
    held = _hold(session, "session.correct", by)
    if not 0 <= energy_wh <= MAX_WH:
        raise Invalid({"energy_wh": [_("Give the energy between 0 and 10,000 kWh.")]})
    if not session.started_at <= stopped_at <= timezone.now():
        raise Invalid({"stopped_at": [_("The end lies between the start and now.")]})
    meter = energy.to_mwh(energy_wh)
    return _decide(session, held, CORRECTED, by, occurred_at=stopped_at, reason=given(reason), meter=meter)


@transaction.atomic
def accept(*, session: ChargingSession, reason: str, by: Actor) -> ChargingSession:
    """Lets it stand as it is: what it is in review for now is answered. Raises Conflict session_not_in_review, Forbidden."""
    held = _hold(session, "session.correct", by)
    reasons = tuple(filter(None, project.project(held.state).review.split(",")))
    if not reasons:
        raise Conflict(
            _("There is nothing to decide about this charge."), code="session_not_in_review", session=session.pk
        )
    return _decide(session, held, ACCEPTED, by, reason=given(reason), reasons=reasons)


@transaction.atomic
def discard(*, session: ChargingSession, reason: str, by: Actor) -> ChargingSession:
    """It was no charge: a test, a ghost of the station. It costs nothing and counts in no report; its evidence stays. Raises
    Conflict session_discarded, Forbidden."""
    held = _hold(session, "session.correct", by)
    if held.state.discarded_at is not None:
        raise Conflict(_("This charge has been discarded already."), code="session_discarded", session=session.pk)
    return _decide(session, held, DISCARDED, by, reason=given(reason))


def _hold(session: ChargingSession, action: str, by: Actor) -> Held:
    if by is not None:
        access.demand(by, action, session)
    return books.by_id([session.pk])[session.pk]


def given(reason: str) -> str:
    """Raises Invalid reason where nobody says why."""
    reason = reason.strip()
    if not reason:
        raise Invalid({"reason": [_("Say why: the reason is kept with the charge.")]})
    return reason[:500]


def named(by: Actor) -> str:
    """user:<pk> or apikey:<pk>, as facts keep it; "" where nobody in person decided."""
    return "" if by is None else f"{by._meta.model_name}:{by.pk}"


def _decide(session: ChargingSession, held: Held, kind: str, by: Actor, **facts: Any) -> ChargingSession:
    now = timezone.now()
    facts.setdefault("occurred_at", now)
    recording = Recording()
    recording.say(kind, held, received_at=now, by=named(by), **facts)
    recording.finish()
    session.refresh_from_db()
    return session
