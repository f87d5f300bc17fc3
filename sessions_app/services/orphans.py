"""Evidence that nobody claimed, and what a person does about it: give it to the session it belongs to, or set it aside.

Either way the evidence stays as it was heard. An attached row becomes part of its session's evidence, so that a replay tells
the same story; the verdict beside it keeps who said so, when and why.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, User
from cms.core.errors import Conflict, Invalid
from sessions_app.models import ChargingSession, Evidence, OrphanVerdict

from . import books, decisions
from .recording import Recording

Actor = User | ApiKey | None
NEAREST = 8


@transaction.atomic
def attach(*, orphan: Evidence, session: ChargingSession, reason: str, by: Actor) -> ChargingSession:
    """The session is told again with it. Raises Invalid session or reason, Conflict orphan_settled, Forbidden."""
    _demand(orphan, by)
    if not _fits(orphan, session):
        raise Invalid({"session": [_("Choose a charge of the same charger and connector.")]})
    why = decisions.given(reason)
    held = books.by_id([session.pk])[session.pk]
    _settle(orphan, session, why, by)
    Evidence.objects.filter(pk=orphan.pk).update(session=session)
    recording = Recording()
    recording.retell(held)
    recording.finish()
    session.refresh_from_db()
    return session


@transaction.atomic
def set_aside(*, orphan: Evidence, reason: str, by: Actor) -> OrphanVerdict:
    """It is nobody's. Raises Invalid reason, Conflict orphan_settled, Forbidden."""
    _demand(orphan, by)
    return _settle(orphan, None, decisions.given(reason), by)


def candidates(orphan: Evidence) -> Sequence[ChargingSession]:
    """The sessions of its place that had begun by then, the nearest first."""
    there = ChargingSession.objects.filter(station=orphan.station_id, discarded=False)
    if orphan.evse_id:
        there = there.filter(Q(evse_id=orphan.evse_id) | Q(evse_id=None))
    begun = there.filter(started_at__lte=max(orphan.occurred_at, orphan.received_at))
    return list(begun.select_related("token", "driver__user").order_by("-started_at", "-pk")[:NEAREST])


def _demand(orphan: Evidence, by: Actor) -> None:
    if by is not None:
        access.demand(by, "session.correct", orphan.station)


def _fits(orphan: Evidence, session: ChargingSession) -> bool:
    if session.station_id != orphan.station_id:
        return False
    return not orphan.evse_id or session.evse_id in (None, orphan.evse_id)


def _settle(orphan: Evidence, session: ChargingSession | None, reason: str, by: Actor) -> OrphanVerdict:
    """Once only: two people may have the same list before them."""
    row = Evidence.objects.select_for_update(of=("self",)).get(pk=orphan.pk)
    if row.session_id is not None or OrphanVerdict.objects.filter(evidence=row).exists():
        raise Conflict(_("Somebody has settled this message already."), code="orphan_settled", evidence=row.pk)
    return OrphanVerdict.objects.create(evidence=row, session=session, reason=reason, by=decisions.named(by))
