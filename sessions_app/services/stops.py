"""Remote stops: the station is asked, and only the station ends the session (OCPP 1.6 §5.12, 2.0.1 F03)."""

from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, User
from cms.core.errors import Conflict
from sessions_app.models import ChargingSession
from stations.models import Command
from stations.services import commands
from stations.vocabulary.commands import RequestStop


def remote(*, session: ChargingSession, by: User | ApiKey | None) -> Command:
    """Raises Conflict session_not_active or station_offline. A refusal by the station leaves the session running."""
    if by is not None and not _own(by, session):
        access.demand(by, "session.stop", session)
    if session.status != ChargingSession.Status.ACTIVE:
        raise Conflict(_("This session is not running."), code="session_not_active", session=session.pk)
    return commands.request(station=session.station, command=RequestStop(session.transaction_id), by=by)


def _own(by: User | ApiKey, session: ChargingSession) -> bool:
    return isinstance(by, User) and session.driver is not None and session.driver.user_id == by.pk
