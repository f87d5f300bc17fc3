"""Firmware updates and their phases (1.6 §6.19, 2.0.1 L01). The proof is the version in the next BootNotification."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from cms.core.errors import Conflict
from stations.models import ChargingStation, FirmwareUpdate
from stations.services import announce, commands
from stations.vocabulary.commands import UpdateFirmware
from stations.vocabulary.events import FirmwareStatusReported

Status = FirmwareUpdate.Status

# What the station says → how far it is. Idle says nothing.
PHASES = {
    "DownloadScheduled": Status.DOWNLOADING,
    "Downloading": Status.DOWNLOADING,
    "DownloadPaused": Status.DOWNLOADING,
    "Downloaded": Status.DOWNLOADED,
    "SignatureVerified": Status.DOWNLOADED,
    "InstallScheduled": Status.INSTALLING,
    "Installing": Status.INSTALLING,
    "InstallRebooting": Status.INSTALLING,
    "Installed": Status.INSTALLED,
    "DownloadFailed": Status.FAILED,
    "InvalidSignature": Status.FAILED,
    "InstallationFailed": Status.FAILED,
    "InstallVerificationFailed": Status.FAILED,
}
_ORDER = [Status.REQUESTED, Status.DOWNLOADING, Status.DOWNLOADED, Status.INSTALLING, Status.INSTALLED]
OPEN = _ORDER[:-1]
NO_NEWS = timedelta(hours=24)


@transaction.atomic
def update(
    *,
    station: ChargingStation,
    url: str,
    retrieve_at: datetime,
    by: User | ApiKey | None,
    version_expected: str = "",
) -> FirmwareUpdate:
    """Asks the station to fetch `url` not before `retrieve_at` (cut to the second, UTC) and to install it.

    Raises Conflict station_offline, not_supported, and update_running while another one is open.
    """
    if FirmwareUpdate.objects.filter(station=station, status__in=OPEN).exists():
        raise Conflict(str(_("Another firmware update is still running.")), code="update_running")
    number = commands.request_number()
    retrieve_at = retrieve_at.replace(microsecond=0)
    command = commands.request(station=station, command=UpdateFirmware(url, number, retrieve_at), by=by)
    return FirmwareUpdate.objects.create(
        station=station,
        request_id=number,
        command=command,
        url=url,
        retrieve_at=retrieve_at,
        version_before=station.firmware_version,
        version_expected=version_expected,
    )


def reported(events: Sequence[FirmwareStatusReported]) -> None:
    """Moves the station's open update forward; a report that nobody asked for is only in the journal. Phases never go back,
    since queued reports arrive late."""
    if not any(event.status in PHASES for event in events):
        return
    open_updates = FirmwareUpdate.objects.filter(
        station__in={event.station.id for event in events}, status__in=OPEN
    ).order_by("id")
    by_station = {update.station_id: update for update in open_updates}
    for event in events:
        update = by_station.get(event.station.id)
        if update and event.status in PHASES and event.request_id in (None, update.request_id):
            _move(update, event)


def _move(update: FirmwareUpdate, event: FirmwareStatusReported) -> None:
    phase = PHASES[event.status]
    if update.status not in OPEN or (phase in _ORDER and _ORDER.index(phase) < _ORDER.index(Status(update.status))):
        return
    update.status, update.detail = phase, event.status
    update.completed_at = event.received_at if phase not in OPEN else None
    update.save(update_fields=["status", "detail", "completed_at", "updated_at"])
    announce.job(station_id=update.station_id)


def booted(versions: Mapping[int, tuple[str, datetime]]) -> None:
    """`versions`: stations that came back with another firmware version → which, and when. Ends the open update: some never
    send Installed (quirk 91), others do so before they restart."""
    if not versions:
        return
    unproved = models.Q(status__in=OPEN) | models.Q(status=Status.INSTALLED, version_after="")
    for update in FirmwareUpdate.objects.filter(unproved, station__in=versions):
        update.version_after, at = versions[update.station_id]
        as_expected = update.version_expected in ("", update.version_after)
        update.status = Status.INSTALLED if as_expected else Status.FAILED
        update.detail, update.completed_at = "Installed" if as_expected else "OtherVersion", at
        update.save(update_fields=["version_after", "completed_at", "status", "detail", "updated_at"])
        announce.job(station_id=update.station_id)


def refused(command_ids: Collection[int]) -> None:
    """The station said no, or nothing."""
    _fail(FirmwareUpdate.objects.filter(command__in=command_ids, status=Status.REQUESTED), "Refused")


def give_up(*, now: datetime) -> int:
    """Sweep: updates without news a day after they were due. Returns how many."""
    due = now - NO_NEWS
    return _fail(FirmwareUpdate.objects.filter(status__in=OPEN, retrieve_at__lt=due, updated_at__lt=due), "NoNews")


def _fail(updates: models.QuerySet[FirmwareUpdate], detail: str) -> int:
    failed = dict(updates.values_list("id", "station_id"))
    now = timezone.now()
    FirmwareUpdate.objects.filter(id__in=failed, status__in=OPEN).update(
        status=Status.FAILED, detail=detail, completed_at=now, updated_at=now
    )
    for station in failed.values():
        announce.job(station_id=station)
    return len(failed)


def describe(update: FirmwareUpdate) -> str:
    """One sentence: how far it is, and what went wrong."""
    if update.status != Status.FAILED:
        return str(update.get_status_display())
    facts = {"version": update.version_after or update.version_before or "?", "word": update.detail}
    return str(_WHY.get(update.detail, _("The charger reported %(word)s."))) % facts


_WHY = {
    "DownloadFailed": _("The charger could not fetch the file: check the link, its free space, the certificate."),
    "InvalidSignature": _("The charger refused the file: its signature is not valid."),
    "InstallationFailed": _("The charger refused the image and is still on %(version)s."),
    "InstallVerificationFailed": _("The charger refused the image and is still on %(version)s."),
    "Refused": _("The charger refused the request."),
    "NoNews": _("No news for a day: ask the charger for its state."),
    "OtherVersion": _("The charger came back with %(version)s, not with the version expected."),
}
