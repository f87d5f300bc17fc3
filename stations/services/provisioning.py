"""Stations come, change and go. What others refer to is never deleted: it is archived, and its identity freed."""

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Operator, User
from cms.core.errors import Conflict, Invalid
from stations.models import EVSE, ChargingStation, Command, Connector, Location, StationCredential
from stations.models.station import SecurityProfile
from stations.services import announce, credentials, strangers

logger = logging.getLogger(__name__)

_IDENTITY = re.compile(r"(?!\.{1,2}$)[^\s/<>\"'\\]{1,48}")
_NEED_PASSWORD = (SecurityProfile.BASIC, SecurityProfile.BASIC_TLS)


def is_identity(text: str) -> bool:
    """1-48 printable characters without space and / < > " ' \\ (api-contract §2)."""
    return text.isprintable() and _IDENTITY.fullmatch(text) is not None


@transaction.atomic
def create(
    *,
    operator: Operator,
    identity: str,
    by: User | ApiKey | None,
    name: str = "",
    location: Location | None = None,
    security_profile: int | None = None,
    password: str | None = None,
) -> ChargingStation:
    """A station that may connect from now on. Without a profile: 1 when there is a password, else 0.

    Raises Invalid: identity malformed or taken (by anybody: it is the address on the wire), password missing for profile 1 or 2.
    """
    if not is_identity(identity):
        raise Invalid({"identity": [_("1 to 48 printable characters, without spaces and / < > \" ' \\.")]})
    profile = _profile(security_profile, password, has_password=False)
    try:
        with transaction.atomic():
            station = ChargingStation.objects.create(
                operator=operator, identity=identity, name=name, location=location, security_profile=profile
            )
    except IntegrityError as taken:
        raise Invalid({"identity": [_("This identity is already in use.")]}) from taken
    if password:
        credentials.store(station=station, password=password)
    strangers.forget(identity=identity)
    announce.stations([station.pk])
    logger.info("station created station=%s by=%s", identity, by)
    return station


@transaction.atomic
def change(
    *,
    station: ChargingStation,
    by: User | ApiKey | None,
    name: str | None = None,
    security_profile: int | None = None,
    password: str | None = None,
    assume_subprotocol: str | None = None,
) -> ChargingStation:
    """What is None stays. A password given without a profile raises profile 0 to 1. Raises Invalid as `create`."""
    has_password = StationCredential.objects.filter(station=station).exists()
    if security_profile is None and not (password and station.security_profile == SecurityProfile.NONE):
        security_profile = station.security_profile
    station.security_profile = _profile(security_profile, password, has_password=has_password)
    station.name = station.name if name is None else name
    if assume_subprotocol is not None:
        station.assume_subprotocol = assume_subprotocol
    station.save(update_fields=["name", "security_profile", "assume_subprotocol", "updated_at"])
    if password:
        credentials.store(station=station, password=password)
    announce.stations([station.pk])
    logger.info("station changed station=%s by=%s", station.identity, by)
    return station


@transaction.atomic
def place(*, station: ChargingStation, location: Location | None, by: User | ApiKey | None) -> None:
    """Puts a station at a location of its own operator, or nowhere."""
    if location and location.operator_id != station.operator_id:
        raise Invalid({"location": [_("This location belongs to another operator.")]})
    station.location = location
    station.save(update_fields=["location", "updated_at"])
    announce.stations([station.pk])


@transaction.atomic
def new_password(*, station: ChargingStation, by: User | ApiKey | None) -> str:
    """A random password, told once. The station needs it at its next connection."""
    password = credentials.new_password()
    change(station=station, by=by, password=password)
    return password


@transaction.atomic
def archive(*, station: ChargingStation, by: User | ApiKey | None) -> None:
    """Takes a station out of every list; its identity may be used again, its socket finds no home when it returns."""
    now = timezone.now()
    freed = f"{station.identity} #{station.pk}"
    archived = ChargingStation.objects.current().filter(pk=station.pk)
    if archived.update(identity=freed, archived_at=now, online=False, updated_at=now):
        announce.stations([station.pk])
        logger.info("station archived station=%s by=%s", station.identity, by)


def remove(*, station: ChargingStation, by: User | ApiKey | None) -> None:
    """Raises Conflict station_in_use where sessions, CDRs … refer to it. The row itself goes with `purge`: its socket may
    still be open, and what it says must find a place in the journal."""
    if in_use(station):
        raise Conflict(_("This station has sessions: archive it instead."), code="station_in_use")
    archive(station=station, by=by)


def in_use(station: ChargingStation) -> bool:
    """Does another room refer to the station or its EVSEs in a way that forbids deleting?"""
    return any(rows.exists() for rows in _references(station))


def _references(station: ChargingStation) -> Iterator[models.QuerySet[Any]]:
    for model, prefix in ((ChargingStation, ""), (EVSE, "__station")):
        for relation in model._meta.related_objects:
            other = relation.related_model
            if relation.on_delete is models.PROTECT and other._meta.app_label != ChargingStation._meta.app_label:
                yield other._base_manager.filter(**{f"{relation.field.name}{prefix}": station})


def purge(*, before: datetime) -> int:
    """Sweep: deletes stations archived before that time which nothing refers to. Returns how many."""
    gone = 0
    for station in ChargingStation.objects.filter(archived_at__lt=before, online=False):
        if not in_use(station):
            gone += _delete(station)
    return gone


def _delete(station: ChargingStation) -> bool:
    try:
        with transaction.atomic():
            Connector.objects.filter(evse__station=station).delete()
            EVSE.objects.filter(station=station).delete()
            Command.objects.filter(station=station).delete()
            station.delete()
    except ProtectedError:
        return False
    return True


def _profile(asked: int | None, password: str | None, *, has_password: bool) -> int:
    profile = asked if asked is not None else SecurityProfile.BASIC if password else SecurityProfile.NONE
    if profile not in SecurityProfile.values:
        raise Invalid({"security_profile": [_("0, 1, 2 or 3.")]})
    if profile in _NEED_PASSWORD and not (password or has_password):
        raise Invalid({"password": [_("Needed for security profiles 1 and 2.")]})
    return int(profile)
