"""Log files asked of a station: GetDiagnostics (1.6 §5.8), GetLog (2.0.1 N01). It uploads to our own receiver, to an address that
holds a one-time token; the file is kept as it came, under a name of our own, and never unpacked."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from tempfile import NamedTemporaryFile

from django.conf import settings
from django.core.files import File
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User
from cms.core.errors import Conflict, Invalid, NotFound
from stations.models import ChargingStation, LogRequest
from stations.services import announce, commands
from stations.vocabulary.commands import GetLog
from stations.vocabulary.events import LogStatusReported

Status = LogRequest.Status
OPEN = (Status.REQUESTED, Status.UPLOADING)
OPEN_FOR = timedelta(hours=6)
LARGEST = 100 * 1024 * 1024  # bytes
PATH = "/uploads/"

# What the station says → how far it is. Idle says nothing.
_PHASES = {
    "Uploading": Status.UPLOADING,
    "Uploaded": Status.UPLOADING,  # received is what has arrived here
    "UploadFailed": Status.FAILED,
    "UploadFailure": Status.FAILED,
    "BadMessage": Status.FAILED,
    "PermissionDenied": Status.FAILED,
    "NotSupportedOperation": Status.FAILED,
    "AcceptedCanceled": Status.FAILED,
}


@transaction.atomic
def request(
    *,
    station: ChargingStation,
    by: User | ApiKey | None,
    since: datetime | None = None,
    until: datetime | None = None,
    log_type: str = "DiagnosticsLog",
) -> LogRequest:
    """Asks for the log of a span of time. Raises Conflict station_offline, not_supported."""
    number, token = commands.request_number(), uuid.uuid4()
    url = f"{settings.PUBLIC_URL.rstrip('/')}{PATH}{token}/"
    command = commands.request(station=station, command=GetLog(url, number, since, until, log_type), by=by)
    return LogRequest.objects.create(
        station=station, request_id=number, token=token, command=command, expires_at=timezone.now() + OPEN_FOR
    )


def reported(events: Sequence[LogStatusReported]) -> None:
    """Moves the station's open request forward (1.6 names none: its latest); what nobody asked for is only in the journal."""
    told = [event for event in events if event.status in _PHASES]
    if not told:
        return
    open_requests = LogRequest.objects.filter(station__in={event.station.id for event in told}, status__in=OPEN)
    latest = {each.station_id: each for each in open_requests.order_by("id")}
    by_number = {(each.station_id, each.request_id): each for each in open_requests}
    for event in told:
        log = by_number.get((event.station.id, event.request_id)) if event.request_id else latest.get(event.station.id)
        if log and log.status in OPEN:
            log.status, log.detail = _PHASES[event.status], event.status
            log.completed_at = event.received_at if log.status == Status.FAILED else None
            log.save(update_fields=["status", "detail", "completed_at", "updated_at"])
            announce.job(station_id=log.station_id)


def answered(*, command: int, file_name: str, nothing: bool) -> None:
    """The station named its file, or has nothing to upload."""
    asked = LogRequest.objects.filter(command=command, status__in=OPEN)
    asked.update(file_name=file_name[:255])
    if nothing:
        _fail(asked, "Nothing")


def refused(command_ids: Collection[int]) -> None:
    """The station said no, or nothing."""
    _fail(LogRequest.objects.filter(command__in=command_ids, status__in=OPEN), "Refused")


def give_up(*, now: datetime) -> int:
    """Sweep: requests whose address has expired. Returns how many."""
    return _fail(LogRequest.objects.filter(status__in=OPEN, expires_at__lt=now), "NoNews")


def _fail(requests: models.QuerySet[LogRequest], detail: str) -> int:
    failed = dict(requests.values_list("id", "station_id"))
    now = timezone.now()
    LogRequest.objects.filter(id__in=failed, status__in=OPEN).update(
        status=Status.FAILED, detail=detail, completed_at=now, updated_at=now
    )
    for station in failed.values():
        announce.job(station_id=station)
    return len(failed)


# ---- the receiver ------------------------------------------------------------------------------------------------


def expected(token: uuid.UUID) -> LogRequest:
    """The request that waits for this upload. Raises NotFound for an unknown or expired token, Conflict once it was used."""
    log = LogRequest.objects.filter(token=token, expires_at__gte=timezone.now()).first()
    if log is None:
        raise NotFound(str(_("Nothing is expected at this address.")))
    if log.status == Status.UPLOADED:
        raise Conflict(str(_("This address has been used.")), code="already_received")
    return log


def receive(*, log: LogRequest, name: str, chunks: Iterable[bytes]) -> LogRequest:
    """Keeps an upload as it streams in. A broken one may be sent again until the address expires; the first whole one stays.

    Raises Invalid where it is empty or larger than LARGEST, Conflict where another upload was faster.
    """
    with NamedTemporaryFile(prefix="upload-") as body:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > LARGEST:
                raise Invalid({"file": [str(_("The file is too large."))]}, code="too_large")
            body.write(chunk)
        if not size:
            raise Invalid({"file": [str(_("The file is empty."))]}, code="empty")
        body.seek(0)
        return _keep(log, name, size, File(body))


def _keep(log: LogRequest, name: str, size: int, body: File) -> LogRequest:
    log.file.save(f"{uuid.uuid4().hex}.log", body, save=False)
    now = timezone.now()
    with transaction.atomic():
        unreceived = LogRequest.objects.filter(pk=log.pk).exclude(status=Status.UPLOADED)
        kept = unreceived.update(
            status=Status.UPLOADED,
            detail="",
            file=log.file.name,
            file_name=(name or log.file_name)[:255],
            size=size,
            completed_at=now,
            updated_at=now,
        )
        if kept:
            announce.job(station_id=log.station_id)
    if not kept:
        log.file.delete(save=False)
        raise Conflict(str(_("This address has been used.")), code="already_received")
    log.refresh_from_db()
    return log


def retire(*, before: datetime) -> int:
    """Sweep: removes files received before that time, with their rows. Returns how many."""
    old = LogRequest.objects.filter(created_at__lt=before)
    for log in old:
        if log.file:
            log.file.delete(save=False)
        log.delete()
    return len(old)


def describe(log: LogRequest) -> str:
    """One sentence: how far it is, and what went wrong."""
    if log.status != Status.FAILED:
        return str(log.get_status_display())
    return str(_WHY.get(log.detail, _("The charger reported %(word)s."))) % {"word": log.detail}


_WHY = {
    "UploadFailed": _("The charger could not upload: can it reach this server?"),
    "UploadFailure": _("The charger could not upload: can it reach this server?"),
    "PermissionDenied": _("The charger was not allowed to upload: the address was used or has expired."),
    "NotSupportedOperation": _("The charger cannot upload over HTTP."),
    "AcceptedCanceled": _("Replaced by a later request."),
    "Nothing": _("The charger has nothing to upload."),
    "Refused": _("The charger refused the request."),
    "NoNews": _("No upload arrived in time."),
}
