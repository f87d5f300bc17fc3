"""What this room does by itself: sweeps, each of which may be killed at any line and simply runs again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from stations.diagnostics import faults, firmware, logs
from stations.services import gateways, journal, outcomes, provisioning, strangers

UPLOADS_KEPT = timedelta(days=365)
ARCHIVED_KEPT = timedelta(days=1)
ROWS_AT_ONCE = 200  # so that nobody waits long for SQLite's one writer
ROWS_PER_RUN = 500_000


@shared_task
def expire_commands() -> int:
    """Ends commands that nobody answers any more, and wakes outboxes that missed their bell."""
    return outcomes.expire(now=timezone.now())


@shared_task
def close_dead_gateways() -> int:
    return gateways.close_dead(now=timezone.now())


@shared_task
def find_faults() -> int:
    return faults.find(now=timezone.now())


@shared_task
def give_up_jobs() -> int:
    """Log requests and firmware updates of which nothing was heard."""
    now = timezone.now()
    return logs.give_up(now=now) + firmware.give_up(now=now)


@shared_task
def retire_frames() -> int:
    before = timezone.now() - timedelta(days=settings.FRAME_RETENTION_DAYS)
    return _in_slices(partial(journal.retire, before=before, at_once=ROWS_AT_ONCE))


@shared_task
def retire_the_rest() -> int:
    """Old uploads, strangers that knock no more, removed stations that nothing refers to."""
    now: datetime = timezone.now()
    gone = logs.retire(before=now - UPLOADS_KEPT)
    gone += strangers.retire(before=now - strangers.KEPT_FOR)
    return gone + provisioning.purge(before=now - ARCHIVED_KEPT)


def _in_slices(work: Callable[[], int]) -> int:
    done = 0
    while done < ROWS_PER_RUN and (more := work()):
        done += more
    return done
