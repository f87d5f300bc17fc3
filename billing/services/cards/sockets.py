"""Is a socket still to be had? Asked before anybody is asked for money, and again before the station is."""

from django.utils import timezone
from django.utils.translation import gettext as _

from cms.core.errors import Conflict
from sessions_app.models import ChargingSession, StartRequest
from stations.models import EVSE


def demand_free(evse: EVSE) -> None:
    """Raises Conflict station_offline, evse_busy."""
    if not evse.station.online:
        raise Conflict(_("The station is not connected."), code="station_offline")
    if taken(evse):
        raise Conflict(_("Somebody else is charging here."), code="evse_busy")


def taken(evse: EVSE) -> bool:
    """Does a charge run at this socket, or is one about to begin?"""
    running = ChargingSession.objects.active().filter(station=evse.station_id, evse_id=evse.evse_id)
    return running.exists() or awaited(evse)


def awaited(evse: EVSE) -> bool:
    """Has somebody asked for a start here whose car is still to come?"""
    asked = StartRequest.objects.filter(
        status=StartRequest.Status.WAITING, station=evse.station_id, evse_id=evse.evse_id
    )
    return asked.filter(expires_at__gt=timezone.now()).exists()
