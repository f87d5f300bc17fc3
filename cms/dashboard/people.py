"""Who charges, as far as the reader may know."""

from typing import Any

from django.utils.translation import gettext as _

from accounts import access
from sessions_app.models import ChargingSession


def who(session: ChargingSession, reader: Any) -> str:
    """By name to those who may see drivers, else by the tail of the card: its label may be a name."""
    if session.driver and access.can(reader, "driver.view", session):
        return str(session.driver)
    return session.token.masked if session.token else _("A guest")
