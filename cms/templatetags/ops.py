"""Links between the operator's pages."""

from typing import Any

from django import template
from django.template import Context
from django.utils.translation import gettext as _

from accounts import access
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from stations.views import links

register = template.Library()


@register.filter
def station_url(station: ChargingStation, tab: str = "") -> str:
    return links.page(station, tab)


@register.simple_tag(takes_context=True)
def who(context: Context, session: ChargingSession) -> str:
    """Who charges: by name to those who may see drivers, else by the tail of the card."""
    user: Any = context["request"].user
    if session.driver and access.can(user, "driver.view", session):
        return str(session.driver)
    return session.token.masked if session.token else _("A guest")  # its label may be a name
