"""A running session as it is now."""

from sessions_app.models import ChargingSession
from stations.models import Connector


def charging_state(session: ChargingSession) -> str:
    """2.x stations say it with the transaction (Charging, SuspendedEV, SuspendedEVSE, EVConnected, Idle); of a 1.6 session it
    is what its connector reports. "" where nobody said anything, and after the end."""
    if session.status != ChargingSession.Status.ACTIVE:
        return ""
    if session.charging_state or session.evse_id is None:
        return session.charging_state
    connectors = Connector.objects.filter(evse__station=session.station_id, evse__evse_id=session.evse_id)
    if session.connector_id is not None:
        connectors = connectors.filter(connector_id=session.connector_id)
    return connectors.values_list("status", flat=True).first() or ""
