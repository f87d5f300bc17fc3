"""E-invoices handed over: zips for the intermediary, who signs where needed and sends them, and zips for the archive."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from typing import IO

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Operator, User
from billing.models import EInvoice, EInvoiceBatch
from billing.services.invoicing.issuing import Actor
from cms.core.errors import Conflict

CHUNK = 200
_THEN = (1980, 1, 1, 0, 0, 0)  # zips of the same files are the same to the byte


@transaction.atomic
def hand_over(*, operator: Operator, by: Actor, only: Sequence[int] | None = None) -> EInvoiceBatch:
    """A zip of everything that is ready (or of `only`, by primary key). Raises Forbidden, Conflict(nothing_ready)."""
    if by is not None:
        access.demand(by, "invoice.issue", operator)
    waiting = EInvoice.objects.select_for_update(of=("self",)).filter(operator=operator, state=EInvoice.State.READY)
    files = list((waiting if only is None else waiting.filter(pk__in=only)).order_by("pk"))
    if not files:
        raise Conflict(_("No e-invoice waits to be sent."), code="nothing_ready")
    now = timezone.now()
    batch = EInvoiceBatch.objects.create(
        operator=operator,
        name=_batch_name(operator, files),
        files=len(files),
        sha256=hashlib.sha256(_zipped(files)).hexdigest(),
        created_by=by if isinstance(by, User) else None,
    )
    EInvoice.objects.filter(pk__in=[file.pk for file in files], state=EInvoice.State.READY).update(
        state=EInvoice.State.HANDED, batch=batch, state_at=now
    )
    return batch


def zip_of(batch: EInvoiceBatch) -> bytes:
    """The same bytes as when it was handed over (`batch.sha256`)."""
    return _zipped(batch.einvoices.order_by("pk"))


def zip_of_days(operator: Operator, first: date, until: date, *, out: IO[bytes], step: Callable[[int], None]) -> int:
    """All files of the documents dated from `first` to before `until`, for the archive; hands nothing over. `step` is told how
    many are in it so far. Returns how many there are."""
    count = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in of_days(operator, first, until).iterator(CHUNK):
            _put(archive, file)
            count += 1
            step(count)
    return count


def of_days(operator: Operator, first: date, until: date) -> QuerySet[EInvoice]:
    return EInvoice.objects.filter(
        operator=operator, invoice__issued_on__gte=first, invoice__issued_on__lt=until
    ).order_by("pk")


def _zipped(files: Sequence[EInvoice] | QuerySet[EInvoice]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            _put(archive, file)
    return out.getvalue()


def _put(archive: zipfile.ZipFile, file: EInvoice) -> None:
    archive.writestr(zipfile.ZipInfo(file.file_name, _THEN), bytes(file.xml), zipfile.ZIP_DEFLATED)


def _batch_name(operator: Operator, files: Sequence[EInvoice]) -> str:
    first, last = files[0].file_name.removesuffix(".xml"), files[-1].file_name.removesuffix(".xml")
    return f"{first}-{last.rpartition('_')[2]}.zip" if first != last else f"{first}.zip"
