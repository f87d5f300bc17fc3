"""Addresses of a station's pages, and how a station is found again from one."""

from urllib.parse import quote, urlsplit

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.models import User
from stations.models import ChargingStation

# last segments of /ops/stations/… that are pages: a station of that name is addressed by its number
RESERVED = frozenset({"new", "unknown"})


def key(station: ChargingStation) -> str:
    return str(station.pk) if station.identity in RESERVED or station.identity.isdecimal() else station.identity


def page(station: ChargingStation, tab: str = "") -> str:
    path = reverse("dashboard:station", args=[key(station)])
    return f"{path}?tab={quote(tab)}" if tab else path


def station_or_404(user: User, wanted: str) -> ChargingStation:
    """By identity, or by primary key where the key is a number. Strangers' stations do not exist."""
    if not wanted.isprintable():  # PostgreSQL refuses NUL
        raise Http404
    mine = ChargingStation.objects.visible_to(user).select_related("location", "operator")
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 19:
        by_number = mine.filter(pk=int(wanted)).first()
        if by_number is not None:
            return by_number
    return get_object_or_404(mine, identity=wanted)


def zone_name(station: ChargingStation) -> str:
    """The site's own time zone, else the operator's."""
    return station.location.time_zone if station.location else station.operator.time_zone


def websocket_base() -> str:
    """What a station that appends its identity by itself is given."""
    parts = urlsplit(settings.PUBLIC_URL)
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}{parts.path.rstrip('/')}/ocpp/"


def websocket(station: ChargingStation) -> str:
    return websocket_base() + quote(station.identity, safe="")
