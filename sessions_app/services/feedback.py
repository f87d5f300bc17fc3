"""Stars for a charge that has ended, from whoever may see its receipt."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from cms.core.errors import Conflict, Invalid
from sessions_app.models import ChargingSession, Feedback
from sessions_app.models.feedback import LEAST, MOST

OPEN_FOR = timedelta(days=14)  # after that nobody remembers which charge it was


def open_until(session: ChargingSession) -> datetime | None:
    """None where there is nothing to say of it: it runs, or was no charge."""
    ended = session.stopped_received_at or session.stopped_at  # by our clock where we heard of it
    if ended is None or session.status == ChargingSession.Status.ACTIVE or session.discarded:
        return None
    return ended + OPEN_FOR


def give(*, session: ChargingSession, stars: int) -> Feedback:
    """Once per charge; the last word counts. Raises Invalid stars, Conflict feedback_closed."""
    if not LEAST <= stars <= MOST:
        raise Invalid({"stars": [_("One to five stars.")]})
    until = open_until(session)
    if until is None or timezone.now() > until:
        raise Conflict(_("This charge cannot be rated any more."), code="feedback_closed")
    given, _new = Feedback.objects.update_or_create(session=session, defaults={"stars": stars})
    return given
