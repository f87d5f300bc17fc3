"""A job is worked off: claimed, written with progress, kept with its checksum, or failed.

It is claimed by a conditional update that counts its attempts up; only the worker of the last attempt may write. One that was
killed is found by `resume`, which lets the next worker begin again: the file is whole or not there.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from tempfile import TemporaryFile
from typing import IO
from zoneinfo import ZoneInfo

from django.core.files import File
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import signals
from billing.exports import kinds, presets, writers
from billing.exports.kinds import Ask, Kind, Summary
from billing.models import Export
from billing.selectors import months
from cms.core.csv_dialect import Cell
from cms.core.errors import DomainError

KEPT = timedelta(days=30)
SILENT = timedelta(minutes=5)  # a worker says that it lives every second: one that has not for so long was killed
MOST_ATTEMPTS = 5
_BEAT_S = 1.0


def run(export_id: int) -> bool:
    """Claims a waiting job and writes its file. False where there was nothing to do: claimed, cancelled or done before.

    What makes no sense ends it as failed; a bug is raised, and the task says so with `failed` (else the sweep tries again).
    """
    now = timezone.now()
    waiting = Export.objects.filter(pk=export_id, state=Export.State.QUEUED)
    if not waiting.update(
        state=Export.State.RUNNING, attempt=F("attempt") + 1, started_at=now, beat_at=now, done=0, error=""
    ):
        return False
    export = Export.objects.select_related("operator", "by").get(pk=export_id)
    try:
        _write(export)
    except _Stopped:
        return False
    except DomainError as error:
        failed(export_id=export_id, attempt=export.attempt, text=error.text)
        return False
    return True


def failed(*, export_id: int, attempt: int | None = None, text: str = "") -> None:
    mine = Export.objects.filter(pk=export_id, state=Export.State.RUNNING)
    if attempt is not None:
        mine = mine.filter(attempt=attempt)
    mine.update(
        state=Export.State.FAILED,
        finished_at=timezone.now(),
        error=text or _("Something went wrong on our side. Try again; it was written down."),
    )
    _ended(export_id)


def resume() -> list[int]:
    """The sweep: jobs whose announcement was lost, and those whose worker was killed, as ids to run. One that kills its worker
    again and again is given up."""
    silent = timezone.now() - SILENT
    lost = Export.objects.filter(state=Export.State.RUNNING, beat_at__lt=silent)
    lost.filter(attempt__gte=MOST_ATTEMPTS).update(
        state=Export.State.FAILED, finished_at=timezone.now(), error=_("It was interrupted again and again.")
    )
    lost.update(state=Export.State.QUEUED)
    waiting = Export.objects.filter(state=Export.State.QUEUED, updated_at__lt=silent)
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:100])


class _Stopped(Exception):
    """Cancelled, or another worker has taken over."""


def _write(export: Export) -> None:
    kind = kinds.of(export.kind)
    preset = presets.of(kind, export.preset)
    ask = asked(export, utc=preset.machine)
    total = kind.count(ask) if kind.count else None
    beat = _Beat(export, total)
    beat.now(0)
    summary = kind.sums(ask) if kind.sums else None
    with TemporaryFile() as written:
        rows = writers.write(_heard(kind, summary), preset, ask, written, beat)
        beat.now(rows)
        said = summary.text() if summary else ""
        _keep(export, written, f"{kind.stem(ask)}.{preset.suffix}", rows, said)


def _heard(kind: Kind, summary: Summary | None) -> Kind:
    """The kind whose rows the summary hears."""
    if summary is None or kind.rows is None:
        return kind
    rows = kind.rows

    def told(ask: Ask) -> Iterator[Sequence[Cell]]:
        for row in rows(ask):
            summary.take(row)
            yield row

    return replace(kind, rows=told)


def asked(export: Export, *, utc: bool = False) -> Ask:
    zone = ZoneInfo("UTC") if utc else months.zone(export.operator)
    return Ask(export.operator, json.loads(export.params), export.language, zone, export.by)


class _Beat:
    """Says how far it is, about once a second; raises _Stopped where the job is not ours any more."""

    def __init__(self, export: Export, total: int | None) -> None:
        self._mine = Export.objects.filter(pk=export.pk, state=Export.State.RUNNING, attempt=export.attempt)
        self._total, self._next = total, 0.0

    def __call__(self, done: int) -> None:
        if (at := time.monotonic()) >= self._next:
            self._next = at + _BEAT_S
            self.now(done)

    def now(self, done: int) -> None:
        known = (
            None if self._total is None else max(self._total, done)
        )  # one line per VAT rate: more rows than were counted
        if not self._mine.update(done=done, total=known, beat_at=timezone.now()):
            raise _Stopped


def _keep(export: Export, written: IO[bytes], name: str, rows: int, summary: str) -> None:
    digest, size = _digest(written)
    storage_name = f"{secrets.token_hex(8)}-{name}"
    export.file.save(storage_name, File(written), save=False)
    now = timezone.now()
    mine = Export.objects.filter(pk=export.pk, state=Export.State.RUNNING, attempt=export.attempt)
    kept = mine.update(
        state=Export.State.DONE,
        file=export.file.name,
        name=name,
        rows=rows,
        done=rows,
        total=rows,
        sha256=digest,
        size=size,
        summary=summary,
        finished_at=now,
        expires_at=now + KEPT,
    )
    if not kept:
        export.file.delete(save=False)
        raise _Stopped
    _ended(export.pk)


def _digest(written: IO[bytes]) -> tuple[str, int]:
    written.seek(0)
    digest = hashlib.file_digest(written, "sha256").hexdigest()  # type: ignore[arg-type]  # a real file
    size = written.tell()
    written.seek(0)
    return digest, size


def _ended(export_id: int) -> None:
    transaction.on_commit(partial(signals.export_ended.send_robust, sender=Export, ids=[export_id]), robust=True)
