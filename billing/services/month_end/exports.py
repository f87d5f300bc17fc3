"""Files as jobs: started, cancelled, tried again, told of, taken, kept for thirty days. `writing` works them off."""

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import IO, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Operator, User
from accounts.notifications import once, send
from billing import signals
from billing.exports import kinds, presets
from billing.exports.kinds import Kind
from billing.models import Export
from billing.services.month_end import writing
from cms.core.errors import Conflict, NotFound

logger = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=1)  # after so long people look elsewhere
SMALL = 2_000  # rows that are written while the person waits

_UNDER_WAY = (Export.State.QUEUED, Export.State.RUNNING)


def start(
    *,
    operator: Operator,
    kind: str,
    params: Mapping[str, str],
    preset: str = "",
    by: User | None,
    language: str = "",
    small_at_once: bool = False,
) -> Export:
    """Asked twice while it is under way, it is the same job. With `small_at_once` a short list is written before this returns.

    Raises Invalid for an unknown kind, preset or params; Forbidden.
    """
    wanted = kinds.of(kind)
    if by is not None:
        access.demand(by, wanted.permission, operator)
    written = presets.of(wanted, preset)
    facts = {
        "operator": operator,
        "by": by,
        "kind": wanted.name,
        "params": json.dumps(wanted.clean(operator, params), sort_keys=True, ensure_ascii=False),
        "preset": written.name,
        "language": (written.language or language or get_language() or operator.language)[:5],
    }
    if same := Export.objects.filter(**facts, state__in=_UNDER_WAY).order_by("-pk").first():
        return same
    export = Export.objects.create(**facts)
    if small_at_once and _is_small(wanted, export):
        writing.run(export.pk)
        export.refresh_from_db()
        seen(exports=Export.objects.filter(pk=export.pk), by=by)
    else:
        _announce(export.pk)
    return export


def opened(*, export: Export) -> IO[bytes]:
    """The file, if it is still the one that was written. Raises NotFound before it is written and after it has expired; Conflict
    file_changed where it has another checksum: nobody is to book what is not ours."""
    try:
        content = export.file.open("rb") if export.file else None
    except FileNotFoundError:
        content = None
    if content is None:
        raise NotFound(_("The file is not there."))
    if hashlib.file_digest(content, "sha256").hexdigest() != export.sha256:
        content.close()
        logger.error("export changed on disk export=%s", export.pk)
        raise Conflict(_("The file is not the one that was written: make it again."), code="file_changed")
    content.seek(0)
    return content


def seen(*, exports: QuerySet[Export], by: User | None) -> None:
    """The own ones that have ended are no news any more."""
    if by is not None:
        exports.filter(by=by, finished_at__isnull=False, seen_at=None).update(seen_at=timezone.now())


def cancel(*, export: Export, by: User) -> None:
    """Raises Forbidden; Conflict(export_finished) where there is nothing left to stop."""
    _demand(export, by)
    running = Export.objects.filter(pk=export.pk, state__in=_UNDER_WAY)
    if not running.update(state=Export.State.CANCELLED, finished_at=timezone.now()):
        raise Conflict(_("It has ended already."), code="export_finished")


def retry(*, export: Export, by: User) -> None:
    """Once more with the same question: what failed, was cancelled, or whose file is gone. Raises Forbidden, Conflict(export_under_way)."""
    _demand(export, by)
    ended = Export.objects.filter(pk=export.pk).exclude(state__in=_UNDER_WAY)
    if not _is_changed(export):
        ended = ended.filter(file="")
    if not ended.update(state=Export.State.QUEUED, done=0, error="", finished_at=None, seen_at=None, attempt=0):
        raise Conflict(_("It is under way, or its file is there."), code="export_under_way")
    _announce(export.pk)


def tell(*, export_id: int) -> bool:
    """A mail to who asked, where the file took so long that he has gone on to something else. Raises Unavailable."""
    export = Export.objects.select_related("operator", "by").get(pk=export_id)
    ended = export.state in (Export.State.DONE, Export.State.FAILED) and export.finished_at is not None
    if export.by is None or not ended or export.finished_at - export.created_at < PATIENCE:  # type: ignore[operator]
        return False
    done, title = export.state == Export.State.DONE, kinds.of(export.kind).title
    link = f"{settings.PUBLIC_URL}{reverse('export_file', args=[export.pk]) if done else reverse('jobs')}"

    def deliver() -> None:
        facts = {"export": export, "title": title, "done": done, "link": link}
        send.to_user(user=person, name="emails/export_ended", facts=facts, language=export.operator.language)

    person = export.by
    return once.send(key=f"export:{export.pk}:{export.attempt}", to=person.email, deliver=deliver)


def expire() -> int:
    """Deletes files whose time is over. The history stays."""
    gone = 0
    for export in Export.objects.filter(expires_at__lt=timezone.now()).exclude(file="").order_by("pk")[:1000]:
        export.file.delete(save=False)
        gone += Export.objects.filter(pk=export.pk).update(file="")
    return gone


def _is_changed(export: Export) -> bool:
    try:
        with opened(export=export):
            return False
    except (NotFound, Conflict):
        return bool(export.file)


def _is_small(kind: Kind, export: Export) -> bool:
    return kind.count is not None and kind.count(writing.asked(export)) <= kind.small


def _demand(export: Export, by: User) -> None:
    access.demand(by, kinds.of(export.kind).permission, export)


def _announce(export_id: int) -> None:
    transaction.on_commit(partial(signals.export_asked.send_robust, sender=Export, ids=[export_id]), robust=True)


class Moving(NamedTuple):
    """Steps a second, and seconds left at that rate."""

    speed: float
    seconds_left: int


def rate(export: Export, now: datetime | None = None) -> Moving | None:
    """Of a running job; None where nobody can say yet."""
    if export.state != Export.State.RUNNING or not (export.started_at and export.total and export.done):
        return None
    elapsed = ((now or timezone.now()) - export.started_at).total_seconds()
    if elapsed < 1:
        return None
    speed = export.done / elapsed
    return Moving(speed, round((export.total - export.done) / speed))
