"""What the Sistema di Interscambio answers, taken in: one file or many, plain or zipped, as often as somebody uploads them.

Each file is a transaction of its own: a broken one among them is named and keeps no other from counting.
"""

import hashlib
import io
import json
import logging
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Operator
from billing.documents.fatturapa import notices, read
from billing.models import EInvoice, SdiNotification
from billing.services.invoicing.issuing import Actor
from cms.core.errors import Invalid

logger = logging.getLogger(__name__)

MOST_FILES = 2000
MOST_BYTES = 1_000_000  # of one message; they have some ten thousand
MOST_ZIP = 50_000_000  # unpacked


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file: its notification (`known`: it had come before), or why not."""

    name: str
    notification: SdiNotification | None = None
    known: bool = False
    error: str = ""


def receive(*, operator: Operator, files: Sequence[tuple[str, bytes]], by: Actor) -> list[Taken]:
    """`files`: names and contents. Raises Forbidden, and Invalid where there is nothing or far too much."""
    if by is not None:
        access.demand(by, "invoice.issue", operator)
    if not files:
        raise Invalid({"files": [_("Choose the files that the SdI or your intermediary sent.")]})
    return [_take(operator, name, data, error) for name, data, error in _unpacked(files)]


def _unpacked(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes, str]]:
    """Name, content, and why it cannot be read. Zips in zips are left alone."""
    count = 0
    for name, data in files:
        for entry in _opened(name, data) if zipfile.is_zipfile(io.BytesIO(data)) else [(name, data, "")]:
            count += 1
            if count > MOST_FILES:
                raise Invalid({"files": [_("At most %(most)s files at once.") % {"most": MOST_FILES}]})
            yield entry


def _opened(name: str, data: bytes) -> Iterator[tuple[str, bytes, str]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _BROKEN as broken:
        yield name, b"", _("It cannot be unpacked: %(why)s") % {"why": broken}
        return
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_noise(entry.filename)]
        if sum(entry.file_size for entry in entries) > MOST_ZIP:
            raise Invalid({"files": [_("%(name)s is too large when it is unpacked.") % {"name": name}]})
        for entry in entries:
            try:
                with archive.open(entry) as opened:
                    yield entry.filename, opened.read(MOST_BYTES + 1), ""
            except _BROKEN as broken:
                yield entry.filename, b"", _("It cannot be unpacked: %(why)s") % {"why": broken}


_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)  # damaged, odd, or with a password


def _is_noise(name: str) -> bool:
    """What operating systems put into archives by themselves."""
    return name.startswith("__MACOSX/") or name.endswith((".DS_Store", "Thumbs.db"))


def _take(operator: Operator, name: str, data: bytes, error: str) -> Taken:
    if error:
        return Taken(name, error=error)
    if len(data) > MOST_BYTES:
        return Taken(name, error=_("It is too large for a message of the SdI."))
    try:
        notice = notices.notice(data)
    except notices.NotForUs as other:
        return Taken(name, error=_("It is no answer to an invoice that was sent (%(kind)s).") % {"kind": other})
    except read.Unreadable:
        return Taken(name, error=_("It is no message of the SdI that can be read."))
    return _keep(operator, name, data, notice)


@transaction.atomic
def _keep(operator: Operator, name: str, data: bytes, notice: notices.Notice) -> Taken:
    file = EInvoice.objects.select_for_update().filter(operator=operator, file_name=notice.file_name).first()
    if file is None:
        return Taken(name, error=_("We never sent a file %(file)s.") % {"file": notice.file_name})
    digest = hashlib.sha256(data).hexdigest()
    before = SdiNotification.objects.filter(operator=operator, sha256=digest).first()
    if before:
        return Taken(name, before, known=True)
    try:
        with transaction.atomic():
            kept = SdiNotification.objects.create(
                operator=operator,
                einvoice=file,
                kind=notice.kind,
                sdi_id=notice.sdi_id[:40],
                file_name=name.rpartition("/")[2][:100],
                outcome=notice.outcome[:4],
                said=_said(notice),
                raw=data,
                sha256=digest,
            )
    except IntegrityError:  # the same upload in two tabs
        return Taken(name, SdiNotification.objects.get(operator=operator, sha256=digest), known=True)
    _move(file)
    return Taken(name, kept)


def _said(notice: notices.Notice) -> str:
    told = {
        "errors": [{"code": code, "text": text} for code, text in notice.errors],
        "recipient": notice.recipient,
        "note": notice.note,
        "at": notice.at,
    }
    return json.dumps(told, ensure_ascii=False)


def _move(file: EInvoice) -> None:
    """To what all its messages together say; the order they came in does not matter."""
    state = notices.state(file.notifications.values_list("kind", "outcome"))
    if state and state != file.state:
        EInvoice.objects.filter(pk=file.pk, state=file.state).update(state=state, state_at=timezone.now())
        logger.info("e-invoice moved file=%s state=%s", file.file_name, state)
