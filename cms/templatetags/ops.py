"""Links between the operator's pages."""

from django import template

from stations.models import ChargingStation
from stations.views import links

register = template.Library()


@register.filter
def station_url(station: ChargingStation, tab: str = "") -> str:
    return links.page(station, tab)
