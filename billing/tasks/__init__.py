"""What billing does by itself; cms/celery.py says when. Each task may be killed at any line: what it left undone, the next run
finds. Never one task per session: an announcement names many."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import islice

from celery import shared_task
from django.utils import timezone

from accounts.models import Operator
from billing.services.charges import assurance, rating
from billing.services.invoicing import closing
from billing.services.prices import session_prices

from .month_end import (
    expire_exports,
    look_at_months,
    mail_host_statements,
    resume_exports,
    run_export,
    tell_export_ended,
)
from .payments import collect, collect_due, collect_owed, finish_payment_steps

__all__ = [
    "collect",
    "collect_due",
    "collect_owed",
    "expire_exports",
    "finish_payment_steps",
    "look_at_months",
    "mail_host_statements",
    "resume_exports",
    "run_export",
    "tell_export_ended",
]

logger = logging.getLogger(__name__)

_LATE = timedelta(days=2)  # a reading later than this is found by the monthly check of `manage.py rerate --verify`


@shared_task
def keep_prices(ids: Sequence[int]) -> int:
    """Behind `session_started`; what gets lost is made up for at rating."""
    return session_prices.keep(session_ids=ids)


@shared_task
def rate_sessions(ids: Sequence[int]) -> int:
    """Behind `session_ended`."""
    return _rate(ids)


@shared_task
def rate_unrated() -> int:
    """The sweep behind it: every ended session without a CDR."""
    return _swept(lambda after: rating.unrated(after=after))


@shared_task
def rate_changed() -> int:
    """Sessions that learned something after they were rated: a credit CDR and a new one."""
    since = timezone.now() - _LATE
    return _swept(lambda after: rating.changed(since=since, after=after))


@shared_task
def issue_monthly_invoices() -> int:
    """Every night, though there is work on the 1st only: a night that was missed is made up for."""
    issued = 0
    for operator in Operator.objects.order_by("pk"):
        try:
            issued += closing.monthly(operator=operator)
        except Exception:
            logger.exception("invoice run failed operator=%s", operator.slug)
    return issued


@shared_task
def keep_assurance() -> None:
    """Every hour: the last run of a day stays as that day's."""
    for operator in Operator.objects.order_by("pk"):
        try:
            assurance.snapshot(operator=operator)
        except Exception:
            logger.exception("assurance snapshot failed operator=%s", operator.slug)


def _swept(find: Callable[[int], list[int]]) -> int:
    made, after = 0, 0
    while ids := find(after):
        made += _rate(ids)
        after = ids[-1]
    return made


def _rate(ids: Iterable[int]) -> int:
    """In chunks; where one fails, its sessions one by one, so that a single broken one does not keep the others unpaid."""
    waiting, made = iter(ids), 0
    while chunk := list(islice(waiting, rating.CHUNK)):
        try:
            made += rating.rate_many(chunk)
        except Exception:
            logger.exception("rating failed sessions=%s…%s, one by one now", chunk[0], chunk[-1])
            made += sum(_rate_alone(pk) for pk in chunk)
    return made


def _rate_alone(pk: int) -> int:
    try:
        return rating.rate_many([pk])
    except Exception:
        logger.exception("rating failed session=%s", pk)
        return 0
