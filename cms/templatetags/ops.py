"""Links between the operator's pages."""

from django import template
from django.template import Context
from django.utils.functional import Promise

from cms.dashboard import people, story
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from stations.views import links

register = template.Library()


@register.filter
def station_url(station: ChargingStation, tab: str = "") -> str:
    return links.page(station, tab)


@register.simple_tag(takes_context=True)
def who(context: Context, session: ChargingSession) -> str:
    return people.who(session, context["request"].user)


@register.filter
def doubts(session: ChargingSession) -> list[Promise | str]:
    """Why it is in review, in words."""
    return story.doubts(session)
